/** The first page: how far the ledger is, what comes in, whether the chains keep up, and who sends. */

import { useNow } from "../../parts/now.ts";
import type { AnchorsAnswer, KeysAnswer, LedgerAnswer, StatsAnswer } from "../answers.ts";
import { ledgerPath } from "../client.ts";
import { FirstEvent } from "../first-event.tsx";
import { type Polled, usePath } from "../polling.ts";
import { routeHash } from "../route.ts";
import { useSession } from "../session.tsx";
import { Trouble } from "../trouble.tsx";
import { Activity, TopValues } from "./activity.tsx";
import { Chains } from "./chains.tsx";
import { Heads } from "./heads.tsx";
import { KeysTable } from "./keys-table.tsx";

const ANCHORS_MS = 3000;
const STATS_MS = 10_000;
const KEYS_MS = 15_000;
/** Anchors over which cost is told. */
const ANCHORS = 100;

const NO_ANCHORS: AnchorsAnswer["anchors"] = [];

type Checkpoint = { readonly size: number; readonly signedAt: number };

/** @param ledger polled by the frame of the pages, which shows its name, too */
export function Overview({ name, ledger }: { readonly name: string; readonly ledger: Polled<LedgerAnswer> }) {
  const { client } = useSession();
  const now = useNow(1000);
  const path = (rest: string) => ledgerPath(name, rest);
  const size = ledger.value?.size;
  const anchors = usePath<AnchorsAnswer>(path(`/anchors?order=desc&limit=${ANCHORS}`), ANCHORS_MS);
  const checkpoint = usePath<Checkpoint>(
    size === undefined || size === 0 ? undefined : path("/checkpoint"),
    ANCHORS_MS,
  );
  const stats = usePath<StatsAnswer>(client.hasKey ? path("/stats?interval=minute&top=6") : undefined, STATS_MS);
  const keys = usePath<KeysAnswer>(client.hasKey ? "/v1/keys" : undefined, KEYS_MS);
  if (ledger.value === undefined) return <Trouble error={ledger.error} />;
  const list = anchors.value?.anchors ?? NO_ANCHORS;
  const recordedAt = checkpoint.value === undefined ? undefined : checkpoint.value.signedAt * 1000;
  return (
    <div class="stack">
      <Trouble error={ledger.error} />
      <Heads ledger={ledger.value} anchors={list} recordedAt={recordedAt} now={now} />
      {size === 0 ? <FirstEvent ledger={name} onSent={ledger.reload} /> : null}
      {stats.value === undefined || size === 0 ? null : <Activity stats={stats.value} anchors={list} now={now} />}
      <div class="thirds">
        <Chains chains={ledger.value.chains} anchors={list} />
        {stats.value === undefined || size === 0 ? null : (
          <>
            <TopValues title="Most frequent actions" filter="action" values={stats.value.top.action} ledger={name} />
            <TopValues title="Most active" filter="actor" values={stats.value.top.actor} ledger={name} />
          </>
        )}
      </div>
      {keys.value === undefined ? null : <KeysTable keys={keys.value.keys} stats={stats.value} now={now} />}
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
