/** All sources: when each was last seen, how much of what came, how its clock is, and the state of its keys. */

import { formatBytes, formatCount, formatRate, formatSpan } from "../../parts/format.ts";
import { Mark } from "../../parts/mark.tsx";
import { Ago } from "../../parts/when.tsx";
import type { SourceAnswer } from "../answers.ts";
import { useReach } from "../live/service-reachable.tsx";
import { eventsHref, isAhead, keysWord, skewWords, sourcesHref } from "./source-words.ts";

type RowProps = { readonly ledger: string; readonly source: SourceAnswer; readonly now: number };

function Keys({ source, now }: Omit<RowProps, "ledger">) {
  const { isLost } = useReach();
  const { kind, word } = keysWord(source, now);
  // What is good is so as far as was known.
  if (isLost && kind === "good") return <Mark kind="none">{word} before</Mark>;
  return <Mark kind={kind}>{word}</Mark>;
}

export function Skew({ ms }: { readonly ms: number | undefined }) {
  if (ms === undefined) return <span class="muted">–</span>;
  return isAhead(ms) ? <Mark kind="warn">{skewWords(ms)}</Mark> : <span>{skewWords(ms)}</span>;
}

export function Quarantined({ ledger, source }: Omit<RowProps, "now">) {
  if (source.quarantined === 0) return <span>0</span>;
  return (
    <span>
      <a href={eventsHref(ledger, source.source, true)}>
        <Mark kind="warn">{formatCount(source.quarantined)}</Mark>
      </a>
    </span>
  );
}

export function Refused({ source, now }: Omit<RowProps, "ledger">) {
  const { refused, lastRefused } = source;
  if (refused === 0) return <span>0</span>;
  const place = lastRefused?.path === undefined || lastRefused.path === "" ? "" : ` at ${lastRefused.path}`;
  const last = lastRefused && `${lastRefused.code}${place}, ${formatSpan(Math.max(0, now - lastRefused.at))} ago`;
  return (
    <span title={last === undefined ? undefined : `the last: ${last}`}>
      <Mark kind="warn">{formatCount(refused)}</Mark>
    </span>
  );
}

/** In a narrow window each cell is a line, and those that say nothing are left out. */
function unless(saysSomething: boolean): string {
  return saysSomething ? "" : "nothing";
}

function Row({ ledger, source, now }: RowProps) {
  const { recorded, duplicates, bytes, perMinute, lastSeen, skewMs } = source;
  const isAlarming = keysWord(source, now).kind === "bad";
  return (
    <tr class={isAlarming ? "alarming" : undefined}>
      <td data-label="Source">
        <span>
          <a href={sourcesHref(ledger, { source: source.source })}>
            <b>{source.source}</b>
          </a>
        </span>
      </td>
      <td class="nowrap" data-label="Last seen">
        {lastSeen === undefined ? <span class="muted">never</span> : <Ago ms={lastSeen} now={now} />}
      </td>
      <td class={`number nowrap ${unless(perMinute > 0)}`} data-label="Rate">
        {formatRate(perMinute)}/min
      </td>
      <td class={`number ${unless(recorded > 0)}`} data-label="Recorded">
        <span>{recorded === 0 ? "0" : <a href={eventsHref(ledger, source.source)}>{formatCount(recorded)}</a>}</span>
      </td>
      <td class={`number ${unless(source.quarantined > 0)}`} data-label="Quarantined">
        <Quarantined ledger={ledger} source={source} />
      </td>
      <td class={`number ${unless(source.refused > 0)}`} data-label="Refused">
        <Refused source={source} now={now} />
      </td>
      <td class={`number ${unless(duplicates > 0)}`} data-label="Sent again">
        {formatCount(duplicates)}
      </td>
      <td class={`nowrap ${unless(skewMs !== undefined)}`} data-label="Clock">
        <Skew ms={skewMs} />
      </td>
      <td class={`number nowrap ${unless(bytes > 0)}`} data-label="Received">
        {formatBytes(bytes)}
      </td>
      <td data-label="Keys">
        <Keys source={source} now={now} />
      </td>
    </tr>
  );
}

type Props = { readonly ledger: string; readonly sources: readonly SourceAnswer[]; readonly now: number };

export function SourceTable({ ledger, sources, now }: Props) {
  return (
    <div class="stacking">
      <table class="cards sources">
        <thead>
          <tr>
            <th>Source</th>
            <th>Last seen</th>
            <th class="number">Rate</th>
            <th class="number">Recorded</th>
            <th class="number" title="Recorded as it came, because nothing sure could be made of it">
              Quarantined
            </th>
            <th class="number" title="Requests that were refused for what was in them: nothing of them is recorded">
              Refused
            </th>
            <th class="number" title="Had been recorded before, and was recognised">
              Sent again
            </th>
            <th title="How long before it was received the newest event says that it happened: delay and clock together">
              Clock
            </th>
            <th class="number">Received</th>
            <th>Keys</th>
          </tr>
        </thead>
        <tbody>
          {sources.map((source) => (
            <Row key={source.source} ledger={ledger} source={source} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
