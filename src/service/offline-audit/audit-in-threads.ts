/**
 * A full audit of a store that nobody uses, with all of the machine: threads open, hash and index the entries, and claims are gone
 * through in one go.
 * Why: docs/decisions/0253.
 */

import { availableParallelism } from "node:os";
import { type AuditOptions, auditFully, type FullAudit } from "../../audit/audit.ts";
import type { LevelStore } from "../../store/level-store.ts";
import type { SeenValues } from "../../store/values/damaged-values.ts";
import type { SegmentAudit } from "../watching/segment-audit.ts";
import { type StretchParts, StretchThreads } from "./stretch-threads.ts";

export type InThreads = {
  /** Of an encrypted store. */
  readonly keys: StretchParts["keys"];
  /** The index that is looked at, or why none is. */
  readonly held: SegmentAudit | string;
};

/** @returns with the audit, values of the store that were looked at on the way, and are whole */
export async function auditInThreads(
  options: AuditOptions & { readonly store: LevelStore },
  { keys, held }: InThreads,
): Promise<FullAudit & { readonly seen: SeenValues | undefined }> {
  const { store, record, hash } = options;
  const size = (await store.head(record.id).catch(() => undefined))?.size ?? 0;
  const summed = size === 0 ? undefined : await store.sumClaims(record.id, size);
  const segments = typeof held === "string" ? undefined : held;
  const parts = { store, record, hash, keys, segments, claims: summed?.sums };
  const threads = new StretchThreads(parts, availableParallelism());
  try {
    const full = await auditFully({ ...options, stretches: threads.read });
    return { ...full, seen: seenIn(full, summed?.areWhole ?? false) };
  } finally {
    await threads.close();
  }
}

/** Where an entry could not be read, or more was found than there was room for, nobody says that all values of entries are whole. */
function seenIn({ report, left }: FullAudit, hasClaims: boolean): SeenValues | undefined {
  const isWrong = left > 0 || report.findings.some(({ kind }) => /^(entry|key)_/.test(kind));
  const { ledgerId, head } = report;
  return isWrong || head === undefined ? undefined : { ledgerId, entries: head.size, hasClaims };
}
