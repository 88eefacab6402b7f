/** A ledger that is pruned, in this process or in one that is to be killed, and what is recorded in it. */

import { checkEvent } from "../../src/entry/event.ts";
import { ownMembers, prepareEntry } from "../../src/entry/prepare.ts";
import type { Health } from "../../src/health.ts";
import { planOfText } from "../../src/http/routes/events/filter-text.ts";
import { createSalts } from "../../src/ingest/intake/salts.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { Indexer } from "../../src/query/index/indexer.ts";
import type { Archiver, ArchiveWish } from "../../src/retention/pruning/archiver.ts";
import type { PruneStep } from "../../src/retention/pruning/prune-run.ts";
import { Retention } from "../../src/retention/retention.ts";
import type { Store } from "../../src/store/store.ts";
import { MemoryIndexStore } from "../query/index/memory-index.ts";

export const hash = await fastKeccak256();
const SIGNER = keySigner(`0x${"11".repeat(32)}`);
export const AUTHOR = { key: "0123456789abcdef", source: "counsel" };
export const START = Date.parse("2026-01-01T00:00:00Z");
export const DAY = 86_400_000;

export type PrunedBench = {
  readonly ledger: Ledger;
  readonly indexer: Indexer;
  readonly retention: Retention;
  readonly clock: { now: number };
  readonly compacted: { count: number };
};
/** Archives at once, all that is wanted. */
export function archiverOf(name: string, onWish: (wish: ArchiveWish) => void = () => undefined): Archiver {
  return {
    prepare: async () => undefined,
    archive: async (wish) => {
      onWish(wish);
      return { name, archived: wish.wanted };
    },
  };
}

type Options = {
  readonly archiver?: Archiver;
  readonly health?: Health;
  readonly onStep?: (step: PruneStep) => void;
  readonly finalSize?: number;
  readonly archiveEveryMs?: number;
  /** What compacting the index does. */
  readonly onCompact?: () => void;
};

export const RECORD = {
  id: deriveLedgerId(SIGNER.address, labelOf("main")),
  name: "main",
  label: labelOf("main"),
  owner: SIGNER.address,
  signer: SIGNER.address,
  createdAt: START,
};

export async function openPruned(store: Store, clock: { now: number }, options: Options = {}): Promise<PrunedBench> {
  if ((await store.ledgers()).length === 0) await store.addLedger(RECORD);
  const ledger = await Ledger.open({ store, record: RECORD, signer: SIGNER, hash, clock: () => clock.now });
  const indexer = await Indexer.open({ store, indexStore: new MemoryIndexStore(), ledger, segmentLength: 64 });
  indexer.start();
  const compacted = { count: 0 };
  const { finalSize = Number.MAX_SAFE_INTEGER, onCompact, ...rest } = options;
  const retention = new Retention({
    store,
    hash,
    salts: createSalts(),
    now: () => clock.now,
    planOf: planOfText,
    finalSize: () => finalSize,
    delayMs: 0,
    intervalMs: 0,
    index: {
      forgetAll: (_, ranges) => indexer.forgetAll(ranges),
      compact: async () => {
        onCompact?.();
        compacted.count++;
      },
    },
    ...rest,
  });
  await retention.follow(ledger);
  return { ledger, indexer, retention, clock, compacted };
}

export async function recordActions(
  { ledger, clock, indexer }: PrunedBench,
  actions: readonly string[],
): Promise<void> {
  const entries = actions.map((action, i) => {
    const time = new Date(clock.now).toISOString();
    const event = checkEvent({ action, time, actor: { type: "user", id: `u${i % 3}` }, id: `e${clock.now}-${i}` });
    const own = ownMembers({ _source: { format: "native", source: "desk", key: "k" } });
    return prepareEntry(event, { hash, salts: createSalts(), own });
  });
  await ledger.append({ entries, source: "desk" });
  await indexer.waitFor(ledger.size);
}

export const MIXED = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? "book.entry" : "user.login"));
