/**
 * Values of the index with a checksum in front, which covers the key too. It finds decay, not malice: who can write to
 * the index can hide entries from a search, never from the tree.
 */

import { crc32 } from "node:zlib";
import type { IndexWrite } from "./index-store.ts";

const CHECKSUM_LENGTH = 4;

/** Something of the index is missing or is not what was written; it can be built again from the entries. */
export class IndexDamagedError extends Error {
  override readonly name = "IndexDamagedError";
  readonly code = "index_damaged";
  /** The segment concerned, where it is known. */
  readonly segment: number | undefined;

  constructor(message: string, options?: { readonly cause?: unknown; readonly segment?: number }) {
    super(message, options);
    this.segment = options?.segment;
  }
}

/** The write of a value with its checksum. */
export function checkedWrite(key: string, value: Uint8Array): IndexWrite {
  const framed = new Uint8Array(CHECKSUM_LENGTH + value.length);
  new DataView(framed.buffer).setUint32(0, checksum(key, value));
  framed.set(value, CHECKSUM_LENGTH);
  return { key, value: framed };
}

/** @throws IndexDamagedError when the value is missing or its checksum is wrong */
export function readChecked(key: string, framed: Uint8Array | undefined): Uint8Array {
  if (framed === undefined) throw new IndexDamagedError(`expected a value under ${key}, got none`);
  const value = framed.subarray(CHECKSUM_LENGTH);
  const stored = framed.length < CHECKSUM_LENGTH ? -1 : new DataView(framed.buffer, framed.byteOffset).getUint32(0);
  if (stored !== checksum(key, value))
    throw new IndexDamagedError(`expected what was written under ${key}, got damage`);
  return value;
}

function checksum(key: string, value: Uint8Array): number {
  return crc32(value, crc32(key));
}
