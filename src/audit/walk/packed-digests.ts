/** Digests as they come from a thread: some large pieces of memory, as copying many small ones costs more than hashing. */

import { HASH_LENGTH } from "../../merkle/hash.ts";
import type { Digest } from "../checks/check.ts";

/** In the order of the entries; a text where the values of one have no form, undefined where there is none. */
export type Digests = readonly (Digest | string | undefined)[];

export type PackedDigests = {
  /** Of each place, whether there is one or not. */
  readonly leaves: Uint8Array<ArrayBuffer>;
  /** How many members were withheld; {@link NO_DIGEST} where there is no digest. */
  readonly withheld: Uint8Array<ArrayBuffer>;
  /** Of those that have a claim, in order: their places, names and keys. */
  readonly claiming: readonly number[];
  readonly ids: readonly string[];
  readonly keys: Uint8Array<ArrayBuffer>;
  /** Those whose values have no form. */
  readonly problems: readonly (readonly [place: number, problem: string])[];
};

/** No entry has so many members. */
export const NO_DIGEST = 255;

export function unpackDigests({ leaves, withheld, claiming, ids, keys, problems }: PackedDigests): Digests {
  const digests: (Digest | string | undefined)[] = [];
  for (const [i, count] of withheld.entries()) {
    const leaf = leaves.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
    digests.push(count === NO_DIGEST ? undefined : { leaf, withheld: count });
  }
  for (const [k, place] of claiming.entries()) {
    const claim = { id: ids[k] as string, key: keys.subarray(k * HASH_LENGTH, (k + 1) * HASH_LENGTH) };
    digests[place] = { ...(digests[place] as Digest), claim };
  }
  for (const [place, problem] of problems) digests[place] = problem;
  return digests;
}
