/**
 * Turns of the scans that look for a text: of all scans of a process one piece is worked on at a time, and behind each piece
 * others have the process for as long as recording needs it, so that many scans leave recording as much as one does.
 * Why: docs/decisions/0244.
 */

import { setImmediate, setTimeout as sleep } from "node:timers/promises";
import { Turn } from "../../store/mutex.ts";

/** From so many events a second on, recording has its full share; below, in proportion. */
const BUSY_RATE = 500;
/** What the rate is taken over: large batches come some times a second. */
const WINDOW_MS = 500;
/** So many times what a piece took, recording has behind it. */
const SHARE = 3;
/** A piece that took longer has waited for others, and not worked. */
const PIECE_MS = 8;
/** What a request has for its pieces: its client and those behind it wait for as long. */
const REQUEST_MS = 2000;

export type ScanTurnsOptions = {
  readonly now: () => number;
  /** Lets others have the process for so long, and for one round of the event loop at the least. */
  readonly rest: (ms: number) => Promise<void>;
};

const OF_THIS_PROCESS: ScanTurnsOptions = {
  now: () => performance.now(),
  rest: (ms) => (ms < 1 ? setImmediate() : sleep(ms)),
};

export class ScanTurns {
  readonly #options: ScanTurnsOptions;
  readonly #turn = new Turn();
  /** Events that were recorded in this window, and in the one before. */
  #events = 0;
  #eventsBefore = 0;
  #windowBegan = 0;

  constructor(options = OF_THIS_PROCESS) {
    this.#options = options;
  }

  /** To be told of every commit. */
  recorded(events: number): void {
    this.#moveWindow();
    this.#events += events;
  }

  /** Whether the time is over that a request has which begins now. */
  beginRequest(): () => boolean {
    const began = this.#options.now();
    return () => this.#options.now() - began >= REQUEST_MS;
  }

  /** Works on a piece when it is its turn. Whoever asked has the result at once; the next piece, of any scan, comes after the rest. */
  piece<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      void this.#turn.take(async () => {
        const began = this.#options.now();
        await work().then(resolve, reject);
        const took = Math.min(PIECE_MS, this.#options.now() - began);
        await this.#options.rest(took * SHARE * this.#pressure());
      });
    });
  }

  /** How much of its share recording needs, from 0 to 1. */
  #pressure(): number {
    this.#moveWindow();
    return Math.min(1, Math.max(this.#events, this.#eventsBefore) / ((BUSY_RATE * WINDOW_MS) / 1000));
  }

  #moveWindow(): void {
    const now = this.#options.now();
    const windows = (now - this.#windowBegan) / WINDOW_MS;
    if (windows < 1) return;
    this.#eventsBefore = windows < 2 ? this.#events : 0;
    this.#events = 0;
    this.#windowBegan = now;
  }
}
