/**
 * Bodies of foreign senders, decompressed when they are there as a whole: what does not decompress is not refused but
 * kept as it came, since its sender would drop it. gzip and deflate (RFC 9110 §8.4.1), br (RFC 7932), zstd (RFC 8878),
 * and snappy as the OpenTelemetry Collector sends it, one block or frames.
 */

import { promisify } from "node:util";
import {
  brotliDecompress,
  type CompressCallback,
  gunzip,
  type InputType,
  inflate,
  inflateRaw,
  zstdDecompress,
} from "node:zlib";
import { uncompress } from "snappyjs";
import { readVarint } from "../../entry/varint.ts";
import { Problem } from "../problem.ts";

type Decode = (bytes: Uint8Array, bytesMax: number) => Promise<Uint8Array>;

/** zlib's own error for what is longer than it may be. */
const TOO_LARGE = "ERR_BUFFER_TOO_LARGE";
/** The low half of a byte of 8: what a zlib stream (RFC 1950) begins with, and a raw one of senders who forgot it does not. */
const ZLIB_METHOD = 0x08;
const FRAMES_MAGIC = [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59];

const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: whole(gunzip),
  "x-gzip": whole(gunzip),
  deflate: (bytes, bytesMax) => ((bytes[0] ?? 0) % 16 === ZLIB_METHOD ? zlibStream : rawStream)(bytes, bytesMax),
  br: whole(brotliDecompress),
  zstd: whole(zstdDecompress),
  snappy: async (bytes, bytesMax) => (isFramed(bytes) ? framesOf(bytes, bytesMax) : blockOf(bytes, bytesMax)),
  "x-snappy-framed": async (bytes, bytesMax) => framesOf(bytes, bytesMax),
};
const zlibStream = whole(inflate);
const rawStream = whole(inflateRaw);

/**
 * A body without its Content-Encoding; undefined when it does not decompress, or is in an encoding that is not known.
 * @throws Problem request_too_large
 */
export async function decodeBody(
  bytes: Uint8Array,
  contentEncoding: string | undefined,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  // Listed in the order in which they were applied.
  const names = (contentEncoding ?? "").split(",").map((name) => name.trim().toLowerCase());
  let decoded = bytes;
  for (const name of names.reverse()) {
    if (name === "" || name === "identity") continue;
    const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
    if (decode === undefined) return undefined;
    try {
      decoded = await decode(decoded, bytesMax);
    } catch (error) {
      if (error instanceof Problem) throw error;
      if ((error as { code?: unknown }).code === TOO_LARGE) throw tooLarge(bytesMax);
      return undefined;
    }
  }
  if (decoded.length > bytesMax) throw tooLarge(bytesMax);
  return decoded;
}

type Options = { readonly maxOutputLength: number; readonly info: true };
type Decompress = (bytes: InputType, options: Options, callback: CompressCallback) => void;
/** What comes with `info`. */
type Decompressed = { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };

function whole(decompress: Decompress): Decode {
  const run = promisify(decompress) as unknown as (bytes: Uint8Array, options: Options) => Promise<Decompressed>;
  return async (bytes, bytesMax) => {
    const { buffer, engine } = await run(bytes, { maxOutputLength: Math.max(1, bytesMax), info: true });
    // What stands behind the end of its stream zlib leaves where it is, and says nothing.
    if (engine.bytesWritten !== bytes.length) throw new RangeError("expected nothing behind the compressed stream");
    return buffer;
  };
}

function isFramed(bytes: Uint8Array): boolean {
  return FRAMES_MAGIC.every((byte, i) => bytes[i] === byte);
}

function blockOf(bytes: Uint8Array, bytesMax: number): Uint8Array {
  // Looked at first: the library makes room for what a block says of itself.
  if (readVarint(bytes, 0) > bytesMax) throw tooLarge(bytesMax);
  return uncompress(bytes);
}

/** The snappy framing format: each frame is a kind, a length of three bytes, and for data a checksum of four. */
function framesOf(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] as number;
    const size = (bytes[at + 1] ?? 0) + 256 * (bytes[at + 2] ?? 0) + 65_536 * (bytes[at + 3] ?? 0);
    const frame = bytes.subarray(at + 4, at + 4 + size);
    if (frame.length !== size) throw new RangeError("expected a whole frame");
    at += 4 + size;
    if (kind > 1) {
      if (kind < 0x80) throw new RangeError(`expected a frame that may be skipped, got kind ${kind}`);
      continue;
    }
    const part = kind === 0 ? blockOf(frame.subarray(4), bytesMax - length) : frame.subarray(4);
    length += part.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function tooLarge(bytesMax: number): Problem {
  return new Problem("request_too_large", `expected at most ${bytesMax} bytes after decompression, got more`);
}
