/**
 * The accesses that a filter finds, the newest first, page by page. They are asked for once and when somebody asks again: reading them
 * leaves a trace among them.
 */

import { useCallback, useEffect, useState } from "preact/hooks";
import type { EventsAnswer } from "../../answers.ts";
import { ledgerPath } from "../../client.ts";
import { type Polled, usePolled } from "../../live/polling.ts";
import { useSession } from "../../session.tsx";
import { ACCESS_LEDGER } from "./access-words.ts";

const PAGE = 100;

export type Accesses = Pick<Polled<unknown>, "error" | "reload" | "answeredAt"> & {
  readonly pages: readonly EventsAnswer[];
  readonly loadOlder: () => void;
};

/** @param query as the search of events takes it; undefined asks nothing */
export function useAccesses(query: string | undefined): Accesses {
  const { client } = useSession();
  const ask = useCallback(
    (more: string, signal?: AbortSignal) =>
      client.json<EventsAnswer>(ledgerPath(ACCESS_LEDGER, `/events?order=desc&limit=${PAGE}&${query}${more}`), signal),
    [client, query],
  );
  const load = useCallback(
    async (signal: AbortSignal) => (query === undefined ? undefined : { query, page: await ask("", signal) }),
    [ask, query],
  );
  const newest = usePolled(load, undefined);
  const [older, setOlder] = useState<readonly EventsAnswer[]>([]);
  const [error, setError] = useState<Error | undefined>(undefined);
  // What is older than another beginning is asked for anew.
  useEffect(() => {
    setOlder([]);
    setError(undefined);
  }, [newest.value]);
  // Of another filter, until this one's has come.
  const first = newest.value?.query === query ? newest.value?.page : undefined;
  const pages = first === undefined ? [] : [first, ...older];
  const next = pages.at(-1)?.next;
  const loadOlder = () => {
    if (typeof next !== "string") return;
    setError(undefined);
    ask(`&after=${encodeURIComponent(next)}`).then((page) => setOlder((before) => [...before, page]), setError);
  };
  const { reload, answeredAt } = newest;
  return { pages, error: newest.error ?? error, reload, answeredAt, loadOlder };
}
