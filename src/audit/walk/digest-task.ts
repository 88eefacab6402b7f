/** What goes to a thread that computes digests, and what comes back: some large pieces of memory, as copying many small ones costs more than hashing. */

import type { PackedEntry } from "../../entry/packed.ts";
import { HASH_LENGTH } from "../../merkle/hash.ts";
import type { Digest } from "../checks/check.ts";
import type { Digests } from "./digest.ts";

/** Entries whose members lie one after another; a length of -1 stands where there is none. */
export type DigestTask = {
  readonly members: Uint8Array<ArrayBuffer>;
  readonly lengths: Float64Array<ArrayBuffer>;
  readonly times: Float64Array<ArrayBuffer>;
};

export type DigestAnswer = {
  readonly leaves: Uint8Array<ArrayBuffer>;
  readonly withheld: Uint8Array<ArrayBuffer>;
  /** Of those that have one, in order: their places, names and keys. */
  readonly claiming: readonly number[];
  readonly ids: readonly string[];
  readonly keys: Uint8Array<ArrayBuffer>;
  /** Those whose values have no form. */
  readonly problems: readonly (readonly [place: number, problem: string])[];
};

export function packTask(entries: readonly (PackedEntry | undefined)[]): DigestTask {
  const size = entries.reduce((sum, entry) => sum + (entry?.members.length ?? 0), 0);
  const members = new Uint8Array(size);
  const lengths = new Float64Array(entries.length);
  const times = new Float64Array(entries.length);
  let at = 0;
  for (const [i, entry] of entries.entries()) {
    // Of one that was pruned there is nothing to compute.
    lengths[i] = entry === undefined || entry.pruned !== undefined ? -1 : entry.members.length;
    if (entry === undefined || entry.pruned !== undefined) continue;
    times[i] = entry.recordedAt;
    members.set(entry.members, at);
    at += entry.members.length;
  }
  return { members, lengths, times };
}

export function unpackTask({ members, lengths, times }: DigestTask): (PackedEntry | undefined)[] {
  const entries: (PackedEntry | undefined)[] = [];
  let at = 0;
  for (const [i, length] of lengths.entries()) {
    if (length < 0) {
      entries.push(undefined);
      continue;
    }
    entries.push({ recordedAt: times[i] as number, members: members.subarray(at, at + length) });
    at += length;
  }
  return entries;
}

export function packAnswer(digests: Digests): {
  readonly answer: DigestAnswer;
  readonly transferred: ArrayBuffer[];
} {
  const leaves = new Uint8Array(digests.length * HASH_LENGTH);
  const withheld = new Uint8Array(digests.length);
  const claiming: number[] = [];
  const ids: string[] = [];
  const claimKeys: Uint8Array[] = [];
  const problems: [number, string][] = [];
  for (const [i, digest] of digests.entries()) {
    if (typeof digest === "string") problems.push([i, digest]);
    if (digest === undefined || typeof digest === "string") continue;
    leaves.set(digest.leaf, i * HASH_LENGTH);
    withheld[i] = digest.withheld;
    if (digest.claim === undefined) continue;
    claiming.push(i);
    ids.push(digest.claim.id);
    claimKeys.push(digest.claim.key);
  }
  const keys = new Uint8Array(claimKeys.length * HASH_LENGTH);
  for (const [k, key] of claimKeys.entries()) keys.set(key, k * HASH_LENGTH);
  return {
    answer: { leaves, withheld, claiming, ids, keys, problems },
    transferred: [leaves.buffer, withheld.buffer, keys.buffer],
  };
}

export function unpackAnswer(
  { leaves, withheld, claiming, ids, keys, problems }: DigestAnswer,
  entries: readonly (PackedEntry | undefined)[],
): Digests {
  const digests: (Digest | string | undefined)[] = entries.map((entry, i) => {
    if (entry === undefined) return undefined;
    if (entry.pruned !== undefined) return { leaf: entry.pruned.leafHash, withheld: 0 };
    return { leaf: leaves.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH), withheld: withheld[i] as number };
  });
  for (const [k, place] of claiming.entries()) {
    const claim = { id: ids[k] as string, key: keys.subarray(k * HASH_LENGTH, (k + 1) * HASH_LENGTH) };
    digests[place] = { ...(digests[place] as Digest), claim };
  }
  for (const [place, problem] of problems) digests[place] = problem;
  return digests;
}
