/** The clock of a page that shows how long ago things were. */

import { useEffect, useState } from "preact/hooks";

/** Milliseconds since 1970, told again every `everyMs`. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
