/**
 * The pace of long answers: while events come in, all of them together work for less than half of the time, so that
 * recording keeps at least half of its speed; while none do, they go on at once.
 * Why: docs/decisions/0180.
 */

import { setTimeout as sleep } from "node:timers/promises";

/** Time of rest for each time of work, of all together. */
const REST = 1.5;
const REST_MAX_MS = 5000;

export class Pace {
  readonly #taken: () => number;
  #working = 0;

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

  /** A piece of work begins; what comes back is called when it is done, and rests if something came in meanwhile. */
  piece(): () => Promise<void> {
    const before = this.#taken();
    const began = performance.now();
    return async () => {
      const tookMs = performance.now() - began;
      if (this.#taken() === before) return;
      const share = this.#working * (1 + REST) - 1;
      await sleep(Math.min(tookMs * share, REST_MAX_MS));
    };
  }
}
