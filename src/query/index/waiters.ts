/** Those who wait until the index has come to a size; none waits without a deadline. */

import { deferred } from "../../deferred.ts";

/** The index does not reach as far as was asked; trying again soon may help. */
export class IndexBehindError extends Error {
  override readonly name = "IndexBehindError";
  readonly code = "index_behind";
  readonly retryAfterS = 1;
}

type Waiter = { readonly size: number; readonly resolve: () => void; readonly reject: (error: Error) => void };

export class Waiters {
  readonly #waiting = new Set<Waiter>();
  #watermark = 0;
  #stopped = false;

  /** @throws IndexBehindError after `timeoutMs`, or when stopped */
  async wait(size: number, timeoutMs: number): Promise<void> {
    if (this.#stopped) throw new IndexBehindError(`expected an index of ${size} entries, got one that stopped`);
    const { promise, resolve, reject } = deferred<void>();
    const waiter = { size, resolve, reject };
    this.#waiting.add(waiter);
    const timer = setTimeout(() => {
      const got = `${this.#watermark} after ${timeoutMs} ms`;
      reject(new IndexBehindError(`expected an index of ${size} entries, got ${got}`));
    }, timeoutMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(waiter);
    }
  }

  reached(watermark: number): void {
    this.#watermark = watermark;
    for (const { size, resolve } of this.#waiting) if (size <= watermark) resolve();
  }

  stop(): void {
    this.#stopped = true;
    for (const { size, reject } of this.#waiting) {
      reject(new IndexBehindError(`expected an index of ${size} entries, got ${this.#watermark} when it stopped`));
    }
  }
}
