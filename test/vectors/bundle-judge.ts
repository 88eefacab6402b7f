/**
 * Judges vectors as `holdfast verify` judges files, in a thread of its own: a verifier that hangs can be ended there, and
 * the vector that it hangs at is known.
 */

import { writeFileSync } from "node:fs";
import { type MessagePort, parentPort, Worker, workerData } from "node:worker_threads";
import { judgeFile, type VerifyFlags, verifyOptionsOf } from "../../src/cli/verify.ts";
import type { VerifyOptions } from "../../src/verify/options.ts";
import {
  type Base,
  type BundleVectors,
  bytesOf,
  chainOf,
  type Finding,
  type Given,
  readBundleVectors,
  type Vector,
} from "./bundle-file.ts";

/** Not a measure of anything: what takes longer hangs. */
const BUDGET_MS = 60_000;

export type Found = Required<Pick<Finding, "outcome">> & { readonly step?: string; readonly line?: number };
type Question = { readonly at: number; readonly given: Asked };
type Answer = { readonly found: Found } | { readonly thrown: string };

/** The signers that a base names: to whoever is given no chain, somebody told them. */
export function signersIn({ text }: Base): string[] {
  const found = [...text.matchAll(/"signer"\s*:\s*"(0x[0-9a-fA-F]{40})"/g)].map(([, signer]) => signer as string);
  return [...new Set(found)];
}

/** As {@link Given}, and a reader who has nothing to go by at all. */
export type Asked = Given | "nothing";

/** Flags of the command for a vector. */
export function flagsOf(
  { bases }: Pick<BundleVectors, "bases">,
  { base, expected = {}, trustedBlocks }: Vector,
  given: Asked,
): VerifyFlags {
  const { signer, ...pins } = expected;
  const { block } = bases[base] as Base;
  const flags: VerifyFlags = { ...pins, signer: signer === undefined ? [] : [signer], finality: "finalized" };
  if (given === "chain") return { ...flags, requireChain: true };
  if (given === "block") return { ...flags, requireChain: true, blockHash: trustedBlocks ?? [block] };
  if (given === "nothing") return { ...pins, finality: "finalized", offline: true };
  return signer === undefined
    ? { ...flags, offline: true, signer: signersIn(bases[base] as Base) }
    : { ...flags, offline: true };
}

function optionsOf(file: BundleVectors, vector: Vector, given: Asked): VerifyOptions {
  const options = verifyOptionsOf(flagsOf(file, vector, given), {});
  return given === "chain" ? { ...options, chain: chainOf(file) } : options;
}

/** What the command says of a file. */
async function judge(path: string, options: VerifyOptions): Promise<Found> {
  const { kind, verdict } = await judgeFile(path, options);
  const { outcome } = verdict;
  if (outcome === "verified" || outcome === "undecided") return { outcome };
  // One without a sign of a proof is a proof that failed, in the terms of the vectors.
  if (outcome === "no-proof") return { outcome: "failed", step: "bundle" };
  if (kind === "bundle") return { outcome, step: verdict.steps.at(-1)?.name ?? "none" };
  const [problem] = verdict.problems;
  if (problem === undefined) return { outcome };
  return { outcome, line: problem.line, ...stepIn(problem.summary) };
}

/** The step that a problem's summary names. */
export function stepIn(summary: string): { readonly step?: string } {
  const step = /^FAILED at step "([^"]+)"/.exec(summary)?.[1];
  return step === undefined ? {} : { step };
}

/** Judges one vector after the other; {@link ask} rejects when one takes longer than anything may. */
export class Judge {
  readonly #worker: Worker;
  readonly #file: BundleVectors;

  constructor(file: BundleVectors, folder: string) {
    this.#file = file;
    this.#worker = new Worker(new URL(import.meta.url), { workerData: { folder } });
  }

  async ask(at: number, given: Asked): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const name = this.#file.vectors[at]?.name;
    const timer = setTimeout(() => reject(new Error(`"${name}" took more than ${BUDGET_MS} ms`)), BUDGET_MS);
    this.#worker.once("message", resolve).once("error", reject);
    this.#worker.postMessage({ at, given } satisfies Question);
    try {
      const answer = await promise;
      if ("thrown" in answer) throw new Error(`"${name}" threw: ${answer.thrown}`);
      return answer.found;
    } finally {
      clearTimeout(timer);
      this.#worker.removeAllListeners("message").removeAllListeners("error");
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}

function answerQuestions(port: MessagePort, folder: string): void {
  const file = readBundleVectors();
  const path = `${folder}/proof`;
  port.on("message", ({ at, given }: Question) => {
    const vector = file.vectors[at] as Vector;
    writeFileSync(path, bytesOf(file, vector));
    judge(path, optionsOf(file, vector, given)).then(
      (found) => port.postMessage({ found } satisfies Answer),
      (error: unknown) => port.postMessage({ thrown: String(error) } satisfies Answer),
    );
  });
}

if (parentPort !== null && typeof workerData?.folder === "string") answerQuestions(parentPort, workerData.folder);
