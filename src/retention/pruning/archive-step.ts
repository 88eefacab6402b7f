/**
 * The step before bodies go that are to be archived: which they are, and that the archive has them. What is held stays out of it, and
 * so does an entry that is not what was recorded, which would make the archive one that does not verify.
 * Why: docs/decisions/0213.
 */

import { entryLeafHash } from "../../entry/entry.ts";
import { rangesOf } from "../../ledger/index-ranges.ts";
import { equal } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { HoldGuard } from "../hold-book.ts";
import { RetentionJudge } from "../judge.ts";
import type { Archiver } from "./archiver.ts";
import { type DueEntry, dueEntries, type PrunedLedger } from "./due-entries.ts";
import type { PruneRun } from "./prune-run.ts";

export type ArchivingParts = {
  readonly archiver: Archiver;
  readonly holds: HoldGuard;
  readonly hash: Hash;
  readonly signal: AbortSignal;
};

/** @returns the run, whose archive was read back. @throws ArchiveRefusal */
export async function archiveDue(parts: ArchivingParts, ledger: PrunedLedger, run: PruneRun): Promise<PruneRun> {
  const { archiver, holds, signal } = parts;
  const { from, to, at, rules, archived = [] } = run;
  const { id: ledgerId } = ledger.record;
  const wanted: number[] = [];
  let retainUntil = run.archiveUntil;
  let isHeld = false;
  for await (const { due } of dueEntries(ledger, new RetentionJudge(rules), { from, to, at, signal })) {
    for (const found of due) {
      const { index, entry, verdict } = found;
      if (!verdict.isArchived) continue;
      if (holds.heldBy(ledgerId, index, entry).length > 0) isHeld = true;
      else if (await isAsRecorded(parts, ledger, found)) {
        wanted.push(index);
        retainUntil = Math.max(retainUntil, verdict.archiveUntil);
      }
    }
  }
  // Of a run that was interrupted all may be gone already that is in its archive.
  if (wanted.length === 0) return { ...run, step: "pruning", archived };
  const wish = { ledgerId, from, to, wanted: rangesOf(wanted), retainUntil, isHeld };
  const kept = await archiver.archive(wish, signal);
  return { ...run, step: "pruning", archive: kept.name, archived: kept.archived, archiveUntil: retainUntil };
}

/** One that is not is evidence of that: it stays for whoever looks into it. */
export async function isAsRecorded(
  { hash }: Pick<ArchivingParts, "hash">,
  ledger: PrunedLedger,
  { index, entry }: DueEntry,
): Promise<boolean> {
  return equal(entryLeafHash(hash, entry), await ledger.leafHash(index));
}
