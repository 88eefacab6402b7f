/**
 * From a text and what the reader wants to go by, to a judgement: of one bundle, or of a set of them. The text is all
 * that is known; nobody is asked but the node whose address the reader typed.
 */

import type { Bundle } from "../../verify/bundle/bundle.ts";
import { bundleIn } from "../../verify/bundle/parse.ts";
import { type BundleSource, type SetVerdict, verifySet } from "../../verify/set/check-set.ts";
import { meansSet } from "../../verify/set/set.ts";
import type { Verdict } from "../../verify/verdict/verdict.ts";
import { verifyText, verifyUnreadable } from "../../verify/verify.ts";
import type { Proof } from "./proof.ts";
import { optionsOf, type Settings } from "./settings.ts";
import { breathing, countLines, linesOf } from "./text-lines.ts";

/** A bundle of a set that was judged; `line` from 1. */
export type SetRow = { readonly line: number; readonly bundle: BundleSource; readonly verdict: Verdict };

export type PageJudgement =
  | { readonly kind: "bundle"; readonly verdict: Verdict; readonly bundle: Bundle | undefined }
  | { readonly kind: "set"; readonly verdict: SetVerdict; readonly rows: readonly SetRow[] };

/**
 * Judges what came in.
 * @param settings that have no problems
 * @param onProgress is told how many lines of a set are done, and of how many
 * @throws AbortError when the signal stops it
 */
export async function judge(
  { text, problem }: Pick<Proof, "text" | "problem">,
  settings: Settings,
  signal: AbortSignal,
  onProgress: (done: number, all: number) => void,
): Promise<PageJudgement> {
  const options = optionsOf(settings);
  if (problem !== undefined) {
    return { kind: "bundle", verdict: await verifyUnreadable(text, problem, options), bundle: undefined };
  }
  const begin = linesOf(text);
  const first = begin.next().value ?? "";
  const second = begin.next().value ?? undefined;
  if (!meansSet(first, second)) {
    return { kind: "bundle", verdict: await verifyText(text, options), bundle: bundleIn(text) };
  }
  const rows: SetRow[] = [];
  const verdict = await verifySet(pacedLines(text, signal, onProgress), options, (each, line, bundle) => {
    rows.push({ line, bundle, verdict: each });
  });
  return { kind: "set", verdict, rows };
}

async function* pacedLines(
  text: string,
  signal: AbortSignal,
  onProgress: (done: number, all: number) => void,
): AsyncGenerator<string> {
  const all = await countLines(text, breathing(signal));
  let done = 0;
  const breathe = breathing(signal, () => onProgress(done, all));
  for (const line of linesOf(text)) {
    await breathe();
    yield line;
    done++;
  }
}
