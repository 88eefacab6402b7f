/** Waits until the first event of a new source has come, then follows it to the chain; and when none comes, says where to look. */

import { useEffect, useState } from "preact/hooks";
import type { Sender } from "../../../senders/sender.ts";
import { Mark, StageMark } from "../../parts/mark.tsx";
import { Ago } from "../../parts/when.tsx";
import type { EventAnswer, EventsAnswer, LedgerAnswer, SourceAnswer, SourceKeyAnswer } from "../answers.ts";
import { ledgerPath, serviceUrl } from "../client.ts";
import { actionText, isQuarantined, partyText, stageOf } from "../events/event-words.ts";
import { Trouble } from "../frame/trouble.tsx";
import { usePath } from "../live/polling.ts";
import { useReach } from "../live/service-reachable.tsx";
import { routeHash } from "../route.ts";
import { SenderPage } from "./sender-page.tsx";

const POLL_MS = 2000;
/** After so long without an event something is probably wrong. */
const LONG_MS = 60_000;

type Props = {
  readonly ledger: LedgerAnswer;
  readonly sender: Sender;
  /** Undefined for senders that have no key: then it is the first of their format that comes from now on. */
  readonly keyId: string | undefined;
  readonly sources: readonly SourceAnswer[];
  readonly now: number;
};

export function FirstArrival({ ledger, sender, keyId, sources, now }: Props) {
  const [since] = useState(() => Date.now());
  const [first, setFirst] = useState<EventAnswer | undefined>(undefined);
  const { isLost } = useReach();
  const what = keyId === undefined ? `format=${sender.format}&since=${since}` : `key=${encodeURIComponent(keyId)}`;
  const path = ledgerPath(ledger.name, `/events?${what}&order=asc&limit=1`);
  const asked = usePath<EventsAnswer>(first === undefined ? path : undefined, POLL_MS);
  const found = asked.value?.events[0];
  useEffect(() => {
    if (found !== undefined) setFirst(found);
  }, [found]);
  if (first !== undefined) return <Arrived ledger={ledger} first={first} />;
  const key = sources.flatMap(({ keys }) => keys).find(({ id }) => id === keyId);
  return (
    <section class="card stack tight" aria-live="polite">
      <h2>Waiting for the first event</h2>
      {isLost ? null : (
        <Mark kind="wait">{key?.state === "revoked" ? "its key is ended" : "nothing has come yet"}</Mark>
      )}
      <Trouble error={asked.error} />
      {now - since < LONG_MS ? (
        <p class="muted small">This page asks every two seconds. It may be left: the source is among all sources.</p>
      ) : (
        <WhereToLook sender={sender} apiKey={key} now={now} />
      )}
    </section>
  );
}

function Arrived({ ledger, first }: { readonly ledger: LedgerAnswer; readonly first: EventAnswer }) {
  const { event, index } = first;
  return (
    <section class="card stack tight" aria-live="polite">
      <h2>The first event has come</h2>
      <p class="row">
        <StageMark stage={stageOf(index, ledger)} />
        <span>
          <b>{actionText(event)}</b> {partyText(event.actor)}
        </span>
      </p>
      {isQuarantined(event) ? (
        <Mark kind="warn">quarantined: nothing sure could be made of it, so it was recorded as it came</Mark>
      ) : null}
      <p>
        <a class="button primary" href={routeHash({ ledger: ledger.name, page: "events", item: index })}>
          Open entry {index}
        </a>
      </p>
    </section>
  );
}

type LookProps = { readonly sender: Sender; readonly apiKey: SourceKeyAnswer | undefined; readonly now: number };

function WhereToLook({ sender, apiKey, now }: LookProps) {
  const used = apiKey?.lastUsedAt;
  return (
    <div class="stack tight">
      <p>Nothing for a minute. What to look at, in this order:</p>
      <ol class="notes-list">
        {used === undefined ? (
          <>
            <li>
              No request with this key has come. Does the sender run, with what was pasted? Most read their
              configuration at their start only.
            </li>
            <li>
              Does it reach the service from where it is? There, <code>curl {serviceUrl("/healthz")}</code> should
              answer <code>alive</code>; with https, the sender has to trust the certificate.
            </li>
            <li>
              Does its own log tell of 401 or 403? Then the key was not pasted whole. Of 404? Then the path is another
              one.
            </li>
          </>
        ) : (
          <>
            <li>
              A request with this key came <Ago ms={used} now={now} />, but no event of it is recorded: its body was
              empty, or the service said why not. Look into the sender’s own log for the answer.
            </li>
            <li>Of 404, the path is another one; of 503, the service was busy, and the sender should come again.</li>
          </>
        )}
        <li>
          <SenderPage page={sender.page} text="The page of this sender says more" />.
        </li>
      </ol>
    </div>
  );
}
