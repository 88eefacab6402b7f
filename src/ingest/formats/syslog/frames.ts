/**
 * Bytes of a connection, parted into messages: by the count in front of each (octet counting) or by the line break or NUL
 * behind each, RFC 6587 §3.4. Which of the two it is, the first byte says for all of a connection. Nothing is left out: what
 * is longer than the limit comes in parts, and where a count is none, the rest comes as lines.
 */

import { concat, utf8 } from "../../../merkle/bytes.ts";

/** Bytes of one message, without what frames it. */
export type SyslogFrame = {
  readonly bytes: Uint8Array;
  /** Which part it is of a message that is longer than the limit, from 1. */
  readonly part?: number;
  /** The connection ended before all that was announced had come. */
  readonly isIncomplete?: true;
};

const LINE_FEED = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const NUL = 0;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
/** A longer count is none. */
const COUNT_DIGITS_MAX = 9;

type Mode = "undecided" | "counted" | "lines";

export class FrameSplitter {
  readonly #bytesMax: number;
  readonly #onFrame: (frame: SyslogFrame) => void;
  #mode: Mode = "undecided";
  /** Digits of a count that has not ended. */
  #digits = "";
  /** Bytes that the count says are still to come. */
  #left = 0;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #parts = 0;

  /** @param bytesMax of one message that is handed on whole */
  constructor(bytesMax: number, onFrame: (frame: SyslogFrame) => void) {
    this.#bytesMax = bytesMax;
    this.#onFrame = onFrame;
  }

  push(chunk: Uint8Array): void {
    let at = 0;
    // Found once for many lines.
    let nul = -1;
    while (at < chunk.length) {
      if (this.#mode === "undecided") at = this.#decide(chunk, at);
      else if (this.#mode === "counted")
        at = this.#left === 0 ? this.#readCount(chunk, at) : this.#readCounted(chunk, at);
      else {
        if (nul < at) nul = orEnd(chunk.indexOf(NUL, at), chunk);
        // Only as far as the NUL: what is behind it is looked for later.
        const feed = chunk.subarray(at, nul).indexOf(LINE_FEED);
        at = this.#readLine(chunk, at, feed < 0 ? nul : at + feed);
      }
    }
  }

  /** Nothing more comes: what was not ended is handed on as it is. */
  end(): void {
    if (this.#mode === "counted" && this.#left > 0) this.#finish(true);
    if (this.#digits !== "") this.#onFrame({ bytes: utf8(this.#digits), isIncomplete: true });
    this.#digits = "";
    if (this.#heldBytes > 0) this.#finish();
  }

  #decide(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] as number;
    if (isBetween(byte)) return at + 1;
    this.#mode = isDigit(byte) && byte !== DIGIT_0 ? "counted" : "lines";
    return at;
  }

  #readCount(chunk: Uint8Array, start: number): number {
    const byte = chunk[start] as number;
    const isFirst = this.#digits === "";
    if (isFirst && isBetween(byte)) return start + 1;
    if (isDigit(byte) && !(isFirst && byte === DIGIT_0) && this.#digits.length < COUNT_DIGITS_MAX) {
      this.#digits += String.fromCharCode(byte);
      return start + 1;
    }
    const digits = this.#digits;
    this.#digits = "";
    if (byte === SPACE) {
      this.#left = Number(digits);
      return start + 1;
    }
    // No count: from here on nobody knows where messages begin but by their lines.
    this.#mode = "lines";
    if (digits !== "") this.#hold(utf8(digits));
    return start;
  }

  #readCounted(chunk: Uint8Array, start: number): number {
    const end = start + Math.min(this.#left, chunk.length - start, this.#bytesMax - this.#heldBytes);
    this.#hold(chunk.subarray(start, end));
    this.#left -= end - start;
    if (this.#left === 0) this.#finish();
    else if (this.#heldBytes === this.#bytesMax) this.#finishPart();
    return end;
  }

  /** @param end where the line ends, or the chunk */
  #readLine(chunk: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#heldBytes >= this.#bytesMax) this.#finishPart();
      const next = Math.min(end, at + this.#bytesMax - this.#heldBytes);
      this.#hold(chunk.subarray(at, next));
      at = next;
    }
    if (end === chunk.length) return end;
    this.#finish();
    return end + 1;
  }

  #hold(bytes: Uint8Array): void {
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
  }

  #finishPart(): void {
    this.#parts++;
    this.#onFrame({ bytes: this.#takeHeld(), part: this.#parts });
  }

  #finish(isIncomplete = false): void {
    const parts = this.#parts;
    this.#parts = 0;
    this.#left = 0;
    const bytes = this.#takeHeld();
    if (bytes.length === 0) return;
    const frame: SyslogFrame = parts === 0 ? { bytes } : { bytes, part: parts + 1 };
    this.#onFrame(isIncomplete ? { ...frame, isIncomplete } : frame);
  }

  #takeHeld(): Uint8Array {
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    return held.length === 1 ? (held[0] as Uint8Array) : concat(...held);
  }
}

/** Messages of a datagram: one, RFC 5426 §3.1, but for senders that put lines of JSON into it. */
export function framesOfDatagram(bytes: Uint8Array): SyslogFrame[] {
  const OPEN_BRACE = 0x7b;
  if (bytes[0] !== OPEN_BRACE) return bytes.length === 0 ? [] : [{ bytes }];
  const frames: SyslogFrame[] = [];
  const splitter = new FrameSplitter(bytes.length, (frame) => frames.push(frame));
  splitter.push(bytes);
  splitter.end();
  return frames;
}

function orEnd(place: number, { length }: Uint8Array): number {
  return place < 0 ? length : place;
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_9;
}

/** What some senders put between messages. */
function isBetween(byte: number): boolean {
  return byte === LINE_FEED || byte === RETURN || byte === NUL || byte === SPACE;
}
