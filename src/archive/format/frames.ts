/**
 * The frames of an archive: what it holds is cut in pieces that are written and read one at a time. Each is checked by
 * itself, and continues a chain, so that one that was left out, swapped or taken from another file is found where it stands.
 *
 *   file   magic[8] frame… the last frame being the trailer
 *   frame  kind[1] codec[1] plain length[4] stored length[4] CRC-32 of stored[4] CRC-32 of these 14 bytes[4] stored chain[32]
 *   chain  SHA-256( chain of the frame before || kind[1] || plain length[4] || plain ), for the first frame after SHA-256(magic)
 */

import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { equal } from "../../merkle/bytes.ts";
import { ArchiveError } from "../archive.ts";
import { CODECS, type CodecName, compress, decompress } from "./compression.ts";
import { PieceReader } from "./piece-reader.ts";

/** As of PNG: a transfer that changes line ends or cuts the eighth bit changes it. */
export const MAGIC = new Uint8Array([0x89, 0x48, 0x46, 0x41, 0x0d, 0x0a, 0x1a, 0x01]);
/** The last byte is the version. */
const VERSION_AT = 7;

/** 2 has entries of which there is nothing but their leaf hash; an archive without such is of version 1, for every reader. */
export type FrameVersion = 1 | 2;
const VERSIONS: readonly FrameVersion[] = [1, 2];

/** How an archive of a version begins. */
export function magicOf(version: FrameVersion): Uint8Array {
  const magic = MAGIC.slice();
  magic[VERSION_AT] = version;
  return magic;
}

export const KINDS = { header: "H", entries: "E", checkpoint: "C", proof: "P", trailer: "T" } as const;
export type FrameKind = (typeof KINDS)[keyof typeof KINDS];

const HEAD_LENGTH = 18;
const CHAIN_LENGTH = 32;
/** Of what a frame holds: the largest entry that can be recorded is smaller. */
const PLAIN_MAX = 128 * 1024 * 1024;
/** What does not become smaller is stored as it is; DEFLATE and zstd add less than this. */
const STORED_MAX = PLAIN_MAX + 65_536;

/** What a frame held, and where it began. */
export type ArchiveFrame = {
  readonly kind: FrameKind;
  readonly plain: Uint8Array;
  readonly chain: Uint8Array;
  readonly at: number;
  /** From 1. */
  readonly number: number;
  /** Of the whole file. */
  readonly version: FrameVersion;
};

/** Puts what an archive holds into frames. */
export class FrameWriter {
  readonly #codec: CodecName;
  #chain: Buffer;
  /** How many there are so far. */
  frames = 0;

  constructor(codec: CodecName, version: FrameVersion = 1) {
    this.#codec = codec;
    this.#chain = firstChain(version);
  }

  /** What the chain is after the last frame. */
  get digest(): Uint8Array {
    return this.#chain;
  }

  /** The bytes of the next frame. */
  write(kind: FrameKind, plain: Uint8Array): Uint8Array {
    const packed = compress(this.#codec, plain);
    const isSmaller = packed.length < plain.length;
    const stored = isSmaller ? packed : plain;
    const head = Buffer.alloc(HEAD_LENGTH);
    head[0] = kind.charCodeAt(0);
    head[1] = isSmaller ? CODECS[this.#codec] : CODECS.none;
    head.writeUInt32BE(plain.length, 2);
    head.writeUInt32BE(stored.length, 6);
    head.writeUInt32BE(crc32(stored), 10);
    head.writeUInt32BE(crc32(head.subarray(0, 14)), 14);
    this.#chain = nextChain(this.#chain, head, plain);
    this.frames++;
    return Buffer.concat([head, stored, this.#chain]);
  }
}

/**
 * Reads frames, and that they are whole and in their places.
 * @throws ArchiveError for the first that is not, and when there is no trailer, or something behind it
 */
export async function* readFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveFrame, void, void> {
  const reader = new PieceReader(bytes);
  try {
    const version = await readMagic(reader);
    let chain = firstChain(version);
    for (let number = 1; ; number++) {
      const { at } = reader;
      const { kind, plain, head } = await readFrame(reader, number);
      chain = nextChain(chain, head, plain);
      const found = await take(reader, CHAIN_LENGTH, number);
      if (!equal(chain, found)) throw outOfOrder(kind, number, at);
      yield { kind, plain, chain, at, number, version };
      if (kind !== KINDS.trailer) continue;
      if (await reader.isAtEnd()) return;
      const message = `expected nothing behind the trailer, which ends at byte ${reader.at}, got more: another file was put behind it`;
      throw new ArchiveError("archive_followed", message);
    }
  } finally {
    await reader.close();
  }
}

async function readMagic(reader: PieceReader): Promise<FrameVersion> {
  const found = await reader.take(MAGIC.length);
  if (found !== undefined && equal(found.subarray(0, VERSION_AT), MAGIC.subarray(0, VERSION_AT))) {
    const version = VERSIONS.find((each) => each === found[VERSION_AT]);
    if (version !== undefined) return version;
    const message = `expected an archive of version ${VERSIONS.join(" or ")}, got version ${found[VERSION_AT]}: a newer holdfast reads it`;
    throw new ArchiveError("archive_too_new", message);
  }
  const spelled = Buffer.from(MAGIC).toString("hex");
  const got = found === undefined ? "fewer bytes" : Buffer.from(found).toString("hex");
  throw new ArchiveError("archive_not_one", `expected an archive, which begins with the bytes ${spelled}, got ${got}`);
}

async function readFrame(reader: PieceReader, number: number) {
  const { at } = reader;
  const bytes = await take(reader, HEAD_LENGTH, number);
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (crc32(head.subarray(0, 14)) !== head.readUInt32BE(14)) {
    throw damaged(number, at, "its head is not as it was written");
  }
  const kind = Object.values(KINDS).find((each) => each.charCodeAt(0) === head[0]);
  if (kind === undefined) throw damaged(number, at, `it is of a kind that is not known, ${head[0]}`);
  const length = head.readUInt32BE(2);
  const storedLength = head.readUInt32BE(6);
  if (length > PLAIN_MAX || storedLength > STORED_MAX) throw damaged(number, at, "it is too large for a frame");
  const stored = await take(reader, storedLength, number);
  if (crc32(stored) !== head.readUInt32BE(10)) throw damaged(number, at, "what it holds is not as it was written");
  let plain: Uint8Array;
  try {
    plain = await decompress(head[1] ?? 0, stored, length);
  } catch (cause) {
    throw damaged(number, at, "what it holds cannot be decompressed", cause);
  }
  return { kind, plain, head };
}

async function take(reader: PieceReader, length: number, number: number): Promise<Uint8Array> {
  const { at } = reader;
  const bytes = await reader.take(length);
  if (bytes !== undefined) return bytes;
  const isBetween = at === reader.end && length === HEAD_LENGTH;
  const what = isBetween ? `frame ${number}, there being no trailer yet` : `${length} bytes of frame ${number}`;
  const message = `expected ${what}, from byte ${at} on, got the end at byte ${reader.end}: the file was cut`;
  throw new ArchiveError("archive_cut", message);
}

function damaged(number: number, at: number, what: string, cause?: unknown): ArchiveError {
  return new ArchiveError("archive_damaged", `frame ${number}, at byte ${at}, is damaged: ${what}`, { cause });
}

function outOfOrder(kind: FrameKind, number: number, at: number): ArchiveError {
  const what = kind === KINDS.trailer ? "this trailer" : `a frame of kind ${kind}`;
  const message =
    `expected at byte ${at} the frame that follows frame ${number - 1} of this archive, got ${what}, whole and of another ` +
    "place: frames were swapped or left out, or it is of another archive";
  return new ArchiveError("archive_out_of_order", message);
}

function firstChain(version: FrameVersion): Buffer {
  return createHash("sha256").update(magicOf(version)).digest();
}

/** Kind and length of what it holds are where they stand in the head; how that was compressed is nothing to the chain. */
function nextChain(before: Uint8Array, head: Uint8Array, plain: Uint8Array): Buffer {
  const chain = createHash("sha256").update(before).update(head.subarray(0, 1)).update(head.subarray(2, 6));
  return chain.update(plain).digest();
}
