/**
 * The wire format of protobuf (https://protobuf.dev/programming-guides/encoding/), as much as reading needs: fields one after
 * another, messages within messages, unknown fields gone over. One reader walks all of a body without copying.
 */

import { fromUtf8 } from "../../../merkle/bytes.ts";

/** Groups, which nobody sends any more, are gone over no deeper than this. */
const GROUPS_MAX = 32;
/** Shorter texts of ASCII are put together by hand, which takes less than a call of the platform's decoder. */
const BY_HAND_MAX = 24;
const WIRE = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/** What the bytes are not. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** Reads fields. Every method throws a WireError where the bytes are none, or end too early. */
export class WireReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  #end: number;
  /** Number and wire type of the field that {@link next} came to, as they stand there: 8 times the number, and the type. */
  tag = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.#end = bytes.length;
  }

  /** Goes to the next field of the message; false at its end. Then its value has to be read or skipped. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.tag = this.varint();
    if (this.tag < 8 || this.tag > 0xffff_ffff) throw new WireError("expected the number of a field");
    return true;
  }

  /** An unsigned integer; beyond 2^53 it is rounded. */
  varint(): number {
    let byte = this.#byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let scale = 0x80, length = 1; ; scale *= 0x80, length++) {
      if (length === 10) throw new WireError("expected a varint of at most ten bytes");
      byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  /** A signed integer of 64 bits; beyond what a double holds exactly it is its digits. */
  int64(): number | string {
    const start = this.#at;
    const rough = this.varint();
    if (Number.isSafeInteger(rough)) return rough;
    let exact = 0n;
    for (let i = this.#at - 1; i >= start; i--) exact = (exact << 7n) | BigInt((this.#bytes[i] as number) & 0x7f);
    const signed = BigInt.asIntN(64, exact);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : String(signed);
  }

  fixed32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#advance(8), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  /** A part of the body, not a copy. */
  bytes(): Uint8Array {
    const length = this.varint();
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  text(): string {
    const length = this.varint();
    const start = this.#advance(length);
    const end = this.#at;
    if (length > BY_HAND_MAX) return fromUtf8(this.#bytes.subarray(start, end));
    let text = "";
    for (let i = start; i < end; i++) {
      const byte = this.#bytes[i] as number;
      if (byte > 0x7f) return fromUtf8(this.#bytes.subarray(start, end));
      text += String.fromCharCode(byte);
    }
    return text;
  }

  /** Goes into a message; what is returned leads out of it again. */
  enter(): number {
    const length = this.varint();
    const outer = this.#end;
    const start = this.#advance(length);
    this.#at = start;
    this.#end = start + length;
    return outer;
  }

  leave(outer: number): void {
    this.#at = this.#end;
    this.#end = outer;
  }

  /** Goes over the value of a field. */
  skip(groups = 0): void {
    const type = this.tag % 8;
    if (type === WIRE.varint) this.varint();
    else if (type === WIRE.fixed64) this.#advance(8);
    else if (type === WIRE.bytes) this.#advance(this.varint());
    else if (type === WIRE.fixed32) this.#advance(4);
    else if (type === WIRE.groupStart && groups < GROUPS_MAX) this.#skipGroup(this.tag, groups + 1);
    else throw new WireError(`expected a field of a known kind, got ${type}`);
  }

  #skipGroup(start: number, groups: number): void {
    const end = start - WIRE.groupStart + WIRE.groupEnd;
    while (this.next()) {
      if (this.tag === end) return;
      this.skip(groups);
    }
    throw new WireError("expected the end of a group");
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new WireError("expected more bytes, got the end");
    return this.#bytes[this.#at++] as number;
  }

  #advance(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) throw new WireError(`expected ${length} bytes, got ${this.#end - start}`);
    this.#at = start + length;
    return start;
  }
}
