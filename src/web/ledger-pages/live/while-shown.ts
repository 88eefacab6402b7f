/**
 * A tail is followed only by a page that is shown. A browser keeps six connections to a service, for all of its tabs together (HTTP/1.1), and
 * an API key has 16 tails: pages in hidden tabs would take them from the one that is looked at, and nothing of it would answer.
 */

import type { OpenTail } from "./tail.ts";

/** Opens when the page is shown, and ends the connection when it is not any more; the tail goes on from where it was. */
export function whileShown(open: OpenTail): OpenTail {
  return async (lastId, signal) => {
    await shown(signal);
    const hidden = new AbortController();
    const look = () => {
      if (!document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      hidden.abort();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", () => document.removeEventListener("visibilitychange", look));
    return open(lastId, AbortSignal.any([signal, hidden.signal]));
  };
}

/** Until the page is shown, or nobody waits for it any more. */
function shown(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener("visibilitychange", look);
      signal.removeEventListener("abort", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
    signal.addEventListener("abort", look);
    look();
  });
}
