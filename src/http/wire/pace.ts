/**
 * The pace of long answers: while events come in, all of them together work for less than half of the time, so that
 * recording keeps at least half of its speed; while none do, they go on at once.
 * Why: docs/decisions/0180.
 */

/** Time of rest for each time of work, of all together. */
const REST = 1.5;
const REST_MAX_MS = 5000;

export class Pace {
  readonly #taken: () => number;
  #working = 0;
  /** Pieces that are being made. */
  #making = 0;
  /** Milliseconds of work of each of them: while several are made, each gets its part of the time. */
  #workMs = 0;
  #countedAt = 0;

  /** @param taken grows whenever something comes in that long answers must not be in the way of */
  constructor(taken: () => number) {
    this.#taken = taken;
  }

  /** How many long answers there are. */
  get working(): number {
    return this.#working;
  }

  begin(): void {
    this.#working++;
  }

  end(): void {
    this.#working--;
  }

  /** A piece of work begins; what comes back is called when it is done, however, and says for how many ms to rest. */
  piece(): () => number {
    const before = this.#taken();
    const began = this.#count(1);
    return () => {
      const tookMs = this.#count(-1) - began;
      if (this.#taken() === before) return 0;
      const share = this.#working * (1 + REST) - 1;
      return Math.min(tookMs * share, REST_MAX_MS);
    };
  }

  /** One more or one less is being made; the work of each up to now. */
  #count(more: 1 | -1): number {
    const now = performance.now();
    if (this.#making > 0) this.#workMs += (now - this.#countedAt) / this.#making;
    this.#countedAt = now;
    this.#making += more;
    return this.#workMs;
  }
}
