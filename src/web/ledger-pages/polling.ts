/** Answers that are asked for again and again while somebody looks; a hidden tab asks nothing. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { ApiError, type Client } from "./client.ts";
import { useSession } from "./session.tsx";

export type Polled<T> = {
  /** The newest answer; it stays when a later request fails. */
  readonly value: T | undefined;
  readonly error: Error | undefined;
  readonly reload: () => void;
};

/** Loads at once and then every `everyMs`; again from the start when `load` changes, so give one of useCallback. */
export function usePolled<T>(load: (signal: AbortSignal) => Promise<T>, everyMs: number): Polled<T> {
  const [state, setState] = useState<{ value: T | undefined; error: Error | undefined }>({
    value: undefined,
    error: undefined,
  });
  const [turn, setTurn] = useState(0);
  const { signOut } = useSession();
  // `turn` is not used here: another one asks for a new start.
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        if (!document.hidden) {
          const value = await load(stop.signal);
          if (!stop.signal.aborted) setState({ value, error: undefined });
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError && error.code === "key_invalid") signOut(error.message);
        else setState((before) => ({ ...before, error: error as Error }));
      }
      if (!stop.signal.aborted) timer = setTimeout(ask, everyMs);
    };
    void ask();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [load, everyMs, turn, signOut]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  return { ...state, reload };
}

/** Polls one path of the API; undefined asks nothing. */
export function usePath<T>(path: string | undefined, everyMs: number): Polled<T | undefined> {
  const { client } = useSession();
  const load = useCallback(
    async (signal: AbortSignal) => (path === undefined ? undefined : loadPath<T>(client, path, signal)),
    [client, path],
  );
  return usePolled(load, everyMs);
}

function loadPath<T>(client: Client, path: string, signal: AbortSignal): Promise<T> {
  return client.json<T>(path, signal);
}
