/**
 * The bytes of what is stored: a version byte, a body, and the CRC-32 of both. LevelDB checks its own sums only when
 * it compacts, so without ours a bit that flips on disk would be read back as if it were true. Not what is hashed for
 * the tree: that is entry/entry.ts. Bodies of version 1:
 *
 *   entry       recordedAt[8] members                         as entry/packed.ts has them
 *   checkpoint  root[32] signedAt[8] signature[65]            ledger and size are in the key
 *   claim       content[32] varint(count) { varint(from) varint(count) }…
 *   tile        256 hashes
 *   text        UTF-8: records and ledgers
 *
 * of version 3, an entry that was pruned; of version 2, encrypted (cipher.ts), of version 4, an entry that was written again with less in it:
 *
 *   entry 2     revision[1] recordedAt[8] encrypted members
 *   claim 2     as version 1, under a keyed digest of its key
 *   text 2      encrypted UTF-8
 *   entry 4     revision[1] recordedAt[8] members
 *   entry 3     revision[1] recordedAt[8] leafHash[32] name of its archive
 */

import { crc32 } from "node:zlib";
import { type Entry, type Pruned, requireCount } from "../../entry/entry.ts";
import { type PackedEntry, unpackEntry } from "../../entry/packed.ts";
import { readVarint, varintLength, writeVarint } from "../../entry/varint.ts";
import { fromHex, readUint64, readUtf8, toHex, utf8, writeUint64 } from "../../merkle/bytes.ts";
import type { Checkpoint, SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { HASH_LENGTH } from "../../merkle/hash.ts";
import { TILE_BYTES } from "../../merkle/tile.ts";
import { DamagedStoreError, type IdempotencyClaim } from "../store.ts";

const CLEAR = 0x01;
const ENCRYPTED = 0x02;
const PRUNED = 0x03;
const REVISED = 0x04;
/** Of an entry, 0 being as it was recorded. */
export const REVISION_MAX = 255;
const SUM_LENGTH = 4;
/** Where what is encrypted of an entry begins, with the id of its key: behind version, revision and time. */
export const ENCRYPTED_AT = 10;
const ENCRYPTED_ONLY = [ENCRYPTED] as const;
const NO_MEMBERS = new Uint8Array(0);
const SIGNATURE_LENGTH = 65;

/** Writes records into one growing buffer: no memory is taken for each, and the commit copies them at once. */
export class RecordEncoder {
  #bytes = Buffer.alloc(1 << 16);
  #at = 0;

  /** Each method returns a view that the next call overwrites. */
  entry({ recordedAt, members, pruned }: PackedEntry, revision = 0): Uint8Array {
    if (pruned !== undefined) return this.#prunedEntry(recordedAt, pruned, revision);
    requireCount(members[0] ?? 0);
    if (revision === 0) this.#start(CLEAR);
    else this.#startRevision(REVISED, revision);
    this.#room(8 + members.length);
    writeUint64(this.#bytes, this.#at, recordedAt);
    this.#bytes.set(members, this.#at + 8);
    this.#at += 8 + members.length;
    return this.#finish();
  }

  /** What stays of an entry. */
  #prunedEntry(recordedAt: number, { leafHash, archive = "" }: Pruned, revision: number): Uint8Array {
    this.#startRevision(PRUNED, revision);
    this.#room(8);
    writeUint64(this.#bytes, this.#at, recordedAt);
    this.#at += 8;
    this.#put(leafHash, HASH_LENGTH);
    const name = utf8(archive);
    this.#put(name, name.length);
    return this.#finish();
  }

  /** An entry whose members are encrypted. */
  encryptedEntry(recordedAt: number, revision: number, encrypted: readonly Uint8Array[]): Uint8Array {
    this.#startRevision(ENCRYPTED, revision);
    this.#room(8);
    writeUint64(this.#bytes, this.#at, recordedAt);
    this.#at += 8;
    for (const part of encrypted) this.#put(part, part.length);
    return this.#finish();
  }

  encryptedText(encrypted: readonly Uint8Array[]): Uint8Array {
    this.#start(ENCRYPTED);
    for (const part of encrypted) this.#put(part, part.length);
    return this.#finish();
  }

  checkpoint(checkpoint: SignedCheckpoint): Uint8Array {
    this.#start(CLEAR);
    this.#put(fromHex(checkpoint.root, HASH_LENGTH), HASH_LENGTH);
    writeUint64(this.#bytes, this.#at, checkpoint.signedAt);
    this.#at += 8;
    this.#put(fromHex(checkpoint.signature, SIGNATURE_LENGTH), SIGNATURE_LENGTH);
    return this.#finish();
  }

  /** @param isKeyed whether a keyed digest stands in the place of its key */
  claim(claim: IdempotencyClaim, isKeyed = false): Uint8Array {
    this.#start(isKeyed ? ENCRYPTED : CLEAR);
    this.#room(HASH_LENGTH + 8 + 16 * claim.ranges.length);
    this.#put(claim.content, HASH_LENGTH);
    this.#varint(claim.ranges.length);
    for (const [from, count] of claim.ranges) {
      this.#varint(from);
      this.#varint(count);
    }
    return this.#finish();
  }

  tile(hashes: Uint8Array): Uint8Array {
    this.#start(CLEAR);
    this.#put(hashes, TILE_BYTES);
    return this.#finish();
  }

  text(text: string): Uint8Array {
    this.#start(CLEAR);
    this.#room(3 * text.length);
    this.#at += this.#bytes.write(text, this.#at);
    return this.#finish();
  }

  #start(version: number): void {
    this.#bytes[0] = version;
    this.#at = 1;
  }

  #startRevision(version: number, revision: number): void {
    if (!(revision >= 0 && revision <= REVISION_MAX)) {
      throw new RangeError(`expected a revision in 0..${REVISION_MAX}, got ${revision}`);
    }
    this.#start(version);
    this.#bytes[1] = revision;
    this.#at = 2;
  }

  #finish(): Uint8Array {
    this.#room(0);
    const at = this.#at;
    this.#bytes.writeUInt32BE(crc32(this.#bytes.subarray(0, at)), at);
    return new Uint8Array(this.#bytes.buffer, 0, at + SUM_LENGTH);
  }

  #put(bytes: Uint8Array, length: number): void {
    if (bytes.length !== length) throw new RangeError(`expected ${length} bytes, got ${bytes.length}`);
    this.#room(length);
    this.#bytes.set(bytes, this.#at);
    this.#at += length;
  }

  /** The caller has made room. */
  #varint(value: number): void {
    this.#at = writeVarint(this.#bytes, this.#at, value);
  }

  #room(length: number): void {
    const needed = this.#at + length + SUM_LENGTH;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Whether a value is as it was written. */
export function isWhole(bytes: Uint8Array): boolean {
  const end = bytes.length - SUM_LENGTH;
  if (end < 1 || ![CLEAR, ENCRYPTED, PRUNED, REVISED].includes(bytes[0] as number)) return false;
  return crc32(bytes.subarray(0, end)) === sumAt(bytes, end);
}

/** The checksum that stands at a place. */
function sumAt(bytes: Uint8Array, at: number): number {
  let sum = 0;
  for (let i = 0; i < SUM_LENGTH; i++) sum = (sum << 8) | (bytes[at + i] as number);
  return sum >>> 0;
}

/** Behind the last entry that a whole claim stands for. */
export function claimEnd(bytes: Uint8Array): number {
  const { ranges } = decodeClaim(bytes, new Uint8Array(0), () => "an idempotency claim");
  return ranges.reduce((end, [from, count]) => Math.max(end, from + count), 0);
}

/** Whether what is in a value has to be opened before it can be read. */
export function isEncrypted(bytes: Uint8Array): boolean {
  return isEncryptedAt(bytes, 0);
}

/** The same of a value that begins at a place. */
export function isEncryptedAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === ENCRYPTED;
}

/** Whether a value is what stays of an entry that was pruned: there is nothing in it to be encrypted. */
export function isPruned(bytes: Uint8Array): boolean {
  return bytes[0] === PRUNED;
}

/** How often an entry was written again with less in it: of two values of one entry the higher one counts. */
export function revisionOf(bytes: Uint8Array): number {
  return bytes[0] === CLEAR ? 0 : (bytes[1] ?? 0);
}

/** What a record is called when it turns out to be damaged. */
export type Naming = () => string;

export function decodeEntry(bytes: Uint8Array, naming: Naming): Entry {
  return decodeMembersOf(decodePackedEntry(bytes, naming), naming);
}

/** The same without decoding its members. */
export function decodePackedEntry(bytes: Uint8Array, naming: Naming): PackedEntry {
  const reader = new Reader(bytes, naming, [CLEAR, REVISED, PRUNED]);
  if (bytes[0] !== CLEAR) reader.take(1);
  const recordedAt = reader.uint64();
  if (bytes[0] !== PRUNED) return { recordedAt, members: reader.rest() };
  const leafHash = reader.take(HASH_LENGTH).slice();
  const archive = reader.restText();
  return { recordedAt, members: NO_MEMBERS, pruned: archive === "" ? { leafHash } : { leafHash, archive } };
}

/** An entry that was decoded without its members, with them. */
export function decodeMembersOf(entry: PackedEntry, naming: Naming): Entry {
  try {
    return unpackEntry(entry);
  } catch (cause) {
    throw damaged(naming, (cause as Error).message, cause);
  }
}

/** An entry whose members are encrypted. */
export type EncryptedEntry = { readonly recordedAt: number; readonly revision: number; readonly encrypted: Uint8Array };

export function decodeEncryptedEntry(bytes: Uint8Array, naming: Naming): EncryptedEntry {
  const reader = new Reader(bytes, naming, ENCRYPTED_ONLY);
  const revision = reader.byte();
  const recordedAt = reader.uint64();
  return { recordedAt, revision, encrypted: reader.rest() };
}

/** What is encrypted in the value of an entry, as it stands there: nobody has looked at the checksum. */
export function uncheckedEncrypted(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(ENCRYPTED_AT, Math.max(ENCRYPTED_AT, bytes.length - SUM_LENGTH));
}

export function decodeEncryptedText(bytes: Uint8Array, naming: Naming): Uint8Array {
  return new Reader(bytes, naming, [ENCRYPTED]).rest();
}

export function decodeCheckpoint(
  bytes: Uint8Array,
  key: Pick<Checkpoint, "ledgerId" | "size">,
  naming: Naming,
): SignedCheckpoint {
  const reader = new Reader(bytes, naming);
  const root = toHex(reader.take(HASH_LENGTH));
  const signedAt = reader.uint64();
  const signature = toHex(reader.take(SIGNATURE_LENGTH));
  reader.end();
  return { ledgerId: key.ledgerId, size: key.size, root, signedAt, signature };
}

export function decodeClaim(bytes: Uint8Array, key: Uint8Array, naming: Naming): IdempotencyClaim {
  const reader = new Reader(bytes, naming, [CLEAR, ENCRYPTED]);
  const content = reader.take(HASH_LENGTH);
  const count = reader.varint();
  if (count > bytes.length) reader.fail(`expected fewer ranges than bytes, got ${count}`);
  const ranges: [number, number][] = [];
  for (let i = 0; i < count; i++) ranges.push([reader.varint(), reader.varint()]);
  reader.end();
  return { key, content, ranges };
}

/** The entry that a whole claim stands for alone; undefined where it stands for others as well, or is not as it was written. */
export function soleEntryOf(bytes: Uint8Array): number | undefined {
  if (bytes[0] !== CLEAR && bytes[0] !== ENCRYPTED) return undefined;
  // Behind the version and the content: one range, of one entry, and nothing else.
  if (bytes[1 + HASH_LENGTH] !== 1 || bytes[bytes.length - SUM_LENGTH - 1] !== 1 || !isWhole(bytes)) return undefined;
  try {
    const from = readVarint(bytes, 2 + HASH_LENGTH);
    return 3 + HASH_LENGTH + varintLength(from) === bytes.length - SUM_LENGTH ? from : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a claim stands under a keyed digest of its key. */
export function isKeyedClaim(bytes: Uint8Array): boolean {
  return bytes[0] === ENCRYPTED;
}

export function decodeTile(bytes: Uint8Array, naming: Naming): Uint8Array {
  const reader = new Reader(bytes, naming);
  const hashes = reader.take(TILE_BYTES);
  reader.end();
  return hashes;
}

export function decodeText(bytes: Uint8Array, naming: Naming): string {
  const reader = new Reader(bytes, naming);
  return reader.text(bytes.length - 1 - SUM_LENGTH);
}

function damaged(naming: Naming, why: string, cause?: unknown): DamagedStoreError {
  return new DamagedStoreError(`${naming()} is damaged: ${why}`, cause === undefined ? {} : { cause });
}

/** Reads a record strictly: one spelling for each value, nothing missing and nothing left over. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #naming: Naming;
  readonly #end: number;
  #at = 1;

  constructor(bytes: Uint8Array, naming: Naming, versions: readonly number[] = [CLEAR]) {
    // Never a Buffer: its slice() shares memory where that of every other array copies.
    this.#bytes = Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
    this.#naming = naming;
    this.#end = bytes.length - SUM_LENGTH;
    if (this.#end < 1) this.fail(`expected at least ${1 + SUM_LENGTH} bytes, got ${bytes.length}`);
    if (crc32(bytes.subarray(0, this.#end)) !== sumAt(bytes, this.#end)) this.fail("its checksum does not fit");
    if (!versions.includes(bytes[0] as number)) this.fail(`expected version ${versions.join(" or ")}, got ${bytes[0]}`);
  }

  fail(why: string, cause?: unknown): never {
    throw damaged(this.#naming, why, cause);
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#end) this.fail(`expected ${length} bytes at ${this.#at}, got ${this.#end - this.#at}`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  byte(): number {
    if (this.#at >= this.#end) this.fail(`expected a byte at ${this.#at}, got the end`);
    return this.#bytes[this.#at++] as number;
  }

  uint64(): number {
    const at = this.#at;
    if (at + 8 > this.#end) this.fail(`expected 8 bytes at ${at}, got ${this.#end - at}`);
    this.#at = at + 8;
    return this.#wellFormed(() => readUint64(this.#bytes, at));
  }

  varint(): number {
    const value = this.#wellFormed(() => readVarint(this.#bytes.subarray(0, this.#end), this.#at));
    this.#at += varintLength(value);
    return value;
  }

  /** All that is left, as a text. */
  restText(): string {
    return this.text(this.#end - this.#at);
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.take(this.#end - this.#at);
  }

  text(length: number): string {
    const bytes = this.take(length);
    return this.#wellFormed(() => readUtf8(bytes));
  }

  #wellFormed<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      return this.fail((cause as Error).message, cause);
    }
  }

  end(): void {
    if (this.#at !== this.#end) this.fail(`expected ${this.#at + SUM_LENGTH} bytes, got ${this.#bytes.length}`);
  }
}
