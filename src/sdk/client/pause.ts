/** Waiting: how long between two tries, and in a way that a program that ends is not held up by. */

/** Longest that a service may ask to be left alone. */
const RETRY_AFTER_MS_MAX = 3_600_000;

export type Backoff = {
  /** Longest pause after the first failure; doubled with each further one. */
  readonly baseMs: number;
  readonly maxMs: number;
};

/**
 * Milliseconds until the next try: exponential with full jitter, so that clients that failed together do not come back
 * together, and never before the service wants to be asked again.
 * @param failures in a row, from 1
 * @param random in 0..1
 */
export function pauseMs(
  { baseMs, maxMs }: Backoff,
  failures: number,
  retryAfterMs = 0,
  random = Math.random(),
): number {
  const most = Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.min(retryAfterMs, RETRY_AFTER_MS_MAX) + random * most;
}

/** Waits, or until the signal ends it; with `isHeld` false the process may end meanwhile. */
export function pause(ms: number, signal?: AbortSignal, isHeld = false): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (!isHeld) letGo(timer);
    signal?.addEventListener("abort", done);
  });
}

/** A timer by which no process is kept; a browser's are numbers, and keep none. */
function letGo(timer: unknown): void {
  (timer as { readonly unref?: () => void }).unref?.();
}
