/**
 * LevelDB's sorted files, read by ourselves (doc/table_format.md): blocks of keys and values, an index of the blocks, a footer.
 * LevelDB verifies the checksum of a block only when it compacts, so that a flipped bit in a key makes something recorded look
 * absent. Here every checksum is verified, and what lies in a block that fails is told by its range of keys.
 */

import { uncompress } from "snappyjs";
import { maskedCrc } from "../log-format.ts";
import { BytesReader } from "../write-batch.ts";

const FOOTER_BYTES = 48;
const MAGIC = 0xdb4775248b80fb57n;
/** Kind of compression and checksum, behind each block. */
const TRAILER_BYTES = 5;
/** Sequence number and kind, behind each key. */
export const KEY_TRAILER_BYTES = 8;
/** Kinds of blocks. */
const PLAIN = 0;
const SNAPPY = 1;
export const PUT = 1;

/** A version of a key; a value of undefined is a deletion. */
export type TableRecord = {
  readonly key: Uint8Array;
  readonly sequence: number;
  readonly value: Uint8Array | undefined;
};

/**
 * Where a file is not as it was written: the keys after `after` up to `upTo`; undefined reaches to the file's end. Of the
 * `filter`, which only says where not to look, no key is lost, but LevelDB would take what it leaves out for absent.
 */
export type BadRange = {
  readonly kind: "keys" | "filter";
  readonly after: Uint8Array | undefined;
  readonly upTo: Uint8Array | undefined;
  readonly why: string;
};

/** Where a block lies, without what stands behind it. */
type Handle = { readonly offset: number; readonly size: number };
/** A data block, whose keys come after `after` and up to `upTo`. */
export type TableBlock = { readonly handle: Handle; readonly after: Uint8Array | undefined; readonly upTo: Uint8Array };

/** Verifies every block of a file; an empty list means that it is as it was written. */
export function findBadRanges(file: Uint8Array): BadRange[] {
  const bad: BadRange[] = [];
  for (const block of blocksOf(file, bad)) verified(file, block, bad);
  return bad;
}

/** Every version of every key in the blocks that are as they were written; `bad` gets the others. */
export function* readTable(file: Uint8Array, bad: BadRange[]): Generator<TableRecord> {
  for (const block of blocksOf(file, bad)) {
    if (!verified(file, block, bad)) continue;
    for (const [key, value] of entriesOf(contentsOf(file, block.handle))) {
      const at = key.length - KEY_TRAILER_BYTES;
      const packed = new DataView(key.buffer, key.byteOffset + at, KEY_TRAILER_BYTES).getBigUint64(0, true);
      const isPut = Number(packed & 0xffn) === PUT;
      yield { key: key.subarray(0, at), sequence: Number(packed >> 8n), value: isPut ? value : undefined };
    }
  }
}

/** The data blocks that the index names; none, and a bad range, when the index cannot be read. */
function blocksOf(file: Uint8Array, bad: BadRange[]): TableBlock[] {
  try {
    checkFilter(file, readFooter(file)[0], bad);
    return readIndex(file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    bad.push({ kind: "keys", after: undefined, upTo: undefined, why: error.message });
    return [];
  }
}

/** The data blocks of a file in their order, none of which is looked at. @throws RangeError where the index of them is not as it was written */
export function readIndex(file: Uint8Array): TableBlock[] {
  const [, index] = readFooter(file);
  checkBlock(file, index);
  const blocks: TableBlock[] = [];
  let after: Uint8Array | undefined;
  for (const [key, value] of entriesOf(contentsOf(file, index))) {
    const upTo = key.subarray(0, key.length - KEY_TRAILER_BYTES);
    blocks.push({ handle: readHandle(new BytesReader(value)), after, upTo });
    after = upTo;
  }
  return blocks;
}

function checkFilter(file: Uint8Array, metaindex: Handle, bad: BadRange[]): void {
  try {
    checkBlock(file, metaindex);
    for (const [, value] of entriesOf(contentsOf(file, metaindex)))
      checkBlock(file, readHandle(new BytesReader(value)));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    bad.push({ kind: "filter", after: undefined, upTo: undefined, why: error.message });
  }
}

function verified(file: Uint8Array, { handle, after, upTo }: TableBlock, bad: BadRange[]): boolean {
  try {
    checkBlock(file, handle);
    return true;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    bad.push({ kind: "keys", after, upTo, why: error.message });
    return false;
  }
}

function readFooter(file: Uint8Array): [metaindex: Handle, index: Handle] {
  const at = file.length - FOOTER_BYTES;
  if (at < 0) throw new RangeError(`expected at least ${FOOTER_BYTES} bytes, got ${file.length}`);
  const magic = new DataView(file.buffer, file.byteOffset + file.length - 8, 8).getBigUint64(0, true);
  if (magic !== MAGIC) throw new RangeError("expected the end of a sorted file, got something else");
  const reader = new BytesReader(file.subarray(at));
  return [readHandle(reader), readHandle(reader)];
}

function readHandle(reader: BytesReader): Handle {
  const offset = reader.varint();
  return { offset, size: reader.varint() };
}

/** @throws RangeError when the checksum of a block does not fit */
function checkBlock(file: Uint8Array, { offset, size }: Handle): void {
  const end = offset + size;
  if (end + TRAILER_BYTES > file.length)
    throw new RangeError(`expected a block up to byte ${end}, got ${file.length} bytes`);
  const sum = new DataView(file.buffer, file.byteOffset + end + 1, 4).getUint32(0, true);
  if (sum !== maskedCrc(file, offset, end + 1))
    throw new RangeError(`the checksum of the block at byte ${offset} does not fit`);
}

/** Contents of a block whose checksum fits; a view of the file where it is not compressed. @throws RangeError where it is compressed in another way, or not as Snappy does it */
export function contentsOf(file: Uint8Array, { offset, size }: Handle): Uint8Array {
  const contents = file.subarray(offset, offset + size);
  const kind = file[offset + size];
  if (kind === PLAIN) return contents;
  if (kind !== SNAPPY) throw new RangeError(`expected a block of kind ${PLAIN} or ${SNAPPY}, got kind ${kind}`);
  try {
    return uncompress(contents);
  } catch (cause) {
    throw new RangeError(`expected the block at byte ${offset} to be compressed, got: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Keys and values of a block; each key shares its beginning with the one before. */
function* entriesOf(block: Uint8Array): Generator<[key: Uint8Array, value: Uint8Array]> {
  const restarts = new DataView(block.buffer, block.byteOffset + block.length - 4, 4).getUint32(0, true);
  const entries = block.subarray(0, block.length - 4 - 4 * restarts);
  const reader = new BytesReader(entries);
  let before: Uint8Array = new Uint8Array(0);
  while (!reader.isAtEnd) {
    const shared = reader.varint();
    const unshared = reader.varint();
    const length = reader.varint();
    const key = new Uint8Array(shared + unshared);
    key.set(before.subarray(0, shared));
    key.set(reader.take(unshared), shared);
    before = key;
    yield [key, reader.take(length)];
  }
}
