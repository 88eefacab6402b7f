/** Digests as they come from a thread: some large pieces of memory, as copying many small ones costs more than hashing. */

import { HASH_LENGTH } from "../../merkle/hash.ts";
import type { Digest } from "../checks/check.ts";
import type { Digests } from "./digest.ts";

export type PackedDigests = {
  /** Of each place, whether there is one or not. */
  readonly leaves: Uint8Array<ArrayBuffer>;
  /** How many members were withheld; {@link NONE} where there is no digest. */
  readonly withheld: Uint8Array<ArrayBuffer>;
  /** Of those that have a claim, in order: their places, names and keys. */
  readonly claiming: readonly number[];
  readonly ids: readonly string[];
  readonly keys: Uint8Array<ArrayBuffer>;
  /** Those whose values have no form. */
  readonly problems: readonly (readonly [place: number, problem: string])[];
};

/** No entry has so many members. */
const NONE = 255;

export function packDigests(digests: Digests): PackedDigests {
  const leaves = new Uint8Array(digests.length * HASH_LENGTH);
  const withheld = new Uint8Array(digests.length);
  const claiming: number[] = [];
  const ids: string[] = [];
  const claimKeys: Uint8Array[] = [];
  const problems: [number, string][] = [];
  for (const [i, digest] of digests.entries()) {
    withheld[i] = NONE;
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
  return { leaves, withheld, claiming, ids, keys, problems };
}

export function unpackDigests({ leaves, withheld, claiming, ids, keys, problems }: PackedDigests): Digests {
  const digests: (Digest | string | undefined)[] = [];
  for (const [i, count] of withheld.entries()) {
    const leaf = leaves.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
    digests.push(count === NONE ? undefined : { leaf, withheld: count });
  }
  for (const [k, place] of claiming.entries()) {
    const claim = { id: ids[k] as string, key: keys.subarray(k * HASH_LENGTH, (k + 1) * HASH_LENGTH) };
    digests[place] = { ...(digests[place] as Digest), claim };
  }
  for (const [place, problem] of problems) digests[place] = problem;
  return digests;
}
