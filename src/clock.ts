/** Time as those see it who wait, so that a test can be the one who lets it pass; waiting that ends; and a length of time in words. */

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

const UNITS = [
  ["year", 31_557_600_000],
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** In the largest unit of which there are two, such as "90 minutes". */
export function spellSpan(ms: number): string {
  const [unit, length] = UNITS.find(([, each]) => ms >= 2 * each) ?? (["second", 1000] as const);
  const count = Math.round(ms / length);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
