/** One event: what it says in short, whether its proof holds, what it changed, its members, and the text that came. */

import { Copy } from "../../parts/copy.tsx";
import { formatCount } from "../../parts/format.ts";
import { Icon } from "../../parts/icon.tsx";
import { Loading } from "../../parts/loading.tsx";
import { OutcomeMark, StageMark } from "../../parts/mark.tsx";
import { FramedText, isLong, LongText } from "../../parts/text/long-text.tsx";
import { Said } from "../../parts/text/said.tsx";
import { Value } from "../../parts/value.tsx";
import { When } from "../../parts/when.tsx";
import type { EventAnswer, LedgerAnswer, StoredEventAnswer } from "../answers.ts";
import { ledgerPath } from "../client.ts";
import { ApiError } from "../frame/api-error.ts";
import { Trouble } from "../frame/trouble.tsx";
import { usePath } from "../live/polling.ts";
import { routeHash } from "../route.ts";
import { Changes } from "./changes.tsx";
import { changesIn } from "./difference.ts";
import { EventSummary } from "./event-summary.tsx";
import { actionText, outcomeText, stageOf } from "./event-words.ts";
import { IntentAndResult, intentOf } from "./intent.tsx";
import { ProofDetails, ProofVerdict, useRowProof } from "./row-proof.tsx";
import { ErasedMembers, Pruned } from "./taken-away.tsx";

/** An entry never changes; it is asked for again only in case the first time failed. */
const RETRY_MS = 60_000;

/** Names as the API gives them, those that the service has set last. */
function namesOf(event: EventAnswer["event"]): string[] {
  const names = Object.keys(event);
  return [...names.filter((name) => !name.startsWith("_")), ...names.filter((name) => name.startsWith("_"))];
}

function Members({ event, besides }: { readonly event: EventAnswer["event"]; readonly besides: readonly string[] }) {
  return (
    <section class="card">
      <div class="row between">
        <h2>Members</h2>
        <Copy text={JSON.stringify(event, null, 2)} what="the event as JSON" label="Copy JSON" />
      </div>
      <dl class="facts">
        {namesOf(event)
          .filter((name) => !besides.includes(name))
          .map((name) => (
            <>
              <dt class="mono">
                <Said text={name} />
              </dt>
              <dd>
                <Value value={event[name]} />
              </dd>
            </>
          ))}
      </dl>
    </section>
  );
}

function Raw({ value }: { readonly value: unknown }) {
  return (
    <section class="card">
      <h2>
        As it was received <span class="muted small normal mono">_raw</span>
      </h2>
      {typeof value !== "string" ? (
        <Value value={value} />
      ) : isLong(value) ? (
        <LongText text={value} what="the text" />
      ) : (
        <FramedText text={value} what="the text" />
      )}
    </section>
  );
}

type HeaderProps = {
  readonly index: number;
  readonly closeHref: string;
  /** The neighbours in the list; undefined at its ends. */
  readonly newer: string | undefined;
  readonly older: string | undefined;
};

function Header({ index, closeHref, newer, older }: HeaderProps) {
  const turn = (href: string | undefined, name: string, key: string, icon: "back" | "open") =>
    href === undefined ? null : (
      <a class="button quiet square" href={href} title={`${name} (${key})`}>
        <Icon name={icon} />
        <span class="unseen">{name}</span>
      </a>
    );
  return (
    <div class="row between detail-bar">
      <span class="muted">Entry {formatCount(index)}</span>
      <span class="row">
        {turn(newer, "Newer", "k", "back")}
        {turn(older, "Older", "j", "open")}
        <a class="button quiet square" href={closeHref} title="Close (Esc)">
          <Icon name="close" />
          <span class="unseen">Close</span>
        </a>
      </span>
    </div>
  );
}

type BodyProps = { readonly ledger: LedgerAnswer; readonly stored: EventAnswer };

function Body({ ledger, stored }: BodyProps) {
  const { event, index } = stored;
  const proof = useRowProof(ledger.name, index, stageOf(index, ledger));
  const changes = changesIn(event);
  const besides = changes.length === 0 ? ["_raw"] : ["_raw", "changes"];
  return (
    <>
      {isErased(event) ? (
        <p class="muted">
          Recorded <When ms={stored.recordedAt} zone />
        </p>
      ) : (
        <EventSummary ledger={ledger.name} stored={stored} />
      )}
      <ProofVerdict ledger={ledger.name} index={index} proof={proof} />
      {intentOf(event) === undefined ? null : <IntentAndResult ledger={ledger.name} stored={stored} />}
      <Changes changes={changes} />
      <ErasedMembers bundle={proof.checked?.bundle} />
      {isErased(event) ? null : <Members event={event} besides={besides} />}
      {event._raw === undefined ? null : <Raw value={event._raw} />}
      <ProofDetails proof={proof} />
    </>
  );
}

type NoEventProps = { readonly ledger: LedgerAnswer; readonly index: number; readonly error: Error | undefined };

function NoEvent({ ledger, index, error }: NoEventProps) {
  if (error === undefined) return <Loading what={`entry ${formatCount(index)}`} />;
  if (error instanceof ApiError && error.pruned !== undefined) {
    return <Pruned ledger={ledger.name} index={index} pruned={error.pruned} />;
  }
  if (!(error instanceof ApiError) || error.code !== "event_unknown") return <Trouble error={error} />;
  const newest = ledger.size - 1;
  return (
    <section class="empty" role="alert">
      <h1>There is no entry {formatCount(index)}</h1>
      <p class="muted">
        {newest < 0 ? "The ledger is empty." : `The entries of this ledger are 0 to ${formatCount(newest)}.`}
      </p>
      {newest < 0 ? null : (
        <p>
          <a class="button" href={routeHash({ ledger: ledger.name, page: "events", item: newest })}>
            Go to entry {formatCount(newest)}
          </a>
        </p>
      )}
    </section>
  );
}

/** Nothing of it is left but its digests. */
function isErased(event: EventAnswer["event"]): boolean {
  return Object.keys(event).length === 0;
}

type Props = HeaderProps & {
  readonly ledger: LedgerAnswer;
  /** The event when the list has it; it is shown while it is asked for again. */
  readonly listed: EventAnswer | undefined;
};

export function EventDetail({ ledger, index, listed, ...header }: Props) {
  const asked = usePath<StoredEventAnswer>(ledgerPath(ledger.name, `/events/${index}`), RETRY_MS);
  const stored = asked.value?.index === index ? asked.value : listed;
  if (stored === undefined) {
    return (
      <article class="detail stack">
        <Header index={index} {...header} />
        <NoEvent ledger={ledger} index={index} error={asked.error} />
      </article>
    );
  }
  const outcome = outcomeText(stored.event);
  return (
    <article class="detail stack" aria-label={`Entry ${index}`} key={index}>
      <div>
        <Header index={index} {...header} />
        <h1>
          <Said text={isErased(stored.event) ? "Erased" : actionText(stored.event)} />
        </h1>
        <p class="row detail-marks">
          {outcome === undefined ? null : <OutcomeMark outcome={outcome} />}
          <StageMark stage={stageOf(index, ledger)} />
        </p>
        <p class="print-only small">
          Of the ledger “{ledger.name}”, <span class="mono">{ledger.id}</span>
        </p>
      </div>
      <Body ledger={ledger} stored={stored} />
    </article>
  );
}
