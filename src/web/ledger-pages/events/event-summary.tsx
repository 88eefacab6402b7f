/** An event in a few lines: who did what to whom, how it ended, when it happened and when it was recorded. */

import type { ComponentChildren } from "preact";
import { Mark, OutcomeMark } from "../../parts/mark.tsx";
import { Said } from "../../parts/text/said.tsx";
import { When } from "../../parts/when.tsx";
import type { EventAnswer } from "../answers.ts";
import { routeHash } from "../route.ts";
import {
  happenedAt,
  isQuarantined,
  isSigned,
  messageText,
  noteWords,
  originOf,
  outcomeText,
  partiesOf,
  partyName,
  partyQuery,
  partyText,
  sinceWords,
  violationText,
} from "./event-words.ts";

const TARGETS_MAX = 5;

type PartyProps = { readonly ledger: string; readonly filter: "actor" | "target"; readonly party: unknown };

/** A party by its name and id, as a link to the events that have it in the same part. */
function Party({ ledger, filter, party }: PartyProps) {
  const text = partyText(party);
  const name = partyName(party);
  const value = partyQuery(party);
  if (text === "") return <span class="muted">not said</span>;
  const words = (
    <>
      <Said text={text} />
      {name === undefined ? null : (
        <span class="muted">
          {" "}
          <Said text={name} />
        </span>
      )}
    </>
  );
  if (value === undefined) return <span class="clamped">{words}</span>;
  const href = routeHash({ ledger, page: "events", query: new URLSearchParams({ [filter]: value }) });
  return (
    <a class="clamped" href={href} title={`All events with this ${filter}`}>
      {words}
    </a>
  );
}

function Row({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Targets({ ledger, parties }: { readonly ledger: string; readonly parties: readonly unknown[] }) {
  return (
    <ul class="values plain">
      {parties.slice(0, TARGETS_MAX).map((party, i) => (
        <li key={i}>
          <Party ledger={ledger} filter="target" party={party} />
        </li>
      ))}
      {parties.length > TARGETS_MAX ? <li class="muted small">and {parties.length - TARGETS_MAX} more</li> : null}
    </ul>
  );
}

/** What a reader should know of how the service read it; nothing where all is plain. */
function HowRead({ event }: Pick<EventAnswer, "event">) {
  const violation = violationText(event);
  const words = violation === undefined ? noteWords(event) : [...noteWords(event), violation];
  if (words.length === 0 && !isQuarantined(event)) return null;
  return (
    <Row name="How it was read">
      {isQuarantined(event) ? <Mark kind="warn">quarantined: recorded as it came</Mark> : null}
      <ul class="values small">
        {words.map((word) => (
          <li key={word}>{word}</li>
        ))}
      </ul>
    </Row>
  );
}

export function EventSummary({ ledger, stored }: { readonly ledger: string; readonly stored: EventAnswer }) {
  const { event, recordedAt } = stored;
  const { source, key, format } = originOf(event);
  const message = messageText(event);
  const targets = partiesOf(event.targets);
  const happened = happenedAt(event);
  return (
    <section class="card" aria-label="Summary">
      <dl class="facts">
        {message === undefined ? null : (
          <Row name="Message">
            <Said text={message} />
          </Row>
        )}
        <Row name="Actor">
          <Party ledger={ledger} filter="actor" party={event.actor} />
        </Row>
        {targets.length === 0 ? null : (
          <Row name={targets.length === 1 ? "Target" : "Targets"}>
            <Targets ledger={ledger} parties={targets} />
          </Row>
        )}
        <Row name="Outcome">
          <OutcomeMark outcome={outcomeText(event)} />
        </Row>
        <Row name="Happened">
          {happened === undefined ? (
            <span class="muted">the sender gave no time</span>
          ) : (
            <>
              <When ms={happened} zone /> <span class="muted small">as its sender says</span>
            </>
          )}
        </Row>
        <Row name="Recorded">
          <When ms={recordedAt} zone />{" "}
          {happened === undefined ? null : <span class="muted small">{sinceWords(recordedAt - happened)}</span>}
        </Row>
        {source === undefined ? null : (
          <Row name="Came through">
            <a href={routeHash({ ledger, page: "sources", query: new URLSearchParams({ source }) })}>{source}</a>
            {format === undefined ? null : <span class="muted"> as {format}</span>}
            {key === undefined ? null : <span class="muted mono"> key {key.slice(0, 8)}</span>}
            {isSigned(event) ? (
              <div>
                <Mark kind="good">its signature was right</Mark>
              </div>
            ) : null}
          </Row>
        )}
        <HowRead event={event} />
      </dl>
    </section>
  );
}
