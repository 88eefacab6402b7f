/**
 * Bodies of foreign senders, decompressed when they are there as a whole: what does not decompress is not refused but
 * kept as it came, since its sender would drop it. gzip and deflate (RFC 9110 §8.4.1), br (RFC 7932), zstd (RFC 8878),
 * and snappy as the OpenTelemetry Collector sends it, one block or frames.
 */

import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import { Problem } from "../problem.ts";
import { unpackFrames, unpackSnappy } from "./snappy.ts";

/** `makeRoom` is asked before memory is taken. */
type Decode = (bytes: Uint8Array, makeRoom: (bytes: number) => void) => Promise<Uint8Array>;
type Decoder = Transform & { readonly bytesWritten: number };

/** More encodings than these no sender has; each can be a body of the full size, and much work. */
const ENCODINGS_MAX = 4;
/** The low half of a byte of 8: what a zlib stream (RFC 1950) begins with, and a raw one of senders who forgot it does not. */
const ZLIB_METHOD = 0x08;

/** Node has it from 22.15 on; on an older one a body in it is kept as it came, as in any encoding that is not known. */
const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: () => Decoder };

const DECODERS: Readonly<Record<string, Decode>> = {
  gzip: streamed(zlib.createGunzip),
  "x-gzip": streamed(zlib.createGunzip),
  deflate: (bytes, makeRoom) => ((bytes[0] ?? 0) % 16 === ZLIB_METHOD ? zlibStream : rawStream)(bytes, makeRoom),
  br: streamed(zlib.createBrotliDecompress),
  ...(createZstdDecompress && { zstd: streamed(createZstdDecompress) }),
  snappy: unpackSnappy,
  "x-snappy-framed": unpackFrames,
};
const zlibStream = streamed(zlib.createInflate);
const rawStream = streamed(zlib.createInflateRaw);

/**
 * A body without its Content-Encoding; undefined when it does not decompress, or is in an encoding that is not known.
 * @param hold told of the bytes that are about to be held beside the body; throws when they are not to be
 * @throws Problem request_too_large, and what `hold` throws
 */
export async function decodeBody(
  bytes: Uint8Array,
  contentEncoding: string | undefined,
  bytesMax: number,
  hold: (bytes: number) => void,
): Promise<Uint8Array | undefined> {
  // Listed in the order in which they were applied.
  const listed = (contentEncoding ?? "").split(",").map((name) => name.trim().toLowerCase());
  const names = listed.filter((name) => name !== "" && name !== "identity");
  if (names.length > ENCODINGS_MAX) return undefined;
  let decoded = bytes;
  for (const name of names.reverse()) {
    const decode = Object.hasOwn(DECODERS, name) ? DECODERS[name] : undefined;
    if (decode === undefined) return undefined;
    let length = 0;
    const makeRoom = (bytes: number): void => {
      length += bytes;
      if (length > bytesMax) throw tooLarge(bytesMax);
      hold(bytes);
    };
    try {
      decoded = await decode(decoded, makeRoom);
    } catch (error) {
      if (error instanceof Problem) throw error;
      return undefined;
    }
  }
  return decoded;
}

/** Decompresses piece by piece, so that nothing is held that was not asked for, however many do so at once. */
function streamed(create: () => Decoder): Decode {
  return async (bytes, makeRoom) => {
    const decoder = create();
    const pieces: Buffer[] = [];
    decoder.end(bytes);
    for await (const piece of decoder as AsyncIterable<Buffer>) {
      makeRoom(piece.length);
      pieces.push(piece);
    }
    // What stands behind the end of its stream zlib leaves where it is, and says nothing.
    if (decoder.bytesWritten !== bytes.length) throw new RangeError("expected nothing behind the compressed stream");
    return Buffer.concat(pieces);
  };
}

function tooLarge(bytesMax: number): Problem {
  return new Problem("request_too_large", `expected at most ${bytesMax} bytes after decompression, got more`);
}
