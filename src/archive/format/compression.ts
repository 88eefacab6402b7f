/**
 * How the contents of a frame are compressed: zstd where Node has it (from 22.15 on), DEFLATE elsewhere. Every version reads
 * both: the door of `zstddec` is for those that lack zstd.
 * Why: docs/decisions/0197.
 */

import * as zlib from "node:zlib";
import { ArchiveError } from "../archive.ts";

/** As they are told on the command line, by the byte that stands in a frame. */
export const CODECS = { none: 0, deflate: 1, zstd: 2 } as const;
export type CodecName = keyof typeof CODECS;

/** The part of node:zlib that older versions lack. */
type Zstd = {
  readonly zstdCompressSync: (bytes: Uint8Array) => Uint8Array;
  readonly zstdDecompressSync: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
};

const native: Zstd | undefined = "zstdCompressSync" in zlib ? (zlib as unknown as Zstd) : undefined;

/** What is written unless something else is asked for. */
export const CODEC_DEFAULT: CodecName = native === undefined ? "deflate" : "zstd";

/** @throws ArchiveError when this Node cannot write it */
export function compress(codec: CodecName, plain: Uint8Array): Uint8Array {
  if (codec === "none") return plain;
  if (codec === "deflate") return zlib.deflateSync(plain);
  if (native !== undefined) return native.zstdCompressSync(plain);
  throw new ArchiveError("archive_malformed", `expected Node 22.15 or later to write zstd, got ${process.version}`);
}

/**
 * Decompresses to exactly so many bytes.
 * @throws Error when that is not what comes of it
 */
export async function decompress(codec: number, stored: Uint8Array, length: number): Promise<Uint8Array> {
  const plain = await open(codec, stored, length);
  if (plain.length !== length) throw new RangeError(`expected ${length} bytes, got ${plain.length}`);
  return plain;
}

async function open(codec: number, stored: Uint8Array, length: number): Promise<Uint8Array> {
  if (codec === CODECS.none) return stored;
  const options = { maxOutputLength: Math.max(length, 1) };
  if (codec === CODECS.deflate) return zlib.inflateSync(stored, options);
  if (codec !== CODECS.zstd) throw new RangeError(`expected a codec in 0..2, got ${codec}`);
  return native === undefined ? openPortably(stored, length) : native.zstdDecompressSync(stored, options);
}

/** For a Node without zstd. */
export async function openPortably(stored: Uint8Array, length: number): Promise<Uint8Array> {
  const { ZSTDDecoder } = await import("zstddec");
  decoder ??= new ZSTDDecoder();
  await decoder.init();
  return decoder.decode(stored, length);
}

let decoder: import("zstddec").ZSTDDecoder | undefined;
