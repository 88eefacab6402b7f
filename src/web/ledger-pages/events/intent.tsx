/** What was announced and what came of it, shown as one: the event with an intent, and those that say that they are its results. */

import { spellValue } from "../../../entry/spelled-value.ts";
import { Loading } from "../../parts/loading.tsx";
import { Mark, OutcomeMark } from "../../parts/mark.tsx";
import { Value } from "../../parts/value.tsx";
import { When } from "../../parts/when.tsx";
import type { EventAnswer, EventsAnswer } from "../answers.ts";
import { ledgerPath } from "../client.ts";
import { Trouble } from "../frame/trouble.tsx";
import { usePath } from "../live/polling.ts";
import { routeHash } from "../route.ts";
import { actionText, outcomeText, sinceWords } from "./event-words.ts";

/** A result may come while somebody looks. */
const POLL_MS = 10_000;
const SHOWN_MAX = 20;

/** The intent that an event announces or is a result of. */
export function intentOf(event: EventAnswer["event"]): string | undefined {
  const { intent, result_of } = event;
  if (typeof intent === "string" && intent !== "") return intent;
  return typeof result_of === "string" && result_of !== "" ? result_of : undefined;
}

type StepProps = { readonly ledger: string; readonly step: EventAnswer; readonly shown: number; readonly what: string };

function Step({ ledger, step, shown, what }: StepProps) {
  const name = `${actionText(step.event)}, entry ${step.index}`;
  return (
    <>
      <dt>{what}</dt>
      <dd>
        {step.index === shown ? (
          <strong>{name}</strong>
        ) : (
          <a href={routeHash({ ledger, page: "events", item: step.index })}>{name}</a>
        )}
        <br />
        <When ms={step.recordedAt} zone />{" "}
        {what === "Result" ? <OutcomeMark outcome={outcomeText(step.event)} /> : null}
      </dd>
    </>
  );
}

type Props = { readonly ledger: string; readonly stored: EventAnswer };

export function IntentAndResult({ ledger, stored }: Props) {
  const name = intentOf(stored.event) ?? "";
  const path = (field: string) =>
    ledgerPath(ledger, `/events?${new URLSearchParams({ [field]: spellValue(name), limit: String(SHOWN_MAX) })}`);
  const intents = usePath<EventsAnswer>(path("intent"), POLL_MS);
  const results = usePath<EventsAnswer>(path("resultOf"), POLL_MS);
  const error = intents.error ?? results.error;
  if (intents.value === undefined || results.value === undefined) {
    return (
      <section class="card">
        {error === undefined ? <Loading what="what belongs to it" /> : <Trouble error={error} />}
      </section>
    );
  }
  const first = intents.value.events[0];
  const last = results.value.events.at(-1);
  const authority = first?.event.authority ?? stored.event.authority;
  return (
    <section class="card" aria-label="Intent and result">
      <h2>Intent and result</h2>
      <dl class="facts">
        {first === undefined ? (
          <>
            <dt>Intent</dt>
            <dd>
              <Mark kind="warn">no event of this ledger announced it</Mark>
            </dd>
          </>
        ) : (
          intents.value.events.map((step) => <Step ledger={ledger} step={step} shown={stored.index} what="Intent" />)
        )}
        <dt>Permitted by</dt>
        <dd>{authority === undefined ? <span class="muted">not said</span> : <Value value={authority} />}</dd>
        {results.value.events.map((step) => (
          <Step ledger={ledger} step={step} shown={stored.index} what="Result" />
        ))}
        {last === undefined ? (
          <>
            <dt>Result</dt>
            <dd>
              <Mark kind="wait">none yet</Mark>
            </dd>
          </>
        ) : null}
        {first === undefined || last === undefined ? null : (
          <>
            <dt>Ended</dt>
            <dd class="muted">{sinceWords(last.recordedAt - first.recordedAt)}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
