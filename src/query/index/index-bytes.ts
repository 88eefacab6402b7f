/** Bytes of the index: a growing buffer to write to, and integers in as few bytes as they need. */

export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for n bytes, all 0 unless written before, and returns where they are. */
  reserve(n: number): { readonly bytes: Uint8Array; readonly at: number } {
    const at = this.#length;
    if (at + n > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(2 * this.#bytes.length, at + n));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#length += n;
    return { bytes: this.#bytes, at };
  }

  byte(value: number): void {
    const { bytes, at } = this.reserve(1);
    bytes[at] = value;
  }

  /** An integer in 0..2^53-1: seven bits in each byte, the lowest first, the top bit set where more follow. */
  varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  /**
   * An integer of at most 2^53-1 either way: the sign is the lowest bit of the first byte. NaN is written as the
   * zero below zero, which stands for "none".
   */
  signed(value: number): void {
    const sign = value < 0 || Number.isNaN(value) ? 1 : 0;
    const magnitude = Number.isNaN(value) ? 0 : Math.abs(value);
    const rest = Math.floor(magnitude / 0x40);
    this.byte((rest > 0 ? 0x80 : 0) | ((magnitude % 0x40) << 1) | sign);
    if (rest > 0) this.varint(rest);
  }

  /** What was written, copied; the writer begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }
}

export class ByteReader {
  at = 0;
  readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** @throws RangeError behind the last byte */
  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError(`expected a byte at ${this.at - 1}, got the end`);
    return value;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  signed(): number {
    const first = this.byte();
    const magnitude = ((first >>> 1) & 0x3f) + (first >= 0x80 ? this.varint() * 0x40 : 0);
    if ((first & 1) === 0) return magnitude;
    return magnitude === 0 ? Number.NaN : -magnitude;
  }
}
