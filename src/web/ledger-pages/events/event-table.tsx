/** The events as a table, in which exceptions stand out; in a narrow window each becomes three lines. */

import { formatCount, formatTime } from "../../parts/format.ts";
import { Mark, OutcomeMark, StageMark } from "../../parts/mark.tsx";
import { CutText } from "../../parts/text/cut-text.tsx";
import { Said } from "../../parts/text/said.tsx";
import { When } from "../../parts/when.tsx";
import type { EventAnswer, LedgerAnswer } from "../answers.ts";
import { routeHash } from "../route.ts";
import {
  actionText,
  happenedAt,
  isQuarantined,
  messageText,
  outcomeText,
  partyName,
  partyText,
  stageOf,
  targetsText,
} from "./event-words.ts";

type RowProps = {
  readonly item: EventAnswer;
  readonly href: string;
  readonly isOpen: boolean;
  readonly isFresh: boolean;
  readonly stage: "recorded" | "anchored" | "final";
};

type HappenedProps = { readonly ms: number | undefined; readonly recordedAt: number };

/** When the sender says that it happened: the time of day when that was on the day on which it was recorded. */
function HappenedCell({ ms, recordedAt }: HappenedProps) {
  if (ms === undefined) return <td class="c-happened muted unsaid">–</td>;
  const text = formatTime(ms);
  const isSameDay = text.slice(0, 10) === formatTime(recordedAt).slice(0, 10);
  return (
    <td class={isSameDay ? "c-happened muted" : "c-happened other-day"}>
      <time dateTime={`${text}Z`} title={`happened ${text} UTC, as its sender says`}>
        {isSameDay ? text.slice(11) : text}
      </time>
    </td>
  );
}

/** What went well or was not said stands back, so that the rest is seen. */
function Outcome({ outcome }: { readonly outcome: string | undefined }) {
  if (outcome === undefined) return <span class="muted">–</span>;
  return outcome === "success" ? <span class="muted">success</span> : <OutcomeMark outcome={outcome} />;
}

/** What it was done to; a log line names nothing of the kind, and then it is the line that is read. */
function TargetCell({ event }: Pick<EventAnswer, "event">) {
  const targets = targetsText(event);
  const message = messageText(event) ?? "";
  const isOdd = isQuarantined(event);
  const isSaid = isOdd || (targets === "" && message !== "");
  return (
    <td
      class={isSaid ? "c-target said" : "c-target"}
      title={[targets, message].filter((text) => text !== "").join("\n")}
    >
      {isOdd ? <Mark kind="warn">quarantined</Mark> : null}
      {isOdd ? " " : null}
      {targets === "" ? (
        <span class="muted">
          <Said text={message} />
        </span>
      ) : (
        <CutText text={targets} />
      )}
    </td>
  );
}

function Row({ item, href, isOpen, isFresh, stage }: RowProps) {
  const { event } = item;
  const name = partyName(event.actor);
  return (
    <tr class={isFresh ? "fresh" : ""} aria-current={isOpen ? "true" : undefined} data-index={item.index}>
      <td class="c-index number">
        <a href={href} aria-label={`Entry ${item.index}`}>
          {formatCount(item.index)}
        </a>
      </td>
      <td class="c-time">
        <When ms={item.recordedAt} />
      </td>
      <HappenedCell ms={happenedAt(event)} recordedAt={item.recordedAt} />
      <td class="c-action mono">
        <Said text={actionText(event)} />
      </td>
      <td class="c-actor">
        <span class="cut-row">
          <CutText text={partyText(event.actor)} />
          {name === undefined ? null : (
            <span class="muted cut-more">
              <Said text={name} />
            </span>
          )}
        </span>
      </td>
      <TargetCell event={event} />
      <td class="c-outcome">
        <Outcome outcome={outcomeText(event)} />
      </td>
      <td class="c-stage">{stage === "final" ? <span class="unseen">final</span> : <StageMark stage={stage} />}</td>
    </tr>
  );
}

type Props = {
  readonly events: readonly EventAnswer[];
  readonly ledger: LedgerAnswer;
  readonly open: number | undefined;
  readonly seenBelow: number;
  readonly query: URLSearchParams;
};

export function EventTable({ events, ledger, open, seenBelow, query }: Props) {
  const isFinal = events.every(({ index }) => stageOf(index, ledger) === "final");
  return (
    <table class="events">
      <thead>
        <tr>
          <th class="c-index number">Entry</th>
          <th class="c-time">Recorded (UTC)</th>
          <th class="c-happened">Happened (UTC)</th>
          <th class="c-action">Action</th>
          <th class="c-actor">Actor</th>
          <th class="c-target">Target, or message</th>
          <th class="c-outcome">Outcome</th>
          <th class="c-stage">{isFinal ? <Mark kind="good">all final</Mark> : "State"}</th>
        </tr>
      </thead>
      <tbody>
        {events.map((item) => (
          <Row
            key={item.index}
            item={item}
            href={routeHash({ ledger: ledger.name, page: "events", item: item.index, query })}
            isOpen={item.index === open}
            isFresh={item.index >= seenBelow}
            stage={stageOf(item.index, ledger)}
          />
        ))}
      </tbody>
    </table>
  );
}
