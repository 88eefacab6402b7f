/** Something that a button sends. */

import { useState } from "preact/hooks";

/** Sends one thing at a time, and tells how it went. */
export function useSending(onDone: () => void) {
  const [error, setError] = useState<Error | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const send = (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    work()
      .then(onDone, setError)
      .finally(() => setBusy(false));
  };
  return { error, busy, send };
}
