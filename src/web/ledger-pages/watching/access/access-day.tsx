/** The accesses of one day, each with who, what, where from, and the entry that proves it. */

import { formatCount, formatTime } from "../../../parts/format.ts";
import { Mark } from "../../../parts/mark.tsx";
import { Said } from "../../../parts/text/said.tsx";
import type { EventAnswer } from "../../answers.ts";
import { partyName } from "../../events/event-words.ts";
import { routeHash } from "../../route.ts";
import { ACCESS_LEDGER, type AccessWords, type AskedQuery, accessWords, type RefusedRow } from "./access-words.ts";

/** Queries and ranges that are shown of one access; its entry has all of them. */
const SHOWN = 5;

type Props = {
  /** 2026-11-28 */
  readonly day: string;
  readonly events: readonly EventAnswer[];
  readonly onKey: (key: string) => void;
};

export function AccessDay({ day, events, onKey }: Props) {
  return (
    <section class="card stack tight wrapping">
      <h2>
        <time dateTime={day}>{day}</time>{" "}
        <span class="muted small normal">UTC, {formatCount(events.length)} shown</span>
      </h2>
      <div class="stacking">
        <table class="cards accesses">
          <thead>
            <tr>
              <th>Recorded</th>
              <th>Who</th>
              <th>What</th>
              <th>Ledger</th>
              <th>From</th>
              <th class="number">Proof</th>
            </tr>
          </thead>
          <tbody>
            {events.map((item) => (
              <AccessRow key={item.index} item={item} onKey={onKey} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

type RowProps = { readonly item: EventAnswer; readonly onKey: (key: string) => void };

function AccessRow({ item: { index, recordedAt, event }, onKey }: RowProps) {
  const words = accessWords(event);
  const time = formatTime(recordedAt);
  const from = addressOf(event.context);
  return (
    <tr>
      <td data-label="Recorded" class="nowrap">
        <time dateTime={`${time}Z`} title={`${time} UTC`}>
          {time.slice(11)}
        </time>
      </td>
      <td data-label="Who">
        <Who actor={event.actor} onKey={onKey} />
      </td>
      <td data-label="What">
        <What words={words} onKey={onKey} />
      </td>
      <td data-label="Ledger" class={words.ledger === undefined ? "nothing" : ""}>
        {words.ledger === undefined ? <span class="muted">–</span> : <Said text={words.ledger} />}
      </td>
      <td data-label="From" class={from === undefined ? "nothing" : "nowrap"}>
        {from === undefined ? <span class="muted">–</span> : <Said text={from} />}
      </td>
      <td data-label="Proof" class="number">
        <span>
          <a href={routeHash({ ledger: ACCESS_LEDGER, page: "events", item: index })} aria-label={`Entry ${index}`}>
            {formatCount(index)}
          </a>
        </span>
      </td>
    </tr>
  );
}

type WhoProps = { readonly actor: unknown; readonly onKey: (key: string) => void };

function Who({ actor, onKey }: WhoProps) {
  const { type, id } = (typeof actor === "object" && actor !== null ? actor : {}) as Record<string, unknown>;
  if (type !== "key" || typeof id !== "string") return <span class="muted">the service</span>;
  return (
    <span>
      <b>
        <Said text={partyName(actor) ?? "a key"} />
      </b>{" "}
      <KeyButton id={id} onKey={onKey} />
    </span>
  );
}

function KeyButton({ id, onKey }: { readonly id: string; readonly onKey: (key: string) => void }) {
  return (
    <button type="button" class="key-link mono" title="Only what this key did" onClick={() => onKey(id)}>
      {id}
    </button>
  );
}

function addressOf(context: unknown): string | undefined {
  const { ip } = (typeof context === "object" && context !== null ? context : {}) as Record<string, unknown>;
  return typeof ip === "string" ? ip : undefined;
}

/** A query as people read it, without the signs that an address needs. */
function readable(query: string): string {
  return [...new URLSearchParams(query)].map(([name, value]) => `${name}=${value}`).join(" & ");
}

function What({ words, onKey }: { readonly words: AccessWords; readonly onKey: (key: string) => void }) {
  const { deed, mark, count, indexes, notes, queries, refused, ledger } = words;
  const times = count > 1 ? ` ${formatCount(count)} times` : "";
  return (
    <div class="access-what">
      <p>
        {mark === undefined ? deed : <Mark kind={mark}>{deed}</Mark>}
        {times}
        {indexes === undefined ? null : <Indexes ledger={ledger} text={indexes} />}
      </p>
      {notes.length === 0 ? null : (
        <p class="muted small">
          <Said text={notes.join(", ")} />
        </p>
      )}
      <Queries ledger={ledger} queries={queries} />
      <Refused rows={refused} onKey={onKey} />
    </div>
  );
}

/** The entries that were read, each range with the way to its first one. */
function Indexes({ ledger, text }: { readonly ledger: string | undefined; readonly text: string }) {
  const parts = text.split(",");
  return (
    <span>
      : {parts.length === 1 && !text.includes("-") ? "entry " : "entries "}
      {parts.slice(0, SHOWN).map((part, i) => (
        <span key={part}>
          {i === 0 ? "" : ", "}
          {ledger === undefined ? (
            part
          ) : (
            <a href={routeHash({ ledger, page: "events", item: Number.parseInt(part, 10) })}>{part}</a>
          )}
        </span>
      ))}
      {parts.length > SHOWN ? ` and ${formatCount(parts.length - SHOWN)} more ranges` : ""}
    </span>
  );
}

type QueriesProps = { readonly ledger: string | undefined; readonly queries: readonly AskedQuery[] };

function Queries({ ledger, queries }: QueriesProps) {
  if (queries.length === 0) return null;
  return (
    <ul class="values plain small">
      {queries.slice(0, SHOWN).map(({ query, count }) => (
        <li key={query}>
          {ledger === undefined ? (
            <code>
              <Said text={readable(query)} />
            </code>
          ) : (
            <a href={routeHash({ ledger, page: "events", query: new URLSearchParams(query) })}>
              <code>
                <Said text={readable(query)} />
              </code>
            </a>
          )}
          {count > 1 ? <span class="muted"> {formatCount(count)} times</span> : null}
        </li>
      ))}
      {queries.length > SHOWN ? <li class="muted">and {formatCount(queries.length - SHOWN)} other queries</li> : null}
    </ul>
  );
}

type RefusedProps = { readonly rows: readonly RefusedRow[]; readonly onKey: (key: string) => void };

function Refused({ rows, onKey }: RefusedProps) {
  if (rows.length === 0) return null;
  return (
    <ul class="values plain small">
      {rows.slice(0, SHOWN).map(({ key, from, code, route, count }) => (
        <li key={`${key}/${from}/${code}/${route}`}>
          {formatCount(count)} × <code>{code ?? "refused"}</code>{" "}
          <span class="muted">
            <Said text={route ?? ""} />
          </span>
          {key === undefined ? " without a key that is known" : " with the key "}
          {key === undefined ? null : <KeyButton id={key} onKey={onKey} />}
          {from === undefined ? "" : " from "}
          {from === undefined ? null : <Said text={from} />}
        </li>
      ))}
      {rows.length > SHOWN ? <li class="muted">and {formatCount(rows.length - SHOWN)} other kinds</li> : null}
    </ul>
  );
}
