/**
 * One run of pruning: some of the entries [from, to) of a ledger lose their bodies. Each step is written down before it begins, so that a
 * run which is killed goes on where it was; every step can be done twice.
 *
 *   archiving ──verified──▶ pruning ──all written──▶ forgetting ──index──▶ telling ──event──▶ compacting ──disk──▶ (gone)
 *
 * The disk is compacted once, when nothing more is due; until then the last run stands for that.
 *
 * Which of the entries go is looked up again in each step, from the policy of the run and the holds of the moment: what was held
 * meanwhile stays, and is in the archive besides. What was held while it was archived is not in there, and stays for the next run
 * though its hold is lifted meanwhile.
 * Why: docs/decisions/0203.
 */

import { canonicalJson } from "../../json/canonical.ts";
import { readJson } from "../../json/read.ts";
import type { EntryRange } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { RecordWrite } from "../../store/store.ts";
import type { RetentionRule } from "../policy.ts";

export const PRUNE_STEPS = ["archiving", "pruning", "forgetting", "telling", "compacting"] as const;
export type PruneStep = (typeof PRUNE_STEPS)[number];

/** What is written down of a run. */
export type PruneRun = {
  readonly step: PruneStep;
  readonly from: number;
  readonly to: number;
  /** What was due by these rules at this time; ms since 1970. */
  readonly at: number;
  readonly rules: readonly RetentionRule[];
  readonly version: number;
  /** Whether it is about those that are archived first, or those that are not. */
  readonly isArchived: boolean;
  readonly archiveUntil: number;
  /** Name of the archive, once it was verified. */
  readonly archive?: string;
  /** Which entries are in that archive with their bodies; of a run that archives no others go. */
  readonly archived?: readonly EntryRange[];
  /** How many of the range were pruned before it began. */
  readonly before: number;
  /** Whether the disk still has bodies that are gone, of this run or one before. */
  readonly owesDisk: boolean;
  /** Bodies that are gone, once all are. */
  readonly pruned?: number;
};

export const PRUNING_SPACE = "pruning";

/** @param run undefined ends it */
export function runWrite(ledgerId: Hex, run: PruneRun | undefined): RecordWrite {
  return { space: PRUNING_SPACE, key: ledgerId, value: run === undefined ? undefined : canonicalJson(run) };
}

export function readRun(value: string): PruneRun {
  return readJson(value) as PruneRun;
}
