/** Every step of a verification with its mark and the values that were compared. */

import type { Step, Verdict } from "../../verify/verdict/verdict.ts";
import { MarkShape } from "../parts/mark.tsx";
import { stepWord } from "./verdict-text.ts";

const STATES = {
  passed: { kind: "good", word: "passed" },
  failed: { kind: "bad", word: "FAILED" },
  skipped: { kind: "none", word: "not checked" },
} as const;
const WARNING = { kind: "warn", word: "passed, beware" } as const;

const HEX = /(0x[0-9a-fA-F]{16,})/;

/** A sentence in which long hex values are set as code. */
export function Detail({ text }: { readonly text: string }) {
  const parts = text.split(HEX);
  // Parts alternate: text, value, text, …; the same value may stand in one sentence twice.
  return <>{parts.map((part, i) => (i % 2 === 1 ? <code key={`${i}:${part}`}>{part}</code> : part))}</>;
}

function Item({ step, several }: { readonly step: Step; readonly several: boolean }) {
  const { kind, word } = step.isWarning ? WARNING : STATES[step.state];
  return (
    <li class={step.state} data-step={step.name} data-state={step.state}>
      <span class={kind}>
        <MarkShape kind={kind} />
      </span>
      <span class="step-name">
        {stepWord(step.name)}
        {several && step.anchor !== undefined ? <span class="muted"> ({step.anchor + 1})</span> : null}
        <span class="unseen">, {word}</span>
      </span>
      <span class="step-detail">
        {step.state === "passed" ? null : <b>{word}: </b>}
        <Detail text={step.detail} />
      </span>
    </li>
  );
}

export function Steps({ verdict }: { readonly verdict: Verdict }) {
  const anchors = new Set(verdict.steps.map((step) => step.anchor)).size;
  return (
    <ol class="steps">
      {verdict.steps.map((step) => (
        <Item key={`${step.name}/${step.anchor}`} step={step} several={anchors > 2} />
      ))}
    </ol>
  );
}
