/**
 * The list of events, newest first: it follows the ledger as it grows and goes back in time page by page. Pages are
 * cut by index, so nothing is shown twice or skipped while new events come in.
 */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { EventAnswer, EventsAnswer } from "../answers.ts";
import { type Client, ledgerPath } from "../client.ts";
import { usePolled } from "../polling.ts";
import { useSession } from "../session.tsx";
import { type Filter, filterParameters } from "./filter.ts";
import { type Loaded, mergeNewest, mergeOlder } from "./loaded.ts";

const PAGE = 50;
const POLL_MS = 2000;

export type EventList = {
  readonly events: readonly EventAnswer[] | undefined;
  readonly hasOlder: boolean;
  readonly isLoading: boolean;
  readonly error: Error | undefined;
  /** Recorded entries that the index of the search does not have yet. */
  readonly unsearchable: number;
  /** Entries below this index were there when the list was opened; those from it on came while it was watched. */
  readonly seenBelow: number;
  readonly loadOlder: () => void;
  readonly reload: () => void;
};

async function loadPage(
  client: Client,
  ledger: string,
  filter: Filter,
  after: string | undefined,
  signal?: AbortSignal,
): Promise<EventsAnswer> {
  const query = filterParameters(filter);
  query.set("order", "desc");
  query.set("limit", String(PAGE));
  if (after !== undefined) query.set("after", after);
  return client.json<EventsAnswer>(ledgerPath(ledger, `/events?${query}`), signal);
}

export function useEventList(ledger: string, filter: Filter): EventList {
  const { client } = useSession();
  const [loaded, setLoaded] = useState<Loaded | undefined>(undefined);
  const [older, setOlder] = useState<{ busy: boolean; error: Error | undefined }>({ busy: false, error: undefined });
  const seenBelow = useRef<number | undefined>(undefined);
  const question = useMemo(() => ({ ledger, filter }), [ledger, filter]);
  // Another question starts another list.
  useEffect(() => {
    setLoaded(undefined);
    seenBelow.current = undefined;
  }, [question, client]);
  const load = useCallback(
    async (signal: AbortSignal) => {
      const page = await loadPage(client, question.ledger, question.filter, undefined, signal);
      return { page, question };
    },
    [client, question],
  );
  const polled = usePolled(load, POLL_MS);
  // An answer can arrive in the moment in which another question is asked; it is not an answer to that one.
  const newest = polled.value?.question === question ? polled.value.page : undefined;
  useEffect(() => {
    if (newest === undefined) return;
    seenBelow.current ??= newest.size;
    setLoaded((before) => mergeNewest(before, newest));
  }, [newest]);
  const loadOlder = () => {
    const after = loaded?.next;
    if (after === null || after === undefined || older.busy) return;
    setOlder({ busy: true, error: undefined });
    loadPage(client, ledger, filter, after).then(
      (page) => {
        setLoaded((before) => (before?.next === after ? mergeOlder(before, page) : before));
        setOlder({ busy: false, error: undefined });
      },
      (error: Error) => setOlder({ busy: false, error }),
    );
  };
  return {
    events: loaded?.events,
    hasOlder: loaded !== undefined && loaded.next !== null,
    isLoading: older.busy,
    error: polled.error ?? older.error,
    unsearchable: newest === undefined ? 0 : newest.size - (newest.searchableSize ?? newest.size),
    seenBelow: seenBelow.current ?? Number.MAX_SAFE_INTEGER,
    loadOlder,
    reload: polled.reload,
  };
}
