/** The index for search of a data folder, as an audit looks at it while no service runs: a view of it, of which nothing is built again. */

import { existsSync } from "node:fs";
import type { Finding } from "../../audit/findings.ts";
import { indexFolder } from "../../service/config.ts";
import { SegmentAudit } from "../../service/watching/segment-audit.ts";
import { type IndexCipher, LevelIndexStore } from "../../store/level-index.ts";
import { WAY_OUT } from "../../store/leveldb/folder.ts";
import { openView } from "../../store/leveldb/linked-view.ts";
import { type LedgerRecord, StoreLockedError } from "../../store/store.ts";

/** What there is of one ledger to look at, or why there is nothing, and what was found before. */
export type OfflineIndex = { readonly held: SegmentAudit | string; readonly findings: readonly Finding[] };

/** The size of a ledger is that of its newest checkpoint. */
type Ledger = { readonly record: LedgerRecord; readonly size: number };

export interface OpenedIndex {
  of(ledger: Ledger): Promise<OfflineIndex>;
  close(): Promise<void>;
}

/** Opens what there is. @param cipher of an encrypted store */
export async function openIndexOf(data: string, cipher: IndexCipher | undefined): Promise<OpenedIndex> {
  const folder = indexFolder(data);
  if (!existsSync(folder)) return nothing(`there is none in ${folder}; a start makes it of the entries`);
  const view = await openView(folder);
  try {
    const store = await LevelIndexStore.open(view.directory, { cipher, isOnlyRead: true });
    const close = () => store.close().finally(() => view.dispose());
    return { of: (ledger) => ofLedger(store, ledger), close };
  } catch (error) {
    await view.dispose();
    if (error instanceof StoreLockedError) throw error;
    // What is derived needs none of the ways out that a store has.
    const detail = (error as Error).message.replaceAll(view.directory, folder).replaceAll(`; ${WAY_OUT}`, "");
    return broken(`the index cannot be opened: ${detail}; a start makes it again`);
  }
}

function nothing(held: string, findings: (ledger: Ledger) => readonly Finding[] = () => []): OpenedIndex {
  return { of: async (ledger) => ({ held, findings: findings(ledger) }), close: async () => undefined };
}

function broken(detail: string): OpenedIndex {
  return nothing("its files are damaged, so that none of it was compared", ({ size }) => [
    { kind: "index_other", from: 0, to: size, detail },
  ]);
}

async function ofLedger(store: LevelIndexStore, { record, size }: Ledger): Promise<OfflineIndex> {
  let headers = 0;
  for await (const _ of store.list(`${record.id}/h/`)) headers++;
  const held = await SegmentAudit.load(store, record.id);
  const { end, count } = held;
  // Whoever loads it goes on without what it cannot read, and builds it again.
  const lost = headers - count;
  const detail = `${lost} of ${headers} parts of the index cannot be read, from the one of entry ${end} on`;
  const findings: Finding[] = lost > 0 ? [{ kind: "index_other", from: end, to: Math.max(end, size), detail }] : [];
  return { held, findings };
}
