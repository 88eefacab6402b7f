/** Prepared entries in one piece of memory, so that one thread hands them to another without copying them. */

import type { PreparedEntry } from "../../entry/prepare.ts";
import { HASH_LENGTH } from "../../merkle/hash.ts";

/** Entries one after another: the digests, the members and, where there is one, the content of each. */
export type PackedBatch = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** For each entry the lengths of these three. */
  readonly lengths: Uint32Array<ArrayBuffer>;
  /** For each entry its id; absent when no entry has one. */
  readonly ids?: readonly (string | undefined)[];
  /** For each entry its claim; absent when no entry has one. */
  readonly claims?: readonly (string | undefined)[];
};

const PARTS = 3;
const NOTHING = new Uint8Array(0);

export function packBatch(entries: readonly PreparedEntry[]): PackedBatch {
  const lengths = new Uint32Array(PARTS * entries.length);
  let hasIds = false;
  let hasClaims = false;
  let total = 0;
  for (let i = 0; i < entries.length; i++) {
    const { digests, members, content = NOTHING, id, claim } = entries[i] as PreparedEntry;
    lengths[PARTS * i] = digests.length;
    lengths[PARTS * i + 1] = members.length;
    lengths[PARTS * i + 2] = content.length;
    total += digests.length + members.length + content.length;
    if (id !== undefined) hasIds = true;
    if (claim !== undefined) hasClaims = true;
  }
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const { digests, members, content = NOTHING } of entries) {
    bytes.set(digests, at);
    bytes.set(members, at + digests.length);
    bytes.set(content, at + digests.length + members.length);
    at += digests.length + members.length + content.length;
  }
  return {
    bytes,
    lengths,
    ...(hasIds && { ids: entries.map(({ id }) => id) }),
    ...(hasClaims && { claims: entries.map(({ claim }) => claim) }),
  };
}

/** The entries of a batch, as views of its bytes. */
export function unpackBatch({ bytes, lengths, ids, claims }: PackedBatch): PreparedEntry[] {
  let at = 0;
  const take = (length: number): Uint8Array => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  return Array.from({ length: lengths.length / PARTS }, (_, i) => {
    const digests = take(lengths[PARTS * i] as number);
    const members = take(lengths[PARTS * i + 1] as number);
    const hasContent = lengths[PARTS * i + 2] === HASH_LENGTH;
    const id = ids?.[i];
    const claim = claims?.[i];
    return {
      digests,
      members,
      ...(hasContent && { content: take(HASH_LENGTH) }),
      ...(id !== undefined && { id }),
      ...(claim !== undefined && { claim }),
    };
  });
}
