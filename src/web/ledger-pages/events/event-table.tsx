/** The events as a table; in a narrow window each becomes two lines. */

import { formatCount } from "../../parts/format.ts";
import { OutcomeMark, StageMark } from "../../parts/mark.tsx";
import { When } from "../../parts/when.tsx";
import type { EventAnswer, LedgerAnswer } from "../answers.ts";
import { routeHash } from "../route.ts";
import { actionText, outcomeText, partyName, partyText, stageOf, targetsText } from "./event-words.ts";

type RowProps = {
  readonly item: EventAnswer;
  readonly href: string;
  readonly isOpen: boolean;
  readonly isFresh: boolean;
  readonly stage: "recorded" | "anchored" | "final";
};

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
      <td class="c-action mono">{actionText(event)}</td>
      <td class="c-actor" title={partyText(event.actor)}>
        {partyText(event.actor)}
        {name === undefined ? null : <span class="muted"> {name}</span>}
      </td>
      <td class="c-target" title={targetsText(event)}>
        {targetsText(event)}
      </td>
      <td class="c-outcome">
        <OutcomeMark outcome={outcomeText(event)} />
      </td>
      <td class="c-stage">
        <StageMark stage={stage} />
      </td>
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
  return (
    <table class="events">
      <thead>
        <tr>
          <th class="c-index number">Entry</th>
          <th class="c-time">Recorded (UTC)</th>
          <th class="c-action">Action</th>
          <th class="c-actor">Actor</th>
          <th class="c-target">Target</th>
          <th class="c-outcome">Outcome</th>
          <th class="c-stage">State</th>
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
