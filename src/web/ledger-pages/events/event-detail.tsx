/** One event: what it says, what it changed, and its proof. */

import { formatCount } from "../../parts/format.ts";
import { Icon } from "../../parts/icon.tsx";
import { OutcomeMark, StageMark } from "../../parts/mark.tsx";
import { Value } from "../../parts/value.tsx";
import { When } from "../../parts/when.tsx";
import type { LedgerAnswer, StoredEventAnswer } from "../answers.ts";
import { ledgerPath } from "../client.ts";
import { usePath } from "../polling.ts";
import { Trouble } from "../trouble.tsx";
import { Changes } from "./changes.tsx";
import { actionText, originOf, outcomeText, stageOf } from "./event-words.ts";
import { RowProof } from "./row-proof.tsx";

/** An entry never changes; it is asked for again only in case the first time failed. */
const RETRY_MS = 60_000;
/** Members that stand in the head of the page or have a card of their own. */
const ELSEWHERE = ["action", "outcome", "changes", "_source"];

function Facts({ stored }: { readonly stored: StoredEventAnswer }) {
  const { event } = stored;
  const { source, key, format } = originOf(event);
  return (
    <dl class="facts">
      <dt>Recorded</dt>
      <dd>
        <When ms={stored.recordedAt} zone />
      </dd>
      {Object.entries(event)
        .filter(([name]) => !ELSEWHERE.includes(name))
        .map(([name, value]) => (
          <>
            <dt class="mono">{name}</dt>
            <dd>
              <Value value={value} />
            </dd>
          </>
        ))}
      {source === undefined ? null : (
        <>
          <dt>Came through</dt>
          <dd>
            {source}
            {format === undefined ? null : <span class="muted"> as {format}</span>}
            {key === undefined ? null : <span class="muted mono"> key {key.slice(0, 8)}</span>}
          </dd>
        </>
      )}
    </dl>
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

type Props = HeaderProps & { readonly ledger: LedgerAnswer };

export function EventDetail({ ledger, index, ...header }: Props) {
  const stored = usePath<StoredEventAnswer>(ledgerPath(ledger.name, `/events/${index}`), RETRY_MS);
  const stage = stageOf(index, ledger);
  if (stored.value === undefined || stored.value.index !== index) {
    return (
      <article class="detail stack">
        <Header index={index} {...header} />
        <Trouble error={stored.error} />
      </article>
    );
  }
  const { event } = stored.value;
  return (
    <article class="detail stack" aria-label={`Entry ${index}`}>
      <div>
        <Header index={index} {...header} />
        <h1>{actionText(event)}</h1>
        <p class="row detail-marks">
          <OutcomeMark outcome={outcomeText(event)} />
          <StageMark stage={stage} />
        </p>
      </div>
      <section class="card">
        <h2>Members</h2>
        <Facts stored={stored.value} />
      </section>
      <Changes value={event.changes} />
      <RowProof key={index} ledger={ledger.name} index={index} version={stage} />
    </article>
  );
}
