/**
 * The list of events, newest first: it follows the ledger as it grows, by asking or live, and goes back in time page by page; or, when an
 * old event is opened by a link, it shows what lies around that one. Pages are cut by index, so nothing is shown twice or
 * skipped while new events come in.
 */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { EventAnswer, EventsAnswer, LookedAt } from "../answers.ts";
import { type Client, ledgerPath } from "../client.ts";
import { type Following, useFollowing } from "../live/following.ts";
import { usePolled } from "../live/polling.ts";
import { useSession } from "../session.tsx";
import { type AskPage, addNewer, addOlder, isBeyond, useEventWindow } from "./event-window.ts";
import { filterParameters, type UrlFilter } from "./filter/filter.ts";
import { hasOlder, type Loaded, mergeNewest, mergeOlder, putArrived } from "./join-pages.ts";

const PAGE = 50;
const POLL_MS = 2000;
/** Rows that live mode keeps; older ones are asked for again. */
const LIVE_ROWS = 200;

/** Whether the list is live, and whether what comes has to wait. */
export type Live = { readonly isOn: boolean; readonly isPaused: boolean };

export type EventList = {
  readonly events: readonly EventAnswer[] | undefined;
  readonly hasOlder: boolean;
  /** Whether there is more on the newer side; then the list does not follow the ledger. */
  readonly hasNewer: boolean;
  /** Whether it begins at the newest event. */
  readonly follows: boolean;
  readonly isLoading: boolean;
  readonly error: Error | undefined;
  /** Recorded entries that the index of the search does not have yet. */
  readonly unsearchable: number;
  /** Entries below this index were there when the list was opened; those from it on came while it was watched. */
  readonly seenBelow: number;
  /** Entries that it has been looked at; of them all that match are in the list. */
  readonly lookedAt: LookedAt | undefined;
  readonly following: Following;
  readonly loadOlder: () => void;
  readonly loadNewer: () => void;
  readonly toNewest: () => void;
  readonly reload: () => void;
};

type Question = { readonly client: Client; readonly ledger: string; readonly filter: UrlFilter };

async function loadPage(
  { client, ledger, filter }: Question,
  more: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<EventsAnswer> {
  const query = filterParameters(filter);
  for (const [name, value] of Object.entries({ order: "desc", limit: String(PAGE), ...more })) query.set(name, value);
  return client.json<EventsAnswer>(ledgerPath(ledger, `/events?${query}`), signal);
}

/** The newest pages, followed: by asking again and again, or live. */
function useNewest(question: Question, live: Live) {
  const [loaded, setLoaded] = useState<Loaded | undefined>(undefined);
  const seenBelow = useRef<number | undefined>(undefined);
  // Another question starts another list.
  useEffect(() => {
    setLoaded(undefined);
    seenBelow.current = undefined;
  }, [question]);
  const load = useCallback(
    async (signal: AbortSignal) => ({ page: await loadPage(question, {}, signal), question }),
    [question],
  );
  const polled = usePolled(load, live.isOn ? undefined : POLL_MS);
  // An answer can arrive in the moment in which another question is asked; it is not an answer to that one.
  const newest = polled.value?.question === question ? polled.value.page : undefined;
  useEffect(() => {
    if (newest === undefined) return;
    seenBelow.current ??= newest.size;
    setLoaded((before) => mergeNewest(before, newest));
  }, [newest]);
  const { ledger, filter } = question;
  const following = useFollowing({
    path: live.isOn ? ledgerPath(ledger, `/events/tail?${filterParameters(filter)}`) : undefined,
    from: newest === undefined ? undefined : (newest.searchableSize ?? newest.size),
    isPaused: live.isPaused,
    onEvents: useCallback(
      (events: readonly EventAnswer[]) => setLoaded((before) => before && putArrived(before, events, LIVE_ROWS)),
      [],
    ),
    most: LIVE_ROWS,
  });
  return { ...polled, newest, loaded, setLoaded, following, seenBelow: seenBelow.current };
}

/** What is loaded because somebody asks for more: one at a time. */
function useMore() {
  const [state, setState] = useState<{ busy: boolean; error: Error | undefined }>({ busy: false, error: undefined });
  const run = (work: () => Promise<void>) => {
    if (state.busy) return;
    setState({ busy: true, error: undefined });
    work().then(
      () => setState({ busy: false, error: undefined }),
      (error: Error) => setState({ busy: false, error }),
    );
  };
  return { ...state, run };
}

/** @param open index of the event that is open beside the list */
export function useEventList(ledger: string, filter: UrlFilter, open: number | undefined, live: Live): EventList {
  const { client } = useSession();
  const question = useMemo<Question>(() => ({ client, ledger, filter }), [client, ledger, filter]);
  const { newest, loaded, setLoaded, following, seenBelow, error, reload } = useNewest(question, live);
  const [center, setCenter] = useState<number | undefined>(undefined);
  const ask = useCallback<AskPage>((more) => loadPage(question, more), [question]);
  const { window, error: windowError, setWindow } = useEventWindow(ask, center);
  const more = useMore();
  const shown = center === undefined ? loaded : window;
  useEffect(() => setCenter(undefined), [question]);
  // Whom the reader has left for the newest ones, although it is still open.
  const left = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (open !== left.current) left.current = undefined;
    if (open === undefined || shown === undefined || open === left.current) return;
    if (isBeyond(shown, open)) setCenter(open);
  }, [open, shown]);
  const loadOlder = () => {
    if (window !== undefined) {
      more.run(async () => setWindow(await addOlder(ask, window)));
      return;
    }
    if (loaded === undefined || !hasOlder(loaded)) return;
    const { next, below } = loaded;
    more.run(async () => {
      const page = await ask(below === undefined ? { after: String(next) } : { to: String(below) });
      setLoaded((before) => (before?.next === next && before.below === below ? mergeOlder(before, page) : before));
    });
  };
  const loadNewer = () => {
    if (window !== undefined) more.run(async () => setWindow(await addNewer(ask, window)));
  };
  return {
    events: shown?.events,
    hasOlder: shown !== undefined && hasOlder(shown),
    hasNewer: typeof window?.newer === "string",
    follows: center === undefined,
    isLoading: more.busy,
    error: error ?? windowError ?? more.error,
    lookedAt: shown?.lookedAt,
    following,
    unsearchable: newest === undefined || live.isOn ? 0 : newest.size - (newest.searchableSize ?? newest.size),
    seenBelow: center === undefined && seenBelow !== undefined ? seenBelow : Number.MAX_SAFE_INTEGER,
    loadOlder,
    loadNewer,
    toNewest: () => {
      left.current = open;
      setCenter(undefined);
    },
    reload,
  };
}
