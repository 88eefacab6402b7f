/** The first page: how far the ledger is, what comes in, whether the chains keep up, and who sends. */

import { Loading } from "../../parts/loading.tsx";
import { useNow } from "../../parts/now.ts";
import type { AnchorsAnswer, KeysAnswer, LedgerAnswer, StatsAnswer } from "../answers.ts";
import { isRefusal, ledgerPath } from "../client.ts";
import { Trouble } from "../frame/trouble.tsx";
import { type Polled, usePath } from "../live/polling.ts";
import { useReach } from "../live/service-reachable.tsx";
import { routeHash } from "../route.ts";
import { useSession } from "../session.tsx";
import { Activity, TopValues } from "./activity.tsx";
import { Chains } from "./chains.tsx";
import { FirstEvent } from "./first-event.tsx";
import { Heads } from "./heads.tsx";
import { KeysTable } from "./keys-table.tsx";

const ANCHORS_MS = 3000;
const STATS_MS = 10_000;
const KEYS_MS = 15_000;
/** Anchors over which cost is told. */
const ANCHORS = 100;

const NO_ANCHORS: AnchorsAnswer["anchors"] = [];

type Checkpoint = { readonly size: number; readonly signedAt: number };

type LedgerPolled = Polled<LedgerAnswer> & { readonly value: LedgerAnswer };

/** @param ledger polled by the frame of the pages, which shows its name, too */
export function Overview({ name, ledger }: { readonly name: string; readonly ledger: LedgerPolled }) {
  const { client } = useSession();
  const { isLost, lastAt } = useReach();
  const now = useNow(1000);
  const path = (rest: string) => ledgerPath(name, rest);
  const { size } = ledger.value;
  const anchors = usePath<AnchorsAnswer>(path(`/anchors?order=desc&limit=${ANCHORS}`), ANCHORS_MS);
  const checkpoint = usePath<Checkpoint>(size === 0 ? undefined : path("/checkpoint"), ANCHORS_MS);
  const stats = usePath<StatsAnswer>(client.hasKey ? path("/stats?interval=minute&top=6") : undefined, STATS_MS);
  const keys = usePath<KeysAnswer>(client.hasKey ? "/v1/keys" : undefined, KEYS_MS);
  const list = anchors.value?.anchors ?? NO_ANCHORS;
  const recordedAt = checkpoint.value === undefined ? undefined : checkpoint.value.signedAt * 1000;
  // Of a service that does not answer it is known what was lately, when it last answered.
  const known = isLost && lastAt !== undefined ? lastAt : now;
  return (
    <div class="stack">
      <Trouble error={ledger.error} />
      <Heads ledger={ledger.value} anchors={list} recordedAt={recordedAt} now={now} />
      <Trouble error={anchors.error} />
      {size === 0 ? <FirstEvent ledger={name} onSent={ledger.reload} /> : null}
      {client.hasKey && size !== 0 ? <Lately ledger={name} stats={stats} anchors={list} now={known} /> : null}
      <div class="thirds">
        <Chains chains={ledger.value.chains} anchors={list} />
        {stats.value === undefined || size === 0 ? null : (
          <>
            <TopValues title="Most frequent actions" filter="action" values={stats.value.top.action} ledger={name} />
            <TopValues title="Most active" filter="actor" values={stats.value.top.actor} ledger={name} />
          </>
        )}
      </div>
      {client.hasKey ? <Keys keys={keys} stats={stats.value} now={known} /> : null}
      {client.hasKey ? null : (
        <p class="note">
          <span>
            This is what everybody may see: sizes and roots disclose nothing of the events.{" "}
            <a href={routeHash({ ledger: name, page: "sign-in" })}>Sign in</a> to see events, rates and keys.
          </span>
        </p>
      )}
    </div>
  );
}

type LatelyProps = {
  readonly ledger: string;
  readonly stats: Polled<StatsAnswer | undefined>;
  readonly anchors: AnchorsAnswer["anchors"];
  readonly now: number;
};

function Lately({ ledger, stats, anchors, now }: LatelyProps) {
  return (
    <>
      <Trouble error={stats.error} />
      {stats.value !== undefined ? <Activity ledger={ledger} stats={stats.value} anchors={anchors} now={now} /> : null}
      {stats.value === undefined && stats.error === undefined ? (
        <section class="card chart-place">
          <Loading what="what was recorded lately" />
        </section>
      ) : null}
    </>
  );
}

type KeysProps = {
  readonly keys: Polled<KeysAnswer | undefined>;
  readonly stats: StatsAnswer | undefined;
  readonly now: number;
};

/** Nothing for a reader whose key may not list keys. */
function Keys({ keys, stats, now }: KeysProps) {
  if (isRefusal(keys.error)) return null;
  if (keys.value !== undefined) return <KeysTable keys={keys.value.keys} stats={stats} now={now} />;
  return (
    <section class="card">
      <h2>API keys</h2>
      {keys.error === undefined ? <Loading what="the keys" /> : <Trouble error={keys.error} />}
    </section>
  );
}
