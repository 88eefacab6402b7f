/** Events: filters on top, the list below, and beside it the one that is open. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatCount } from "../../parts/format.ts";
import { Loading } from "../../parts/loading.tsx";
import type { LedgerAnswer } from "../answers.ts";
import { isRefusal } from "../client.ts";
import { ExportButton } from "../downloads/export-button.tsx";
import { SetButton } from "../downloads/set-button.tsx";
import { useKeys } from "../frame/keys.ts";
import { ProblemPage } from "../frame/problem-page.tsx";
import { Trouble } from "../frame/trouble.tsx";
import { LiveBar } from "../live/live-bar.tsx";
import { useScrolledAway } from "../live/scrolled-away.ts";
import { FirstEvent } from "../overview/first-event.tsx";
import { type Route, routeHash } from "../route.ts";
import { goTo } from "../router.ts";
import { EventDetail } from "./event-detail.tsx";
import { type EventList, useEventList } from "./event-list.ts";
import { EventTable } from "./event-table.tsx";
import { filterOf, filterQuery, isEmpty, notHeld, type UrlFilter } from "./filter/filter.ts";
import { FilterBar } from "./filter/filter-bar.tsx";
import { NotHeld, SavedSearches } from "./filter/saved-searches.tsx";

type Neighbours = { readonly newer: number | undefined; readonly older: number | undefined };

function neighboursOf(list: EventList, open: number | undefined): Neighbours {
  const events = list.events ?? [];
  const at = events.findIndex(({ index }) => index === open);
  if (at < 0) return { newer: undefined, older: events[0]?.index };
  return { newer: events[at - 1]?.index, older: events[at + 1]?.index };
}

/** Where an open event takes the place of the list, it begins at its top, and the list is as it was afterwards. */
function useScrollMemory(open: number | undefined): void {
  const before = useRef(0);
  const wasOpen = useRef(open !== undefined);
  useEffect(() => {
    const isOpen = open !== undefined;
    if (isOpen && !wasOpen.current) before.current = scrollY;
    if (isOpen !== wasOpen.current && !matchMedia("(min-width: 1081px)").matches)
      scrollTo(0, isOpen ? 0 : before.current);
    wasOpen.current = isOpen;
  }, [open]);
}

/** j and k go down and up the list, and load more of it at its ends; Escape closes what is open. */
function useListKeys(route: Route, { newer, older }: Neighbours, list: EventList): void {
  const { loadNewer, loadOlder } = list;
  const go = (item: number | undefined, more: () => void) => (item === undefined ? more() : goTo({ ...route, item }));
  const keys: Record<string, () => void> = { j: () => go(older, loadOlder), k: () => go(newer, loadNewer) };
  if (route.item !== undefined) keys.Escape = () => goTo({ ...route, item: undefined });
  useKeys(keys);
}

/** The row of what is open is brought into sight. */
function useRowInSight(open: number | undefined, isListed: boolean): void {
  useEffect(() => {
    if (open === undefined || !isListed) return;
    const row = document.querySelector(`tr[data-index="${open}"]`);
    const box = row?.getBoundingClientRect();
    // Where the event takes the place of the list, the row has no height.
    if (row == null || box === undefined || box.height === 0) return;
    if (box.top < 0 || box.bottom > innerHeight) row.scrollIntoView({ block: "center" });
  }, [open, isListed]);
}

/** Above a list that shows what lies around an old event. */
function AwayFromNewest({ list }: { readonly list: EventList }) {
  return (
    <div class="row between">
      <span class="muted small">What was recorded before and after an old event</span>
      <span class="row">
        {list.hasNewer ? (
          <button type="button" class="button small" onClick={list.loadNewer} disabled={list.isLoading}>
            Newer events
          </button>
        ) : null}
        <button type="button" class="button small" onClick={list.toNewest}>
          To the newest
        </button>
      </span>
    </div>
  );
}

/** Which entries the list is about; others may have more of what is looked for. */
function lookedWords({ lookedAt, hasOlder, hasNewer }: EventList): string | undefined {
  if (lookedAt === undefined) return undefined;
  const { from, to } = lookedAt;
  if (from >= to) return "Looked for in no entry: there is none.";
  const sides = [hasOlder ? "older" : "", hasNewer ? "newer" : ""].filter((side) => side !== "").join(" and ");
  const left = sides === "" ? "" : ` only, not in ${sides} ones yet`;
  return `Looked for in entries ${formatCount(from)} to ${formatCount(to - 1)}${left}.`;
}

type ListProps = {
  readonly list: EventList;
  readonly ledger: LedgerAnswer;
  readonly route: Route;
  readonly filter: UrlFilter;
};

function List({ list, ledger, route, filter }: ListProps) {
  const { events } = list;
  if (events === undefined) return list.error === undefined ? <Loading what="events" /> : null;
  if (events.length === 0 && list.hasOlder) {
    return (
      <section class="empty">
        <p class="muted">Nothing found so far. {lookedWords(list) ?? "The search has not come to the end yet."}</p>
        <p>
          <button type="button" class="button" onClick={list.loadOlder} disabled={list.isLoading}>
            Search further back
          </button>
        </p>
      </section>
    );
  }
  if (events.length === 0) {
    if (isEmpty(filter)) return <FirstEvent ledger={ledger.name} onSent={list.reload} />;
    return (
      <section class="empty">
        <h2>No event matches</h2>
        {filter.text === undefined ? null : <p class="muted">{lookedWords(list)}</p>}
        <p class="muted">
          <i>Text</i> finds any part of a message, an id, a name or the text that came. All else matches as a whole:{" "}
          <code>user.login</code> does not find <code>user.login.failed</code>, but <code>user.*</code> finds both. An
          actor or target is an id, or its type and id: <code>user:u1</code>.
        </p>
      </section>
    );
  }
  return (
    <div class="stack tight">
      {list.follows ? null : <AwayFromNewest list={list} />}
      <EventTable
        events={events}
        ledger={ledger}
        open={route.item}
        seenBelow={list.seenBelow}
        query={filterQuery(filter)}
      />
      <div class="row between">
        <span class="muted small">
          {formatCount(events.length)} shown{isEmpty(filter) ? ` of ${formatCount(ledger.size)}` : ""}, newest first
          {ledger.finalSize === 0 ? "" : `; entries below ${formatCount(ledger.finalSize)} are final`}
          {list.unsearchable > 0 ? `; ${formatCount(list.unsearchable)} not searchable yet` : ""}
          {filter.text === undefined ? "" : `. ${lookedWords(list) ?? ""}`}
        </span>
        {list.hasOlder ? (
          <button type="button" class="button" onClick={list.loadOlder} disabled={list.isLoading}>
            {list.isLoading ? "Searching …" : "Older events"}
          </button>
        ) : null}
      </div>
    </div>
  );
}

/** What is found, to be taken away. */
function TakeAway({ list, ledger, filter }: Omit<ListProps, "route">) {
  if (list.events === undefined || list.events.length === 0) return null;
  return (
    <>
      <SetButton ledger={ledger} filter={filter} />
      <ExportButton ledger={ledger} filter={filter} />
    </>
  );
}

export function EventsPage({ route, ledger }: { readonly route: Route; readonly ledger: LedgerAnswer }) {
  const text = route.query.toString();
  const filter = useMemo(() => filterOf(new URLSearchParams(text)), [text]);
  const left = notHeld(route.query);
  const results = useRef<HTMLDivElement>(null);
  const [isLive, setLive] = useState(false);
  const isAway = useScrolledAway(results);
  const list = useEventList(route.ledger, filter, route.item, { isOn: isLive, isPaused: isAway });
  const neighbours = neighboursOf(list, route.item);
  useListKeys(route, neighbours, list);
  useRowInSight(route.item, list.events?.some(({ index }) => index === route.item) ?? false);
  useScrollMemory(route.item);
  const hrefOf = (item: number | undefined) => routeHash({ ...route, item, query: filterQuery(filter) });
  const to = (item: number | undefined) => (item === undefined ? undefined : hrefOf(item));
  return (
    <div class={route.item === undefined ? "events-page" : "events-page has-detail"}>
      {list.events === undefined && isRefusal(list.error) ? (
        <div class="events-side">
          <ProblemPage route={route} error={list.error} />
        </div>
      ) : (
        <div class="stack events-side">
          <FilterBar
            filter={filter}
            onDone={() => results.current?.focus()}
            onFilter={(next) =>
              goTo({
                ...route,
                item: undefined,
                query: filterQuery(filterOf(new URLSearchParams(next as Record<string, string>))),
              })
            }
          />
          <SavedSearches ledger={route.ledger} filter={filter} query={route.query} />
          <Trouble error={list.error} />
          <div class="results" ref={results} tabIndex={-1}>
            {left.length > 0 ? (
              <NotHeld parts={left} onWithout={() => goTo({ ...route, query: filterQuery(filter) })} />
            ) : (
              <>
                <LiveBar
                  isOn={isLive}
                  following={list.following}
                  isPaused={isAway || !list.follows}
                  onSwitch={() => setLive(!isLive)}
                  onShow={() => {
                    if (!list.follows) list.toNewest();
                    results.current?.scrollIntoView();
                  }}
                />
                <List list={list} ledger={ledger} route={route} filter={filter} />
              </>
            )}
          </div>
          {left.length > 0 ? null : <TakeAway list={list} ledger={ledger} filter={filter} />}
        </div>
      )}
      {route.item === undefined ? null : (
        <EventDetail
          ledger={ledger}
          index={route.item}
          listed={list.events?.find(({ index }) => index === route.item)}
          closeHref={hrefOf(undefined)}
          newer={to(neighbours.newer)}
          older={to(neighbours.older)}
        />
      )}
    </div>
  );
}
