/** One source: what came of it, by key and format, and its keys, which are changed and ended here. */

import { formatBytes, formatCount, formatRate } from "../../parts/format.ts";
import { MarkShape } from "../../parts/mark.tsx";
import { Ago } from "../../parts/when.tsx";
import type { SourceAnswer } from "../answers.ts";
import { filterQuery } from "../events/filter/filter.ts";
import { routeHash } from "../route.ts";
import { SourceKeys } from "./source-keys.tsx";
import { Quarantined, Refused, Skew } from "./source-table.tsx";
import { eventsHref, keysWord, sourcesHref } from "./source-words.ts";

type Props = {
  readonly ledger: string;
  readonly name: string;
  /** Undefined when there is none of that name. */
  readonly source: SourceAnswer | undefined;
  readonly now: number;
  readonly onChange: () => void;
};

export function SourceDetail({ ledger, name, source, now, onChange }: Props) {
  return (
    <>
      <p>
        <a class="button small" href={sourcesHref(ledger)}>
          All sources
        </a>
      </p>
      <h1>{name}</h1>
      {source === undefined ? (
        <section class="empty">
          <p class="muted">No source of this name has a key for this ledger, or has sent anything to it.</p>
        </section>
      ) : (
        <>
          {keysWord(source, now).kind === "bad" ? <UsedAfterEnd /> : null}
          <Facts ledger={ledger} source={source} now={now} />
          <SourceKeys ledger={ledger} source={source} now={now} onChange={onChange} />
        </>
      )}
    </>
  );
}

/** Most senders drop what they are refused, so this is no small thing. */
function UsedAfterEnd() {
  return (
    <p class="note bad" role="alert">
      <span class="bad">
        <MarkShape kind="bad" />
      </span>
      <span>
        <b>A key of this source is used after its end.</b> What comes with it is refused, and most senders drop what
        they are refused. Give the sender a live key.
      </span>
    </p>
  );
}

function Facts({
  ledger,
  source,
  now,
}: {
  readonly ledger: string;
  readonly source: SourceAnswer;
  readonly now: number;
}) {
  const { recorded, duplicates, bytes, perMinute, lastSeen, skewMs, received } = source;
  const byFormat = received.map(({ format, key, recorded: count }) => ({ format, key, count }));
  return (
    <section class="card">
      <div class="row between">
        <h2>What came</h2>
        <a class="button small" href={eventsHref(ledger, source.source)}>
          Its events
        </a>
      </div>
      <dl class="facts">
        <dt>Last seen</dt>
        <dd>{lastSeen === undefined ? <span class="muted">never</span> : <Ago ms={lastSeen} now={now} />}</dd>
        <dt>Rate</dt>
        <dd>{formatRate(perMinute)} events a minute, over the last ten</dd>
        <dt>Recorded</dt>
        <dd>
          {formatCount(recorded)}, in {formatBytes(bytes)}
        </dd>
        <dt>Quarantined</dt>
        <dd>
          <Quarantined ledger={ledger} source={source} />
        </dd>
        <dt>Refused</dt>
        <dd>
          <WhyRefused source={source} now={now} />
        </dd>
        <dt>Sent again</dt>
        <dd>{formatCount(duplicates)}</dd>
        <dt>Clock</dt>
        <dd>
          <Skew ms={skewMs} />
        </dd>
        {byFormat.length === 0 ? null : (
          <>
            <dt>Comes as</dt>
            <dd>
              {byFormat.map(({ format, key, count }) => (
                <div key={`${format} ${key}`}>
                  <a
                    href={routeHash({
                      ledger,
                      page: "events",
                      query: filterQuery(key === "" ? { format } : { format, key }),
                    })}
                  >
                    {format}
                  </a>{" "}
                  <span class="muted small">
                    {formatCount(count)}
                    {key === "" ? "" : ` with ${key.slice(0, 8)}`}
                  </span>
                </div>
              ))}
            </dd>
          </>
        )}
      </dl>
    </section>
  );
}

/** How many requests, and why the last one; what was in it is kept nowhere. */
function WhyRefused({ source, now }: { readonly source: SourceAnswer; readonly now: number }) {
  const { lastRefused } = source;
  const path = lastRefused?.path ?? "";
  return (
    <>
      <Refused source={source} now={now} />
      {lastRefused === undefined ? null : (
        <span class="muted small">
          {" "}
          requests, the last for <code>{lastRefused.code}</code>
          {path === "" ? null : " at "}
          {path === "" ? null : <code>{path}</code>}, <Ago ms={lastRefused.at} now={now} />
        </span>
      )}
    </>
  );
}
