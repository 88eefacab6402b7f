/** Asking again what may be answered later: a bounded number of times, with a pause before each, or when it is asked for. It runs in a browser too. */

/**
 * Tries until an outcome stands, once more than there are pauses.
 * @param pausesMs how long to wait before each further attempt
 * @param stands whether an outcome would be the same again
 * @returns the outcome that stands, or the last one
 */
export async function retry<T>(
  pausesMs: readonly number[],
  attempt: () => Promise<T>,
  stands: (outcome: T) => boolean,
): Promise<T> {
  for (const pauseMs of pausesMs) {
    const outcome = await attempt();
    if (stands(outcome)) return outcome;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return attempt();
}

/** Milliseconds that a Retry-After asks for, as a number of seconds or a date, RFC 9110 §10.2.3. */
export function readRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}
