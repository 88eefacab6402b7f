/**
 * What pages add to the words of a verdict (src/verify/verdict): names of steps, what would help where a verdict is
 * open, and what is never proved. Nothing is judged here.
 */

import type { SayingName } from "../../verify/verdict/table.ts";
import type { Step, StepName, Verdict } from "../../verify/verdict/verdict.ts";

/** What helps where a verdict is open, if something does. */
export type Ways = Readonly<Partial<Record<SayingName, string>>>;

/** In the words of verify.html's own fields. */
export const WAYS: Ways = {
  unasked: "Give a node to ask, or a block hash that you trust, to check it against a chain.",
  unvouched:
    "Give the signer that the ledger’s owner publishes; or, once it is anchored, a node to ask or a block hash.",
  developmentOnly: "If that is enough for you, say so below.",
};

const STEP_WORDS: Readonly<Record<StepName, string>> = {
  archive: "Form of the archive",
  report: "Form of the report",
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
export function failedStep({ steps }: Pick<Verdict, "steps">): Step | undefined {
  return steps.find(({ state }) => state === "failed");
}

/** The word of a verdict, and where it failed. */
export function titleOf(verdict: Verdict): string {
  const { cell, steps } = verdict;
  if (cell.outcome !== "failed") return cell.word;
  return `${cell.word} at: ${stepWord(failedStep({ steps })?.name ?? "bundle")}`;
}

/** What nobody can prove in this way. */
export const NEVER_PROVED: readonly string[] = [
  "Whether the event is true: the ledger holds what its sender said.",
  "Whether everything that happened was recorded.",
];
