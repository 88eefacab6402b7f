/**
 * Adding a source: which sender, a key for it, what to paste, and waiting for the first event. The address says how far one
 * is (?add, ?add=docker, ?add=docker&key=…), so that going back and reloading work; the key itself is in no address.
 */

import { useState } from "preact/hooks";
import { senderNamed } from "../../../senders/known-senders.ts";
import type { LedgerAnswer, NewKeyAnswer, SourceAnswer } from "../answers.ts";
import type { Route } from "../route.ts";
import { goTo } from "../router.ts";
import { ChooseSender } from "./choose-sender.tsx";
import { FirstArrival } from "./first-arrival.tsx";
import { KeyForm } from "./key-form.tsx";
import { sourcesHref } from "./source-words.ts";
import { ToPaste } from "./to-paste.tsx";

type Props = {
  readonly route: Route;
  readonly ledger: LedgerAnswer;
  readonly sources: readonly SourceAnswer[];
  readonly now: number;
};

export function AddSource({ route, ledger, sources, now }: Props) {
  const [made, setMade] = useState<NewKeyAnswer | undefined>(undefined);
  const sender = senderNamed(route.query.get("add") ?? "");
  const keyId = route.query.get("key") ?? undefined;
  if (sender === undefined) return <ChooseSender ledger={ledger.name} />;
  const isNetwork = sender.key === "network";
  const head = (
    <p class="row between">
      <a class="button small" href={sourcesHref(ledger.name, { add: "" })}>
        Another sender
      </a>
      <a class="button small" href={sourcesHref(ledger.name)}>
        All sources
      </a>
    </p>
  );
  if (keyId === undefined && !isNetwork) {
    const next = (key: NewKeyAnswer) => {
      setMade(key);
      goTo({ ledger: ledger.name, page: "sources", query: new URLSearchParams({ add: sender.id, key: key.id }) });
    };
    return (
      <div class="stack">
        {head}
        <h1>{sender.title}</h1>
        {made === undefined ? null : (
          <p class="note">
            <span>
              A key for “{made.source}” was made a moment ago.{" "}
              <a href={sourcesHref(ledger.name, { add: sender.id, key: made.id })}>Go on with it</a>, or make another
              one.
            </span>
          </p>
        )}
        <KeyForm ledger={ledger.name} sender={sender} sources={sources} before={made?.source} onMade={next} />
      </div>
    );
  }
  const shown = made?.id === keyId ? made : undefined;
  const named = shown?.source ?? sources.find(({ keys }) => keys.some(({ id }) => id === keyId))?.source;
  return (
    <div class="stack">
      {head}
      <h1>{sender.title}</h1>
      <ToPaste ledger={ledger.name} sender={sender} made={shown} source={named} keyId={keyId} />
      <FirstArrival
        key={keyId ?? sender.id}
        ledger={ledger}
        sender={sender}
        keyId={keyId}
        sources={sources}
        now={now}
      />
    </div>
  );
}
