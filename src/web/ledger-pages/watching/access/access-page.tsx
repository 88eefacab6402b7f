/** Access: who read what, exported, searched, signed in, changed something or was refused, day by day; for those who may audit readers. */

import { useMemo } from "preact/hooks";
import { formatCount, formatTime } from "../../../parts/format.ts";
import { Loading } from "../../../parts/loading.tsx";
import { Mark } from "../../../parts/mark.tsx";
import { When } from "../../../parts/when.tsx";
import type { EventAnswer, LedgerAnswer } from "../../answers.ts";
import { ApiError } from "../../frame/api-error.ts";
import { useLedgerNames } from "../../frame/bar.tsx";
import { MissingRole } from "../../frame/missing-role.tsx";
import { Trouble } from "../../frame/trouble.tsx";
import { useOwnKey } from "../../live/own-key.ts";
import { usePath } from "../../live/polling.ts";
import { useReach } from "../../live/service-reachable.tsx";
import type { Route } from "../../route.ts";
import { AccessDay } from "./access-day.tsx";
import { type AccessFilter, AccessFilterBar, accessFilterOf, accessQuery, goToAccesses } from "./access-filter.tsx";
import { ACCESS_KINDS } from "./access-words.ts";
import { type Accesses, useAccesses } from "./use-accesses.ts";

const READY_MS = 30_000;

type Props = { readonly route: Route; readonly ledger: LedgerAnswer };

export function AccessPage({ route, ledger: { name } }: Props) {
  const { isLost } = useReach();
  const own = useOwnKey();
  const may = own?.permissions.includes("accessRead");
  const ledgers = useLedgerNames();
  const filter = accessFilterOf(route);
  const accesses = useAccesses(may === true ? accessQuery(filter).toString() : undefined);
  if (own !== undefined && may === false)
    return <MissingRole what="see who read what" roles={["auditor", "admin"]} own={own} />;
  const { pages, error } = accesses;
  return (
    <div class="stack">
      <div class="lead">
        <h1>Who read what</h1>
        <p class="muted">
          The service records who reads and changes its ledgers in one of its own, sealed and anchored like any other.
          Looking here is recorded, too.
        </p>
      </div>
      <Recording />
      <AccessFilterBar ledger={name} filter={filter} ledgers={ledgers} />
      <Failure error={error} />
      {pages.length === 0 && (error === undefined || isLost) ? <Loading what="the accesses" /> : null}
      {pages.length === 0 ? null : <Found ledger={name} filter={filter} accesses={accesses} />}
    </div>
  );
}

/** Where nothing is recorded, what is not here says nothing. */
function Recording() {
  const { value } = usePath<{ readonly notices: readonly { readonly code: string; readonly detail: string }[] }>(
    "/readyz",
    READY_MS,
  );
  const about = (value?.notices ?? []).filter(({ code }) => code.startsWith("access_"));
  return (
    <>
      {about.map(({ code, detail }) => (
        <p class="note wait" role="status" key={code}>
          <span>
            <Mark kind="warn">What happens now is not recorded</Mark> {detail}
          </span>
        </p>
      ))}
    </>
  );
}

function Failure({ error }: { readonly error: Error | undefined }) {
  if (!(error instanceof ApiError && error.code === "ledger_unknown")) return <Trouble error={error} />;
  return (
    <section class="empty" role="alert">
      <h2>Nothing is recorded of who reads what</h2>
      <p>
        The configuration turns it off (<code>"access": "off"</code>), and it never was on: nobody knows who read what.
      </p>
    </section>
  );
}

type FoundProps = { readonly ledger: string; readonly filter: AccessFilter; readonly accesses: Accesses };

function Found({ ledger, filter, accesses: { pages, reload, answeredAt, loadOlder } }: FoundProps) {
  const [first] = pages;
  const events = useMemo(() => pages.flatMap((page) => page.events), [pages]);
  const last = pages.at(-1);
  const unsearchable = first === undefined ? 0 : first.size - (first.searchableSize ?? first.size);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const onKey = (key: string) => goToAccesses(ledger, { ...filter, key });
  return (
    <>
      <p class="row">
        <button type="button" class="button" onClick={reload}>
          Look again
        </button>
        <span class="muted small" role="status">
          {answeredAt === undefined ? null : (
            <>
              As of <When ms={answeredAt} zone />
            </>
          )}
          ; what is read within a minute is told together, so the last minute may be missing
          {unsearchable > 0 ? `, and ${formatCount(unsearchable)} are not searchable yet` : ""}.
        </span>
      </p>
      <RefusedBesides filter={filter} ledger={ledger} />
      {events.length === 0 ? <None isFiltered={isFiltered} isAll={last?.next === null} /> : null}
      {byDay(events).map(([day, own]) => (
        <AccessDay key={day} day={day} events={own} onKey={onKey} />
      ))}
      {typeof last?.next === "string" ? (
        <p>
          <button type="button" class="button" onClick={loadOlder}>
            Older accesses
          </button>
        </p>
      ) : null}
    </>
  );
}

/** What a key did, and what was refused to it, are found by two filters. */
function RefusedBesides({ ledger, filter }: Pick<FoundProps, "ledger" | "filter">) {
  const { key, kind } = filter;
  if (key === undefined || kind === "holdfast.access.refused") return null;
  return (
    <p class="small">
      This is what the key did.{" "}
      <button
        type="button"
        class="button small"
        onClick={() => goToAccesses(ledger, { ...filter, on: undefined, kind: "holdfast.access.refused" })}
      >
        What was refused to it
      </button>
    </p>
  );
}

function None({ isFiltered, isAll }: { readonly isFiltered: boolean; readonly isAll: boolean }) {
  if (!isAll) return <p class="muted">None among those that were looked at so far; there are older ones.</p>;
  return (
    <section class="empty">
      <h2>{isFiltered ? "Nothing of the kind was recorded" : "Nothing was recorded yet"}</h2>
      <p class="muted">
        {isFiltered
          ? `All of the ledger was looked at. Other kinds there are: ${ACCESS_KINDS.map(([, word]) => word).join(", ")}.`
          : "Whoever reads is told here within a minute."}
      </p>
    </section>
  );
}

/** In their order, by the day on which they were recorded (UTC). */
function byDay(events: readonly EventAnswer[]): readonly (readonly [day: string, own: readonly EventAnswer[]])[] {
  const days = new Map<string, EventAnswer[]>();
  for (const event of events) {
    const day = formatTime(event.recordedAt).slice(0, 10);
    const own = days.get(day);
    if (own === undefined) days.set(day, [event]);
    else own.push(event);
  }
  return [...days];
}
