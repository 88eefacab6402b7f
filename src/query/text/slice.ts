/** Long work in slices: after some milliseconds of it others get their turn. */

import { setImmediate } from "node:timers/promises";

const SLICE_MS = 5;

export class Slice {
  #began = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#began >= SLICE_MS;
  }

  /** Lets others work, and begins another slice. */
  async next(): Promise<void> {
    await setImmediate();
    this.#began = performance.now();
  }
}
