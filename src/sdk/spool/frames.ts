/**
 * The bytes of a segment of a spool: a line that names the format, and a frame for each event, with its length and a
 * checksum over length and text. What a crash leaves at the end is told from what a disk did to the middle.
 */

// By name it would not be found by an older Node, which then could not say so.
import * as zlib from "node:zlib";

export const SEGMENT_HEAD = Buffer.from("holdfast/spool@1\n");
/** Length of the text, and checksum, both big-endian. */
export const FRAME_HEAD = 8;
/** No service takes a longer event; a longer length is damage. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

/** An event in a segment, and where its frame ends. */
export type SpooledFrame = { readonly text: string; readonly bytes: number; readonly end: number };

export type FramesRead = {
  readonly frames: readonly SpooledFrame[];
  /** Where the last whole frame ends. */
  readonly end: number;
  /** Bytes that are no frames, and frames behind them: something happened to the file after it was written. */
  readonly damagedBytes: number;
  /** Whether the file ends within a frame, as it does when the writer was killed. */
  readonly isTorn: boolean;
};

export function encodeFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const frame = Buffer.allocUnsafe(FRAME_HEAD + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  payload.copy(frame, FRAME_HEAD);
  frame.writeUInt32BE(checksum(frame, 0, payload.length), 4);
  return frame;
}

/** Reads the frames that stand in some bytes, which begin at `offset` in the file. */
export function readFrames(bytes: Buffer, offset: number): FramesRead {
  const frames: SpooledFrame[] = [];
  let at = 0;
  let end = 0;
  let damagedBytes = 0;
  while (at < bytes.length) {
    const length = frameLength(bytes, at);
    if (length === undefined) {
      const next = nextFrame(bytes, at + 1);
      if (next === undefined) break;
      damagedBytes += next - at;
      at = next;
      continue;
    }
    at += FRAME_HEAD + length;
    end = at;
    frames.push({ text: bytes.toString("utf8", at - length, at), bytes: length, end: offset + at });
  }
  const rest = bytes.length - at;
  // A frame of which all is there and not as it was written was not cut off by a crash of the program.
  const isTorn = rest > 0 && (rest < FRAME_HEAD || bytes.readUInt32BE(at) > rest - FRAME_HEAD);
  return { frames, end: offset + end, damagedBytes: damagedBytes + (isTorn ? 0 : rest), isTorn };
}

/** Bytes of the text of a whole frame that begins here; undefined when none does. */
function frameLength(bytes: Buffer, at: number): number | undefined {
  if (at + FRAME_HEAD > bytes.length) return undefined;
  const length = bytes.readUInt32BE(at);
  if (length === 0 || length > TEXT_BYTES_MAX || at + FRAME_HEAD + length > bytes.length) return undefined;
  return checksum(bytes, at, length) === bytes.readUInt32BE(at + 4) ? length : undefined;
}

function nextFrame(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at + FRAME_HEAD < bytes.length; at++) {
    // Texts are JSON objects, which saves most of the sums.
    if (bytes[at + FRAME_HEAD] === 0x7b && frameLength(bytes, at) !== undefined) return at;
  }
  return undefined;
}

function checksum(bytes: Buffer, at: number, length: number): number {
  return zlib.crc32(bytes.subarray(at + FRAME_HEAD, at + FRAME_HEAD + length), zlib.crc32(bytes.subarray(at, at + 4)));
}
