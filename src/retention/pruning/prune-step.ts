/**
 * The step in which bodies go: of each entry that is due, by the policy of the run and by the one that is in force now, that nothing
 * holds in the moment it goes, and that is in the archive where it has to be in one.
 * Why: docs/decisions/0203.
 */

import { isIn } from "../../ledger/index-ranges.ts";
import type { Hash } from "../../merkle/hash.ts";
import type { EntryReplacement, Store } from "../../store/store.ts";
import type { HoldGuard } from "../hold-book.ts";
import { RetentionJudge } from "../judge.ts";
import type { PolicyBook } from "../policy-book.ts";
import { isAsRecorded } from "./archive-step.ts";
import { type DueEntry, dueEntries, LOOKED_AT_ONCE, type PrunedLedger, rest } from "./due-entries.ts";
import type { PruneRun } from "./prune-run.ts";

export type PruningParts = {
  readonly store: Pick<Store, "replaceEntries">;
  readonly policies: Pick<PolicyBook, "inForce">;
  readonly holds: HoldGuard;
  readonly hash: Hash;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

const NO_MEMBERS = new Uint8Array(0);

/** Takes them away. @param onPruned is told how many of each batch */
export async function pruneDue(
  parts: PruningParts,
  ledger: PrunedLedger,
  run: PruneRun,
  { signal, onPruned }: { readonly signal: AbortSignal; readonly onPruned: (count: number) => void },
): Promise<PruneRun> {
  const { holds, store } = parts;
  const { from, to, at, rules } = run;
  const { id } = ledger.record;
  const archive = run.archive === undefined ? {} : { archive: run.archive };
  for await (const { due } of dueEntries(ledger, new RetentionJudge(rules), { from, to, at, signal })) {
    const began = performance.now();
    const done = await holds.whileNoneIsPlaced(id, async () => {
      const replacements: EntryReplacement[] = [];
      const isLetGo = letGoNow(parts, ledger, run);
      for (const found of due) {
        const { index, entry, verdict } = found;
        if (verdict.isArchived !== run.isArchived || !isKept(run, index) || !isLetGo(found)) continue;
        if (holds.heldBy(id, index, entry).length > 0 || !(await isAsRecorded(parts, ledger, found))) continue;
        const pruned = { leafHash: (await ledger.leafHash(index)).slice(), ...archive };
        replacements.push({ index, entry: { recordedAt: entry.recordedAt, members: NO_MEMBERS, pruned } });
      }
      if (replacements.length > 0) await store.replaceEntries(id, replacements, []);
      return replacements.length;
    });
    onPruned(done);
    await rest(performance.now() - began, signal);
  }
  const pruned = (await countPruned(ledger, from, to, signal)) - run.before;
  return { ...run, step: "forgetting", pruned, owesDisk: run.owesDisk || pruned > 0 };
}

/** A policy that was put since the run began, and keeps more, holds at once; one that keeps less is for the next run. */
function letGoNow({ policies, now }: PruningParts, { record }: PrunedLedger, run: PruneRun) {
  const inForce = policies.inForce(record.id);
  if (inForce?.version === run.version) return () => true;
  const judge = new RetentionJudge(inForce?.rules ?? []);
  return ({ entry }: DueEntry): boolean => {
    const { dueAt, isArchived } = judge.judge(entry);
    return dueAt <= now() && (!isArchived || run.isArchived);
  };
}

/** Whether an entry is in the archive of its run, where it has to be in one. */
function isKept({ isArchived, archived = [] }: PruneRun, index: number): boolean {
  return !isArchived || isIn(archived, index);
}

/** How many entries of [from, to) are pruned. */
export async function countPruned(
  ledger: PrunedLedger,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<number> {
  let count = 0;
  for (let start = from; start < to; start += LOOKED_AT_ONCE) {
    const began = performance.now();
    for await (const some of ledger.packedEntries(start, Math.min(to, start + LOOKED_AT_ONCE))) {
      for (const { pruned } of some) if (pruned !== undefined) count++;
    }
    await rest(performance.now() - began, signal);
  }
  return count;
}
