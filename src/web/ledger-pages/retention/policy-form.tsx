/** Putting a policy: its rules as JSON, or those of a preset to begin with; previewed first, and put only as it was previewed. */

import { useState } from "preact/hooks";
import { readJson } from "../../../json/read.ts";
import { Command } from "../../parts/command.tsx";
import { MarkShape } from "../../parts/mark.tsx";
import { ledgerPath } from "../client.ts";
import { ApiError } from "../frame/api-error.ts";
import { TextField } from "../frame/text-field.tsx";
import { Trouble } from "../frame/trouble.tsx";
import { useMay } from "../live/own-key.ts";
import { useSession } from "../session.tsx";
import { DueCounts } from "./due.tsx";
import { periodWords } from "./period-words.ts";
import {
  type DueAnswer,
  type PresetAnswer,
  type RetentionAnswer,
  type RetentionRuleAnswer,
  retentionHref,
} from "./retention-answers.ts";

const SECONDS_A_DAY = 86_400;
const EXAMPLE: readonly RetentionRuleAnswer[] = [{ name: "books", action: "payment.*", keepAtLeast: "P7Y" }];

type Props = {
  readonly ledger: string;
  readonly before: RetentionAnswer;
  readonly presets: readonly PresetAnswer[];
  readonly onDone: () => void;
};

/** Previewing and putting what a text says, one at a time. */
function usePutting({ ledger, before, onDone }: Props) {
  const { client } = useSession();
  // What others put meanwhile does not take the text away; the service then refuses to put it.
  const [first] = useState(before);
  const policy = first.waiting ?? first.inForce;
  const rules = policy?.rules ?? [];
  const [text, setText] = useState(spell(rules.length === 0 ? EXAMPLE : rules));
  const [reason, setReason] = useState("");
  const [previewed, setPreviewed] = useState<{ readonly text: string; readonly due: DueAnswer } | undefined>(undefined);
  const [error, setError] = useState<Error | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const due = previewed?.text === text ? previewed.due : undefined;
  const work = async (): Promise<void> => {
    const proposed = rulesIn(text);
    if (due === undefined) {
      const found = await client.post<DueAnswer>(ledgerPath(ledger, "/retention/preview"), { rules: proposed });
      return setPreviewed({ text, due: found });
    }
    const version = policy?.version ?? 0;
    await client.put(ledgerPath(ledger, "/retention"), { rules: proposed, reason: reason.trim(), version });
    onDone();
  };
  const submit = () => {
    setBusy(true);
    setError(undefined);
    work()
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return { text, setText, reason, setReason, due, error, busy, submit, delayS: first.delayS };
}

export function PolicyForm(props: Props) {
  const { ledger, presets } = props;
  const { text, setText, reason, setReason, due, error, busy, submit, delayS } = usePutting(props);
  const may = useMay("retentionWrite");
  const mayShorten = useMay("retentionShorten");
  const isPreviewed = due !== undefined;
  const isRefused = error instanceof ApiError && error.code === "role_insufficient" && !isPreviewed;
  if (may === false || isRefused) return <NotAllowed ledger={ledger} />;
  return (
    <section class="card stack tight wrapping">
      <h1>How long events are kept</h1>
      <p class="muted">
        All rules, as a list in JSON. An event goes when one of its rules lets it go and none keeps it longer.{" "}
        {delayWords(delayS)}
        {mayShorten === false ? ", and needs a key with the role privacy" : ""}.
      </p>
      <Presets presets={presets} onTake={(taken) => setText(spell(withRules(text, taken)))} />
      <form
        class="stack tight"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <div class="field">
          <label for="policy-text">Rules</label>
          <textarea
            id="policy-text"
            class="input rule-text"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </div>
        <TextField
          id="policy-reason"
          label="Why"
          value={reason}
          onValue={setReason}
          placeholder="our retention schedule, 2026"
          hint="It is recorded for ever, as an event of this ledger."
        />
        <Trouble error={error} />
        {due !== undefined ? (
          <section class="stack tight wrapping" aria-live="polite">
            <h2>If it were in force now</h2>
            <DueCounts due={due} />
          </section>
        ) : null}
        <p class="row">
          <button type="submit" class="button primary" disabled={busy || (isPreviewed && reason.trim() === "")}>
            {isPreviewed ? "Put it" : "Preview it"}
          </button>
          <a class="button" href={retentionHref(ledger)}>
            Leave it
          </a>
          <span class="muted small">
            {!isPreviewed ? "Nothing is changed by a preview." : reason.trim() === "" ? "It needs a reason." : ""}
          </span>
        </p>
      </form>
    </section>
  );
}

type PresetsProps = {
  readonly presets: readonly PresetAnswer[];
  readonly onTake: (rules: readonly RetentionRuleAnswer[]) => void;
};

function Presets({ presets, onTake }: PresetsProps) {
  return (
    <details>
      <summary>Begin with what a standard asks for</summary>
      <ul class="notes-list">
        {presets.map(({ id, title, paragraphs, asks, rules, doesNotSettle }) => (
          <li key={id}>
            <p>
              <b>{title}</b> <span class="muted">{paragraphs.join("; ")}</span>
            </p>
            <p>{asks}</p>
            <p class="muted small">It does not settle: {doesNotSettle.join("; ")}</p>
            <p>
              <button type="button" class="button small" onClick={() => onTake(rules)}>
                Take its rules<span class="unseen"> of {title}</span>
              </button>
            </p>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The rules of a text with others behind them; those of the same name are replaced. */
function withRules(text: string, more: readonly RetentionRuleAnswer[]): readonly RetentionRuleAnswer[] {
  const names = new Set(more.map(({ name }) => name));
  let before: readonly RetentionRuleAnswer[] = [];
  try {
    before = rulesIn(text);
  } catch {
    // What is no list of rules is replaced by one.
  }
  return [...before.filter(({ name }) => !names.has(name) && !isExample(name)), ...more];
}

const isExample = (name: string) => EXAMPLE.some((each) => each.name === name);

function spell(rules: readonly RetentionRuleAnswer[]): string {
  return JSON.stringify(rules, undefined, 2);
}

/** @throws Error that says what is wrong with the text */
function rulesIn(text: string): readonly RetentionRuleAnswer[] {
  let value: unknown;
  try {
    value = readJson(text);
  } catch (cause) {
    throw new Error(`Expected JSON, got a text that is none: ${(cause as Error).message}`);
  }
  if (Array.isArray(value)) return value as readonly RetentionRuleAnswer[];
  throw new Error("Expected a list of rules, got something else.");
}

function delayWords(delayS: number): string {
  if (delayS === 0) return "What shortens is in force at once";
  const words = delayS % SECONDS_A_DAY === 0 ? periodWords(`P${delayS / SECONDS_A_DAY}D`) : `${delayS} seconds`;
  return `What shortens waits ${words} before it is in force`;
}

function NotAllowed({ ledger }: { readonly ledger: string }) {
  return (
    <section class="card stack tight wrapping">
      <p class="note wait" role="alert">
        <span class="wait">
          <MarkShape kind="wait" />
        </span>
        <span>
          <b>You are signed in with a key that may not put a policy.</b> That needs an administrator’s or one for
          privacy. Sign in with one, or let whoever has one run this:
        </span>
      </p>
      <Command text={`npx holdfast retention set policy.json \\\n  --ledger ${ledger} --reason "…"`} />
      <p>
        <a class="button small" href={retentionHref(ledger)}>
          Back to retention
        </a>
      </p>
    </section>
  );
}
