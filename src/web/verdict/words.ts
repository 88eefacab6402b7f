/**
 * A verdict for a first-time reader: three outcomes, one sentence each, and what was proved and what was not, as
 * short statements. What is said here is what the verifier found; nothing is judged again.
 */

import type { Bundle } from "../../verify/bundle.ts";
import { chainName } from "../../verify/explorers.ts";
import type { Step, StepName, Verdict } from "../../verify/verdict.ts";
import { formatCount, formatTime } from "../parts/format.ts";
import type { MarkKind } from "../parts/mark.tsx";

/** What stands on top, in big letters. */
export type Headline = { readonly kind: MarkKind; readonly title: string; readonly sentence: string };

/** One thing that was proved, or was not. */
export type Claim = { readonly kind: MarkKind; readonly text: string };

/** An action or a name that has the form of one: any other text would speak in the page's own voice. */
const PLAIN = /^[\w.:/-]{1,80}$/;

/** What helps when the file names an anchor and nothing was given to check it by. */
export const NOT_ASKED = "Give a node to ask, or a block hash that you trust, to check it against a chain.";

const STEP_WORDS: Readonly<Record<StepName, string>> = {
  bundle: "Form of the file",
  members: "Members",
  entry: "Entry",
  leaf: "Leaf hash",
  path: "Path to the root",
  signature: "Signature",
  ledger: "Ledger",
  expected: "As you expected",
  consistency: "Anchored tree",
  state: "State proof",
  "trusted block": "Trusted block",
  chain: "Chain",
  contract: "Contract",
  block: "Block",
  transaction: "Transaction",
  root: "Root in the contract",
  signer: "Signer on chain",
  fork: "Forks",
  finality: "Finality",
  status: "State",
};

/** Name of a step for people. */
export function stepWord(name: StepName): string {
  return STEP_WORDS[name];
}

/** The step that failed; undefined when none did. */
export function failedStep({ steps }: Verdict): Step | undefined {
  return steps.find(({ state }) => state === "failed");
}

function whatOf({ event }: Verdict): string | undefined {
  const action = event?.action;
  return typeof action === "string" && PLAIN.test(action) ? `“${action}”` : undefined;
}

/** A ledger by its name, which whoever opened it chose; by its id when that is no name. */
function ledgerOf({ subject }: Verdict): string {
  const name = subject?.ledgerName ?? "";
  return `ledger ${PLAIN.test(name) ? `“${name}”` : subject?.ledgerId}`;
}

/**
 * @param bundle undefined when the text was none
 * @param isChainGiven whether the reader named anything by which an anchor can be checked
 */
export function headlineOf(verdict: Verdict, bundle: Bundle | undefined, isChainGiven: boolean): Headline {
  const { outcome, witness, subject } = verdict;
  if (outcome === "failed") {
    const step = failedStep(verdict);
    const name = step === undefined ? "Form of the file" : stepWord(step.name);
    const sentence = "Do not rely on this proof. It was changed, or it never was one.";
    return { kind: "bad", title: `FAILED at: ${name}`, sentence };
  }
  const entry = `Entry ${formatCount(subject?.index ?? 0)} of ${ledgerOf(verdict)}`;
  if (outcome === "undecided" && bundle?.anchors.length === 0) {
    const sentence = `${entry} is signed, but this file names no anchor. Get the proof again after the next one.`;
    return { kind: "wait", title: "Not anchored yet", sentence };
  }
  if (outcome === "undecided" && !isChainGiven) {
    const sentence = `${entry} is signed, and the file names an anchor. ${NOT_ASKED}`;
    return { kind: "wait", title: "Holds so far, not checked against a chain yet", sentence };
  }
  if (outcome === "undecided") {
    const sentence = `All that can be checked in the file holds. Its anchor was not checked: ${verdict.steps
      .filter((step) => step.state === "skipped" && step.name !== "status")
      .map((step) => step.detail)
      .join("; ")}.`;
    return { kind: "wait", title: "Could not tell yet", sentence };
  }
  if (witness === undefined) {
    const sentence = `${entry} is unchanged since ${subject?.signer} signed it. Whether a chain holds it was not asked here.`;
    return { kind: "half", title: "Holds, chain not asked", sentence };
  }
  const time = `${formatTime(witness.blockTime * 1000)} UTC`;
  const title = witness.isFinal ? "Verified" : "Verified, in a block that is not final yet";
  const what = `${whatOf(verdict) ?? "An event"}, entry ${formatCount(subject?.index ?? 0)}`;
  const who = `the ${ledgerOf(verdict)} that ${subject?.owner} opened`;
  const sentence = `${what} of ${who}, was recorded at ${time} at the latest, and not changed since. Whether it is true is not proved.`;
  return { kind: "good", title, sentence };
}

function count(members: number): string {
  return members === 1 ? "member" : `${members} members`;
}

/** What was proved: who, what, when at the latest. */
export function provedClaims(verdict: Verdict): Claim[] {
  const { subject, witness, shown, withheld } = verdict;
  if (subject === undefined) return [];
  const what = whatOf(verdict) ?? "an event";
  const rest = withheld === 0 ? "" : `; ${withheld} more ${withheld === 1 ? "is" : "are"} withheld`;
  // Who signs for a ledger is known from the contract alone.
  const isKnown = witness !== undefined && !witness.byTrustedBlock;
  const ledger = `the ledger that ${subject.owner} opened`;
  const who = isKnown ? `, a signer of ${ledger}, signed it.` : ` signed it, for ${ledger}.`;
  const claims: Claim[] = [
    { kind: "good", text: `What: ${what} was recorded with exactly the ${count(shown.length)} shown here${rest}.` },
    { kind: "good", text: `Who: ${subject.signer}${who}` },
  ];
  if (witness === undefined) {
    const said = `${formatTime(subject.signedAt * 1000)} UTC`;
    return [...claims, { kind: "wait", text: `When: only the signer says that it was at ${said}.` }];
  }
  const time = `${formatTime(witness.blockTime * 1000)} UTC`;
  const block = `block ${formatCount(witness.blockNumber)}`;
  // A block hash says nothing of the chain that it is on; that is then only what the file says.
  const place = witness.byTrustedBlock ? `${block}, whose hash you trust` : `${block} of ${chainName(witness.chainId)}`;
  return [...claims, { kind: "good", text: `When: at ${time} at the latest, the time of ${place}.` }];
}

/** What nobody can prove in this way. */
export const NEVER_PROVED: readonly Claim[] = [
  { kind: "none", text: "Whether the event is true: the ledger holds what its sender said." },
  { kind: "none", text: "Whether everything that happened was recorded." },
];

/** What the reader shall know besides, as the verifier found it. */
export function noteClaims({ notes }: Verdict): Claim[] {
  return notes.map((text) => ({ kind: "wait", text }));
}
