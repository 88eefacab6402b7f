/**
 * A full audit of a store that nobody uses, with all of the machine: threads open, hash and index the entries, and claims are gone
 * through in one go, by all of them.
 * Why: docs/decisions/0253.
 */

import { type AuditOptions, auditFully, type FullAudit } from "../../audit/audit.ts";
import type { ReadTile } from "../../audit/checks/tiles.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { LevelStore } from "../../store/level-store.ts";
import type { SeenValues } from "../../store/values/damaged-values.ts";
import type { SegmentAudit } from "../watching/segment-audit.ts";
import type { AuditThreads } from "./audit-threads.ts";
import { type StretchParts, StretchThreads } from "./stretch-threads.ts";

export type InThreads = {
  /** Of an encrypted store. */
  readonly keys: StretchParts["keys"];
  /** The index that is looked at, or why none is. */
  readonly held: SegmentAudit | string;
  readonly threads: AuditThreads;
};

/** @returns with the audit, values of the store that were looked at on the way, and are whole */
export async function auditInThreads(
  options: AuditOptions & { readonly store: LevelStore },
  { keys, held, threads }: InThreads,
): Promise<FullAudit & { readonly seen: SeenValues | undefined }> {
  const { store, record, hash } = options;
  const size = (await store.head(record.id).catch(() => undefined))?.size ?? 0;
  const summed = size === 0 ? undefined : await store.sumClaims(record.id, size, threads.claimReaders);
  const segments = typeof held === "string" ? undefined : held;
  const parts = { store, record, hash, keys, segments, claims: summed?.sums };
  const stretches = new StretchThreads(parts, threads.all);
  const full = await auditFully({ ...options, stretches: stretches.read, readTile: tilesInOrder(store, record.id) });
  return { ...full, seen: seenIn(full, summed?.areWhole ?? false) };
}

/** Where an entry could not be read, or more was found than there was room for, nobody says that all values of entries are whole. */
function seenIn({ report, left }: FullAudit, hasClaims: boolean): SeenValues | undefined {
  const isWrong = left > 0 || report.findings.some(({ kind }) => /^(entry|key)_/.test(kind));
  const { ledgerId, head } = report;
  return isWrong || head === undefined ? undefined : { ledgerId, entries: head.size, hasClaims };
}

/** Those of the lowest level are asked for in their order, and are nearly all. */
function tilesInOrder(store: LevelStore, ledgerId: Hex): ReadTile {
  const readLowest = store.tilesInOrder(ledgerId, 0);
  return (level, n) => (level === 0 ? readLowest(n) : store.tile(ledgerId, level, n));
}
