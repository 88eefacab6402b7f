/** Writes of a log, in the order in which a sorted file would have them: what is in no file yet is read as the rest is. */

import { compareKeys } from "./block-reader.ts";
import type { TableBlocks } from "./level-reader.ts";
import { KEY_TRAILER_BYTES, PUT } from "./table.ts";

const DELETE = 0;
const KIND_BITS = 8n;
const NO_RESTARTS = [0, 0, 0, 0];

/** A write and its number; a value of undefined deletes. */
type SequencedWrite = {
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
  readonly sequence: number;
};

/** Puts writes into one block, as they are found in a file; undefined where there are none. */
export function tableOfWrites(writes: Iterable<SequencedWrite>): TableBlocks | undefined {
  const sorted = [...writes].sort(
    (a, b) => compareKeys(a.key, a.key.length, b.key, b.key.length) || b.sequence - a.sequence,
  );
  const last = sorted.at(-1);
  if (last === undefined) return undefined;
  const file = Buffer.concat([...sorted.flatMap(recordOf), Buffer.from(NO_RESTARTS), Buffer.from([0])]);
  return { file, blocks: [{ handle: { offset: 0, size: file.length - 1 }, after: undefined, upTo: last.key }] };
}

/** A record that shares nothing with the one before. */
function recordOf({ key, value, sequence }: SequencedWrite): Uint8Array[] {
  const trailer = Buffer.alloc(KEY_TRAILER_BYTES);
  trailer.writeBigUInt64LE((BigInt(sequence) << KIND_BITS) | BigInt(value === undefined ? DELETE : PUT));
  const content = value ?? new Uint8Array(0);
  const lengths = [...varint(0), ...varint(key.length + KEY_TRAILER_BYTES), ...varint(content.length)];
  return [Buffer.from(lengths), key, trailer, content];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 128)) bytes.push((left % 128) | 0x80);
  return [...bytes, left];
}
