/** Leaves time to others: behind each slice of work as much rest as its share of the time asks for. */

import { setTimeout as delay } from "node:timers/promises";

/** No longer, however long a slice took: a disk that was slow once is not slow for ever. */
const REST_MAX_MS = 5000;

export class AuditPace {
  readonly #share: number;
  /** Aborted when whoever works is to end. */
  readonly signal: AbortSignal;
  #began = performance.now();

  /** @param share of the time that work may take, above 0 and up to 1 */
  constructor(share: number, signal: AbortSignal) {
    this.#share = share;
    this.signal = signal;
  }

  /** Rests for what was worked since the last rest. @throws what the signal was aborted with */
  readonly rest = async (): Promise<void> => {
    const worked = performance.now() - this.#began;
    const ms = Math.min(REST_MAX_MS, (worked * (1 - this.#share)) / this.#share);
    // Shorter rests are taken together: a timer takes a millisecond.
    if (ms >= 1) await delay(ms, undefined, { signal: this.signal, ref: false });
    this.signal.throwIfAborted();
    if (ms >= 1) this.#began = performance.now();
  };
}
