/**
 * Snappy, one block (https://github.com/google/snappy/blob/main/format_description.txt) or frames (framing_format.txt beside it).
 * What a block says of its length is held to: whatever is shorter or longer than that was damaged, and what would
 * be made of it is not what was sent. Checksums of frames are not looked at.
 */

import { setImmediate } from "node:timers/promises";
import { readVarint, varintLength } from "../../entry/varint.ts";

/** Asked before memory is made room in; throws when there is none. */
export type MakeRoom = (bytes: number) => void;

const FRAMES_MAGIC = [0xff, 0x06, 0x00, 0x00, 0x73, 0x4e, 0x61, 0x50, 0x70, 0x59];
/** Bytes that are made before others are served: a few milliseconds. */
const AT_ONCE = 1024 * 1024;
/** An element of a block begins with its kind in two bits: bytes that stand there, or a copy of earlier ones. */
const LITERAL = 0;
/** Up to so many bytes are copied one by one, sooner than a view of them is made. */
const BYTEWISE_MAX = 64;
/** Lengths beyond this stand in the bytes that follow, one for each that the length is more. */
const SHORT_MAX = 60;

/** Decompresses either. @throws RangeError when it is neither */
export async function unpackSnappy(bytes: Uint8Array, makeRoom: MakeRoom): Promise<Uint8Array> {
  return FRAMES_MAGIC.every((byte, i) => bytes[i] === byte)
    ? unpackFrames(bytes, makeRoom)
    : unpackBlock(bytes, makeRoom);
}

/** Each frame is a kind, a length of three bytes, and for data a checksum of four. @throws RangeError when it is none of that */
export async function unpackFrames(bytes: Uint8Array, makeRoom: MakeRoom): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const kind = bytes[at] as number;
    const size = (bytes[at + 1] ?? 0) + 256 * (bytes[at + 2] ?? 0) + 65_536 * (bytes[at + 3] ?? 0);
    const frame = bytes.subarray(at + 4, at + 4 + size);
    if (at + 4 + size > bytes.length) throw new RangeError("expected a whole frame");
    at += 4 + size;
    if (kind > 1) {
      if (kind < 0x80) throw new RangeError(`expected a frame that may be skipped, got kind ${kind}`);
      continue;
    }
    const data = frame.subarray(4);
    if (kind === 0) parts.push(await unpackBlock(data, makeRoom));
    else {
      makeRoom(data.length);
      parts.push(data);
    }
    if (parts.length % 16 === 0) await setImmediate();
  }
  return Buffer.concat(parts);
}

/** @throws RangeError when it is no block */
async function unpackBlock(bytes: Uint8Array, makeRoom: MakeRoom): Promise<Uint8Array> {
  const length = readVarint(bytes, 0);
  makeRoom(length);
  const unpacked = new Uint8Array(length);
  let from = varintLength(length);
  let to = 0;
  for (let stop = AT_ONCE; from < bytes.length; ) {
    const tag = bytes[from++] as number;
    const isLiteral = (tag & 3) === LITERAL;
    if (isLiteral) {
      const short = (tag >>> 2) + 1;
      const more = Math.max(0, short - SHORT_MAX);
      const size = more === 0 ? short : numberAt(bytes, from, more) + 1;
      from += more;
      if (from + size > bytes.length || to + size > length) throw overrun();
      if (size > BYTEWISE_MAX) unpacked.set(bytes.subarray(from, from + size), to);
      else for (let i = 0; i < size; i++) unpacked[to + i] = bytes[from + i] as number;
      from += size;
      to += size;
    } else {
      const isNear = (tag & 3) === 1;
      const size = isNear ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
      const back = isNear
        ? ((tag >>> 5) << 8) + numberAt(bytes, from, 1)
        : numberAt(bytes, from, (tag & 3) === 2 ? 2 : 4);
      from += isNear ? 1 : (tag & 3) === 2 ? 2 : 4;
      if (back === 0 || back > to || to + size > length) throw overrun();
      // Byte by byte: a copy may go on into what it makes.
      for (const end = to + size; to < end; to++) unpacked[to] = unpacked[to - back] as number;
    }
    if (to >= stop) {
      stop = to + AT_ONCE;
      await setImmediate();
    }
  }
  if (to !== length) throw overrun();
  return unpacked;
}

function numberAt(bytes: Uint8Array, at: number, count: number): number {
  if (at + count > bytes.length) throw overrun();
  let number = 0;
  for (let i = count - 1; i >= 0; i--) number = number * 256 + (bytes[at + i] as number);
  return number;
}

function overrun(): RangeError {
  return new RangeError("expected a block as long as it says, got one that is cut off, or another length");
}
