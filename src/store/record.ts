/**
 * The bytes of what is stored: a version byte, a body, and the CRC-32 of both. LevelDB checks its own sums only when
 * it compacts, so without ours a bit that flips on disk would be read back as if it were true. Not what is hashed for
 * the tree: that is entry/entry.ts.
 *
 *   entry       recordedAt[8] count[1] member…
 *     shown     varint(2 · bytes of text) salt[16] text
 *     withheld  varint(1) digest[32]
 *   checkpoint  root[32] signedAt[8] signature[65]            ledger and size are in the key
 *   claim       content[32] varint(count) { varint(from) varint(count) }…
 *   tile        256 hashes
 *   text        UTF-8: records and ledgers
 */

import { crc32 } from "node:zlib";
import { type Entry, MEMBERS_MAX, type Member, SALT_LENGTH } from "../entry/entry.ts";
import { fromHex, readUint64, toHex, writeUint64 } from "../merkle/bytes.ts";
import type { Checkpoint, SignedCheckpoint } from "../merkle/checkpoint.ts";
import { HASH_LENGTH } from "../merkle/hash.ts";
import { TILE_BYTES } from "../merkle/tile.ts";
import { type Claim, DamagedStoreError } from "./store.ts";

const VERSION = 0x01;
const SUM_LENGTH = 4;
const SIGNATURE_LENGTH = 65;
const WITHHELD = 1;
/** recordedAt and the number of members. */
const ENTRY_HEAD = 9;

/** Writes records into one growing buffer: no memory is taken for each, and the commit copies them at once. */
export class RecordEncoder {
  #bytes = Buffer.alloc(1 << 16);
  #at = 0;

  /** Each method returns a view that the next call overwrites. */
  entry(entry: Entry): Uint8Array {
    const { members } = entry;
    if (members.length < 1 || members.length > MEMBERS_MAX) {
      throw new RangeError(`expected 1..${MEMBERS_MAX} members, got ${members.length}`);
    }
    this.#start();
    this.#room(members.reduce((sum, member) => sum + largest(member), ENTRY_HEAD));
    writeUint64(this.#bytes, this.#at, entry.recordedAt);
    this.#bytes[this.#at + 8] = members.length;
    this.#at += ENTRY_HEAD;
    for (const member of members) {
      if ("digest" in member) this.#withheld(member.digest);
      else this.#shown(member.salt, member.text);
    }
    return this.#finish();
  }

  checkpoint(checkpoint: SignedCheckpoint): Uint8Array {
    this.#start();
    this.#put(fromHex(checkpoint.root, HASH_LENGTH), HASH_LENGTH);
    writeUint64(this.#bytes, this.#at, checkpoint.signedAt);
    this.#at += 8;
    this.#put(fromHex(checkpoint.signature, SIGNATURE_LENGTH), SIGNATURE_LENGTH);
    return this.#finish();
  }

  claim(claim: Claim): Uint8Array {
    this.#start();
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
    this.#start();
    this.#put(hashes, TILE_BYTES);
    return this.#finish();
  }

  text(text: string): Uint8Array {
    this.#start();
    this.#room(3 * text.length);
    this.#at += this.#bytes.write(text, this.#at);
    return this.#finish();
  }

  #withheld(digest: Uint8Array): void {
    if (digest.length !== HASH_LENGTH) throw new RangeError(`expected ${HASH_LENGTH} bytes, got ${digest.length}`);
    this.#bytes[this.#at++] = WITHHELD;
    this.#bytes.set(digest, this.#at);
    this.#at += HASH_LENGTH;
  }

  #shown(salt: Uint8Array, text: string): void {
    if (salt.length !== SALT_LENGTH) throw new RangeError(`expected ${SALT_LENGTH} bytes, got ${salt.length}`);
    const start = this.#at;
    this.#varint(2 * text.length);
    this.#bytes.set(salt, this.#at);
    this.#at += SALT_LENGTH;
    const length = this.#bytes.write(text, this.#at);
    this.#at += length;
    if (length === text.length) return;
    // Not ASCII: the length that was guessed is too small, so this member is written again.
    this.#at = start;
    this.#varint(2 * length);
    this.#bytes.set(salt, this.#at);
    this.#at += SALT_LENGTH;
    this.#at += this.#bytes.write(text, this.#at);
  }

  #start(): void {
    this.#bytes[0] = VERSION;
    this.#at = 1;
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

  /** 7 bits a byte, the lowest first; the caller has made room. */
  #varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`expected 0..2^53-1, got ${value}`);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#at++] = rest;
  }

  #room(length: number): void {
    const needed = this.#at + length + SUM_LENGTH;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.alloc(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

/** Bytes that a member takes at most. */
function largest(member: Member): number {
  return "digest" in member ? 1 + HASH_LENGTH : 8 + SALT_LENGTH + 3 * member.text.length;
}

/** What a record is called when it turns out to be damaged. */
export type Naming = () => string;

export function decodeEntry(bytes: Uint8Array, naming: Naming): Entry {
  const reader = new Reader(bytes, naming);
  const recordedAt = reader.uint64();
  const count = reader.byte();
  if (count < 1 || count > MEMBERS_MAX) reader.fail(`expected 1..${MEMBERS_MAX} members, got ${count}`);
  const members: Member[] = [];
  for (let i = 0; i < count; i++) members.push(decodeMember(reader));
  reader.end();
  return { recordedAt, members };
}

function decodeMember(reader: Reader): Member {
  const form = reader.varint();
  if (form === WITHHELD) return { digest: reader.take(HASH_LENGTH) };
  if (form % 2 === 1) reader.fail(`expected a member that is shown or withheld, got form ${form}`);
  const salt = reader.take(SALT_LENGTH);
  return { salt, text: reader.text(form / 2) };
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

export function decodeClaim(bytes: Uint8Array, key: Uint8Array, naming: Naming): Claim {
  const reader = new Reader(bytes, naming);
  const content = reader.take(HASH_LENGTH);
  const count = reader.varint();
  if (count > bytes.length) reader.fail(`expected fewer ranges than bytes, got ${count}`);
  const ranges: [number, number][] = [];
  for (let i = 0; i < count; i++) ranges.push([reader.varint(), reader.varint()]);
  reader.end();
  return { key, content, ranges };
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

/** Reads a record strictly: one spelling for each value, nothing missing and nothing left over. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #naming: Naming;
  readonly #end: number;
  #at = 1;

  constructor(bytes: Uint8Array, naming: Naming) {
    // Never a Buffer: its slice() shares memory where that of every other array copies.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#naming = naming;
    this.#end = bytes.length - SUM_LENGTH;
    if (this.#end < 1) this.fail(`expected at least ${1 + SUM_LENGTH} bytes, got ${bytes.length}`);
    const sum = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(this.#end);
    if (crc32(bytes.subarray(0, this.#end)) !== sum) this.fail("its checksum does not fit");
    if (bytes[0] !== VERSION) this.fail(`expected version ${VERSION}, got ${bytes[0]}`);
  }

  fail(why: string, cause?: unknown): never {
    throw new DamagedStoreError(`${this.#naming()} is damaged: ${why}`, cause === undefined ? {} : { cause });
  }

  byte(): number {
    if (this.#at >= this.#end) this.fail(`expected a byte at ${this.#at}, got the end`);
    return this.#bytes[this.#at++] as number;
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#end) this.fail(`expected ${length} bytes at ${this.#at}, got ${this.#end - this.#at}`);
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  uint64(): number {
    const bytes = this.take(8);
    try {
      return readUint64(bytes);
    } catch (cause) {
      return this.fail("expected an integer in 0..2^53-1", cause);
    }
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (!Number.isSafeInteger(value)) this.fail("expected an integer in 0..2^53-1");
      if (byte < 0x80) {
        if (byte === 0 && scale > 1) this.fail("expected the shortest form of an integer");
        return value;
      }
    }
  }

  text(length: number): string {
    const bytes = this.take(length);
    try {
      return UTF8.decode(bytes);
    } catch (cause) {
      return this.fail("expected UTF-8", cause);
    }
  }

  end(): void {
    if (this.#at !== this.#end) this.fail(`expected ${this.#at + SUM_LENGTH} bytes, got ${this.#bytes.length}`);
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
