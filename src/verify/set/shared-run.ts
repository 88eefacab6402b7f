/**
 * The entries of a shared proof, as their lines come. Each line is judged as the entry that it says it is, so that a line
 * that was taken out is missed by its index, and the others are not taken for one another.
 * Why: docs/decisions/0127.
 */

import { type Bundle, BundleError } from "../bundle/bundle.ts";
import type { EntryClaim } from "../verify.ts";
import { readSharedEntry, type SharedEntry, type SharedProof } from "./shared-proof.ts";

/** Entries that follow each other in a proof and whose lines are not there, and the line where they should have begun. */
export type Missing = { readonly line: number; readonly indexes: readonly number[] };

/** What a line has to prove, and the bundle in it. */
export type RunItem = { readonly claim: () => EntryClaim; readonly bundle: () => Bundle | undefined };

/** A member that a bundle has and the line of an entry has not; within a member's text its quotes would be escaped. */
const OF_BUNDLE = /"inclusion"\s*:/;
const OF_ENTRY = /"members"\s*:/;

/** Whether a line that is no shared proof is meant as the line of an entry. */
export function meansEntry(line: string): boolean {
  return OF_ENTRY.test(line) && !OF_BUNDLE.test(line);
}

export class SharedRun {
  readonly #proof: SharedProof;
  /** Positions in the proof whose lines have come. */
  readonly #seen = new Set<number>();
  /** Those of them whose lines say so themselves. */
  readonly #named = new Set<number>();
  /** Where the line of each position was passed over. */
  readonly #passed = new Map<number, number>();
  #next = 0;

  constructor(proof: SharedProof) {
    this.#proof = proof;
  }

  /** Whether the line of every entry has come. */
  get isComplete(): boolean {
    return this.#named.size === this.#proof.count;
  }

  /** Takes a line; undefined when it is a whole bundle, which is none of the run's. @param number of the line, from 1 */
  take(line: string, number: number): RunItem | undefined {
    if (OF_BUNDLE.test(line)) return undefined;
    const read = readOrRefuse(line);
    const found = read instanceof BundleError ? -1 : this.#proof.positionOf(read.index);
    // What cannot be read, or is of no entry of the proof, stands where the next one should.
    const position = found < 0 ? Math.min(this.#next, this.#proof.count - 1) : found;
    for (let at = this.#next; at < position; at++) this.#passed.set(at, number);
    this.#seen.add(position);
    if (found >= 0) this.#named.add(found);
    this.#next = Math.max(this.#next, position + 1);
    return { claim: this.#claimOf(position, read), bundle: this.#bundleOf(position, line) };
  }

  /** What has not come. @param number of the line at which the run ended */
  missing(number: number): Missing[] {
    const runs: { line: number; indexes: number[] }[] = [];
    let before = -2;
    for (let at = 0; at < this.#proof.count; at++) {
      if (this.#seen.has(at)) continue;
      const index = this.#proof.indexAt(at);
      if (at === before + 1) runs.at(-1)?.indexes.push(index);
      else runs.push({ line: this.#passed.get(at) ?? number, indexes: [index] });
      before = at;
    }
    return runs;
  }

  // Apart, so that a bundle that somebody keeps for later does not keep what was read with it.
  #claimOf(position: number, read: SharedEntry | BundleError): () => EntryClaim {
    return () => {
      if (read instanceof BundleError) throw read;
      return this.#proof.claim(position, read);
    };
  }

  #bundleOf(position: number, line: string): () => Bundle | undefined {
    const proof = this.#proof;
    return () => proof.bundle(position, line);
  }
}

/** What is missing, in words. */
export function describeMissing(indexes: readonly number[]): string {
  const [first] = indexes;
  if (indexes.length === 1) return `entry ${first} is missing: its line was taken out`;
  const last = indexes.at(-1) as number;
  const isGapless = last - (first as number) + 1 === indexes.length;
  const which = isGapless ? `entries ${first} to ${last}` : `${indexes.length} entries from ${first} to ${last}`;
  return `${which} are missing: their lines were taken out`;
}

function readOrRefuse(line: string): SharedEntry | BundleError {
  try {
    return readSharedEntry(line);
  } catch (error) {
    if (error instanceof BundleError) return error;
    throw error;
  }
}
