/**
 * Whether the service can do its work, and what goes on failing in it. Nothing here discloses the name of a ledger to somebody
 * without a key: reasons name ledgers by their ids, which are on the chain anyway.
 */

import { ACCESS_LEDGER } from "../../../access/access.ts";
import type { ObstacleCode } from "../../../anchor/obstacles.ts";
import { isRecent } from "../../../clock.ts";
import type { Condition } from "../../../health.ts";
import { within } from "../../reply.ts";
import type { Services } from "../../services.ts";

type Reason = Pick<Condition, "code" | "detail">;

/** Obstacles of a chain that has another history than the store, in the words of `trouble`: no lag is to be waited for. */
const CONTRADICTIONS = (
  ["store_behind", "root_differs", "chain_replaced", "contract_replaced"] as const satisfies readonly ObstacleCode[]
).map((code) => code.replaceAll("_", " "));
/** The store is tried at most this often, whoever asks. */
const PROBE_MS = 5000;
const PROBE_TIMEOUT_MS = 2000;
const PROBE = { space: "probe", key: "ready" };

/** What is wrong, and what somebody has to look at although the service does its work. */
export type Readiness = { readonly reasons: readonly Reason[]; readonly notices: readonly Reason[] };

export function readinessOf(services: Services): () => Promise<Readiness> {
  const probe = storeProbe(services);
  return async () => {
    const conditions = services.health.conditions();
    const told = (isNotice: boolean) =>
      conditions.filter((each) => (each.isNotice ?? false) === isNotice).map(reasonOf);
    // A store that says itself that it cannot be written says it better than the probe.
    const probed = (await probe()).filter(({ code }) => conditions.every((each) => each.code !== code));
    const { reasons, notices } = await ledgerReasons(services);
    return { reasons: [...probed, ...reasons, ...told(false)], notices: [...notices, ...told(true)] };
  };
}

function reasonOf({ code, detail }: Condition): Reason {
  return { code, detail };
}

function storeProbe({ store, now, log }: Services): () => Promise<readonly Reason[]> {
  let triedAt = Number.NEGATIVE_INFINITY;
  let result: Promise<readonly Reason[]> = Promise.resolve([]);
  const attempt = async (): Promise<readonly Reason[]> => {
    try {
      const write = store.writeRecords([{ ...PROBE, value: String(now()) }], { durable: true });
      await within(PROBE_TIMEOUT_MS, write);
      return [];
    } catch (error) {
      log.error({ err: error }, "the store does not take a durable write");
      return [{ code: "store_not_writable", detail: "the store does not take a durable write; the log has the cause" }];
    }
  };
  return () => {
    if (!isRecent(triedAt, now(), PROBE_MS)) {
      triedAt = now();
      result = attempt();
    }
    return result;
  };
}

/** Why the service cannot do its work with its ledgers. With that of accesses it records by itself: that it is late keeps nobody from anything. */
async function ledgerReasons({ ledgers, chains }: Services): Promise<Readiness> {
  const reasons: Reason[] = [];
  const notices: Reason[] = [];
  for (const { record, stopped } of ledgers.list()) {
    const late = record.name === ACCESS_LEDGER ? notices : reasons;
    if (stopped) late.push({ code: "ledger_stopped", detail: `ledger ${record.id} is stopped; a restart recovers it` });
    for (const { chainId, lagMs, lagMaxMs, trouble } of await chains(record.id)) {
      if (trouble !== undefined && CONTRADICTIONS.includes(trouble)) {
        const detail = `ledger ${record.id} and chain ${chainId} have different histories: ${trouble}`;
        reasons.push({ code: "anchor_contradicts", detail });
        continue;
      }
      if (lagMs <= lagMaxMs) continue;
      const why = trouble === undefined ? "" : `: ${trouble}`;
      const detail = `ledger ${record.id} waits ${lagMs} ms for chain ${chainId}, at most ${lagMaxMs} expected${why}`;
      late.push({ code: "anchor_late", detail });
    }
  }
  return { reasons, notices };
}
