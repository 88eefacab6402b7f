/** Answers that are asked for again and again while somebody looks; a hidden tab asks nothing. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { ApiError } from "../frame/api-error.ts";
import { useSession } from "../session.tsx";

export type Polled<T> = {
  /** The newest answer; it stays when a later request fails. */
  readonly value: T | undefined;
  readonly error: Error | undefined;
  /** When the newest answer came, in milliseconds since 1970. */
  readonly answeredAt: number | undefined;
  readonly reload: () => void;
};

type State<T> = Omit<Polled<T>, "reload">;

/** After which an answer that is wanted once is asked for again, when it did not come. */
const AGAIN_MS = 2000;

/**
 * Loads at once and then every `everyMs`, or until it came once when that is undefined; again from the start when `load`
 * changes, so give one of useCallback.
 */
export function usePolled<T>(load: (signal: AbortSignal) => Promise<T>, everyMs: number | undefined): Polled<T> {
  const [state, setState] = useState<State<T>>({ value: undefined, error: undefined, answeredAt: undefined });
  const [turn, setTurn] = useState(0);
  const { signOut } = useSession();
  // `turn` is not used here: another one asks for a new start.
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasCome = false;
    const ask = async () => {
      try {
        if (!document.hidden) {
          const value = await load(stop.signal);
          hasCome = true;
          if (!stop.signal.aborted) setState({ value, error: undefined, answeredAt: Date.now() });
        }
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error instanceof ApiError && error.code === "key_invalid") signOut(error.message);
        else setState((before) => ({ ...before, error: error as Error }));
      }
      const isOver = stop.signal.aborted || (everyMs === undefined && hasCome);
      if (!isOver) timer = setTimeout(ask, everyMs ?? AGAIN_MS);
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

/**
 * Polls one path of the API; undefined asks nothing.
 * @param patienceMs after which an answer is no longer waited for, where that is less than for others
 */
export function usePath<T>(path: string | undefined, everyMs: number, patienceMs?: number): Polled<T | undefined> {
  const { client } = useSession();
  const load = useCallback(
    async (signal: AbortSignal) => (path === undefined ? undefined : client.json<T>(path, signal, patienceMs)),
    [client, path, patienceMs],
  );
  return usePolled(load, everyMs);
}
