/**
 * LevelDB's manifest (db/version_edit.cc): which sorted files there are, from which log on there is more, and the number of
 * the last write. It is a log of edits; the first one of a manifest that an opening made is the state that the opening found.
 */

import { BytesReader } from "./write-batch.ts";

/** Tags of the fields of an edit. */
const COMPARATOR = 1;
const LOG_NUMBER = 2;
const NEXT_FILE = 3;
const LAST_SEQUENCE = 4;
const COMPACT_POINTER = 5;
const DELETED_FILE = 6;
const NEW_FILE = 7;
const PREVIOUS_LOG = 9;

/** What a manifest says; `tables` has the size in bytes of each sorted file by its number. */
export type ManifestState = {
  readonly tables: ReadonlyMap<number, number>;
  /** What each sorted file spans. */
  readonly spans: ReadonlyMap<number, TableSpan>;
  /** Logs with a smaller number are in sorted files already. */
  readonly logNumber: number;
  readonly previousLog: number;
  readonly lastSequence: number;
};

type Building = {
  tables: Map<number, number>;
  spans: Map<number, TableSpan>;
  logNumber: number;
  previousLog: number;
  lastSequence: number;
};

/** A key, and the number of the write that wrote or deleted it. */
type SequencedKey = {
  readonly key: Uint8Array;
  readonly sequence: number;
};

/** The level of a sorted file, and its first and last key: on levels from 1 on, files have no key in common. */
export type TableSpan = {
  readonly level: number;
  readonly first: SequencedKey;
  readonly last: SequencedKey;
};

/** A sorted file as an edit adds it. */
type Added = {
  readonly number: number;
  readonly size: number;
  readonly span: TableSpan;
};

/** Behind a key stand the kind of the write, in one byte, and its number (db/dbformat.h). */
const WRITE_BYTES = 8;
const KIND_BITS = 8n;

/** Applies edits in order. @throws RangeError when one of them is none */
export function applyEdits(edits: Iterable<Uint8Array>): ManifestState {
  const state: Building = {
    tables: new Map(),
    spans: new Map(),
    logNumber: 0,
    previousLog: 0,
    lastSequence: 0,
  };
  for (const edit of edits) applyEdit(state, edit);
  return state;
}

function applyEdit(state: Building, edit: Uint8Array): void {
  const reader = new BytesReader(edit);
  const deleted: number[] = [];
  const added: Added[] = [];
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    if (tag === COMPARATOR) reader.slice();
    else if (tag === LOG_NUMBER) state.logNumber = reader.varint();
    else if (tag === PREVIOUS_LOG) state.previousLog = reader.varint();
    else if (tag === NEXT_FILE) reader.varint();
    else if (tag === LAST_SEQUENCE) state.lastSequence = reader.varint();
    else if (tag === COMPACT_POINTER) skipCompactPointer(reader);
    else if (tag === DELETED_FILE) deleted.push(readDeleted(reader));
    else if (tag === NEW_FILE) added.push(readAdded(reader));
    else throw new RangeError(`expected a field of a manifest, got tag ${tag}`);
  }
  // A file that moves to another level is deleted and added in one edit.
  for (const number of deleted) {
    state.tables.delete(number);
    state.spans.delete(number);
  }
  for (const { number, size, span } of added) {
    state.tables.set(number, size);
    state.spans.set(number, span);
  }
}

function skipCompactPointer(reader: BytesReader): void {
  reader.varint();
  reader.slice();
}

function readDeleted(reader: BytesReader): number {
  reader.varint();
  return reader.varint();
}

function readAdded(reader: BytesReader): Added {
  const level = reader.varint();
  const number = reader.varint();
  const size = reader.varint();
  const first = writtenKeyOf(reader.slice());
  return { number, size, span: { level, first, last: writtenKeyOf(reader.slice()) } };
}

function writtenKeyOf(bytes: Uint8Array): SequencedKey {
  const length = bytes.length - WRITE_BYTES;
  if (length < 0) throw new RangeError(`expected a key of ${WRITE_BYTES} bytes or more, got ${bytes.length}`);
  const written = new DataView(bytes.buffer, bytes.byteOffset + length, WRITE_BYTES).getBigUint64(0, true);
  return { key: bytes.subarray(0, length), sequence: Number(written >> KIND_BITS) };
}
