/** The chunks of a body that wait to be used together, in one piece of memory: a client may send a byte in each. */

const NOTHING = Buffer.alloc(0);

export class Chunks {
  #bytes: Buffer = NOTHING;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Takes the next chunk, which nobody may change from now on. */
  add(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    // Most bodies come as one chunk, which is not copied. It has no room, so nothing is written into it.
    if (this.#length === 0) this.#bytes = chunk;
    else {
      if (length > this.#bytes.length) {
        const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length));
        larger.set(this.#bytes.subarray(0, this.#length));
        this.#bytes = larger;
      }
      this.#bytes.set(chunk, this.#length);
    }
    this.#length = length;
  }

  /** All chunks so far; the next chunk begins anew. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = NOTHING;
    this.#length = 0;
    return taken;
  }

  /** The same in memory that can be given away. */
  takeCopy(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.take());
  }
}
