/** Bytes that come in pieces, taken in lengths that the reader asks for. */

export class PieceReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #pieces: Uint8Array[] = [];
  #held = 0;
  #hasEnded = false;
  /** How many were taken. */
  at = 0;

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  /** Where those that came end. */
  get end(): number {
    return this.at + this.#held;
  }

  /** So many bytes; undefined when there are fewer, and then none is taken. */
  async take(length: number): Promise<Uint8Array | undefined> {
    await this.#gather(length);
    if (this.#held < length) return undefined;
    const [first] = this.#pieces;
    const all = first !== undefined && first.length >= length ? first : Buffer.concat(this.#pieces);
    const rest = all.subarray(length);
    this.#pieces = all === first ? this.#pieces.slice(1) : [];
    if (rest.length > 0) this.#pieces.unshift(rest);
    this.#held -= length;
    this.at += length;
    return all.subarray(0, length);
  }

  /** Whether no more bytes come. */
  async isAtEnd(): Promise<boolean> {
    await this.#gather(1);
    return this.#held === 0;
  }

  /** Tells the source that nothing more is wanted of it. */
  async close(): Promise<void> {
    if (!this.#hasEnded) await this.#source.return?.();
  }

  async #gather(length: number): Promise<void> {
    while (this.#held < length && !this.#hasEnded) {
      const { done, value } = await this.#source.next();
      if (done === true) this.#hasEnded = true;
      else if (value.length > 0) {
        this.#pieces.push(value);
        this.#held += value.length;
      }
    }
  }
}
