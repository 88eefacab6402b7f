/** Time as the anchoring loop sees it, so that a test can be the one who lets it pass, and waiting that ends. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after a time, or at once when the signal is or becomes aborted; it never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/**
 * Whether less than so long lies between a moment and now. One that is further ahead was told by a clock that was wrong, and
 * counts as long past: what waits for time to pass must not wait for years when a clock is put right.
 */
export function isRecent(at: number, now: number, ms: number): boolean {
  return Math.abs(now - at) < ms;
}

/**
 * Waits for work, but not for ever. The work goes on; nobody hears of it any more.
 * @param late what is thrown in its place
 */
export async function inTime<T>(timeoutMs: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

export const systemClock: Clock = {
  now: Date.now,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener("abort", wake);
    }),
};
