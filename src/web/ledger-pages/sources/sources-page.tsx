/** Sources: who sends to the ledger; one of them with its keys; and adding one. The address says which. */

import { formatCount } from "../../parts/format.ts";
import { Loading } from "../../parts/loading.tsx";
import { useNow } from "../../parts/now.ts";
import type { LedgerAnswer, SourcesAnswer } from "../answers.ts";
import { isRefusal, ledgerPath } from "../client.ts";
import { ProblemPage } from "../frame/problem-page.tsx";
import { Trouble } from "../frame/trouble.tsx";
import { useMay, useReadOnly } from "../live/own-key.ts";
import { usePath } from "../live/polling.ts";
import { useReach } from "../live/service-reachable.tsx";
import type { Route } from "../route.ts";
import { AddSource } from "./add-source.tsx";
import { SourceDetail } from "./source-detail.tsx";
import { SourceTable } from "./source-table.tsx";
import { sourcesHref } from "./source-words.ts";

const SOURCES_MS = 3000;

type Props = { readonly route: Route; readonly ledger: LedgerAnswer };

export function SourcesPage({ route, ledger }: Props) {
  const { isLost, lastAt } = useReach();
  const isReadOnly = useReadOnly();
  const clock = useNow(1000);
  const sources = usePath<SourcesAnswer>(ledgerPath(ledger.name, "/sources"), SOURCES_MS);
  // Of a service that does not answer it is known what was lately, when it last answered.
  const now = isLost && lastAt !== undefined ? lastAt : clock;
  const { value, error } = sources;
  if (value === undefined) {
    if (error === undefined || isLost) return <Loading what="the sources" />;
    if (isRefusal(error)) return <ProblemPage route={route} error={error} />;
    return <Trouble error={error} />;
  }
  const all = value.sources;
  // An address that was kept from elsewhere leads to the list, where nothing is offered that would be refused.
  if (route.query.has("add") && !isReadOnly) return <AddSource route={route} ledger={ledger} sources={all} now={now} />;
  const named = route.query.get("source");
  return (
    <div class="stack">
      <Trouble error={error} />
      <Uncounted entries={value.uncounted ?? 0} />
      {named === null ? (
        <All ledger={ledger.name} sources={all} now={now} />
      ) : (
        <SourceDetail
          key={named}
          ledger={ledger.name}
          name={named}
          source={all.find(({ source }) => source === named)}
          now={now}
          onChange={sources.reload}
        />
      )}
    </div>
  );
}

/** Said while the numbers are too small, so that nobody takes them for all there is. */
function Uncounted({ entries }: { readonly entries: number }) {
  if (entries === 0) return null;
  return (
    <p class="note wait" role="status">
      {`${formatCount(entries)} recorded ${entries === 1 ? "event is" : "events are"} still being counted again: until then these numbers are too small. Nothing of what was recorded is missing.`}
    </p>
  );
}

type AllProps = { readonly ledger: string; readonly sources: SourcesAnswer["sources"]; readonly now: number };

function All({ ledger, sources, now }: AllProps) {
  const may = useMay("keysWrite");
  const isReadOnly = useReadOnly();
  const add = isReadOnly ? null : (
    <a class={may === false ? "button" : "button primary"} href={sourcesHref(ledger, { add: "" })}>
      Add a source
    </a>
  );
  if (sources.length === 0 && isReadOnly) {
    return (
      <section class="empty">
        <h2>No sources</h2>
        <p class="muted">Nothing is sent to a ledger that is here to be read. Its events say where each came from.</p>
      </section>
    );
  }
  if (sources.length === 0) {
    return (
      <section class="empty">
        <h2>No sources yet</h2>
        <p>
          A source is whatever sends events: a program, a cluster, a forwarder. Adding one makes its key, shows what to
          paste, and waits for its first event.
        </p>
        <p>{add}</p>
      </section>
    );
  }
  return (
    <section class="card">
      <div class="row between">
        <h2>Sources</h2>
        {add}
      </div>
      <SourceTable ledger={ledger} sources={sources} now={now} />
    </section>
  );
}
