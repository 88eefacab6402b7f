/** Which entries of a ledger are due: found a stretch at a time, with pauses, and remembered where nothing is due before a time. */

import { setTimeout as delay } from "node:timers/promises";
import type { Entry } from "../../entry/entry.ts";
import { unpackEntry } from "../../entry/packed.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { RetentionJudge, RetentionVerdict } from "../judge.ts";
import type { GovernedLedger } from "../policy-book.ts";

/** The part of a ledger that is read. */
export type PrunedLedger = GovernedLedger & Pick<Ledger, "size" | "packedEntries" | "leafHash">;

export type DueEntry = { readonly index: number; readonly entry: Entry; readonly verdict: RetentionVerdict };

/** Entries that are looked at between two pauses. */
export const LOOKED_AT_ONCE = 256;
/** Work is followed by so many times as long a pause. */
const REST = 2;
const REST_MAX_MS = 100;

/** Entries [from, to) that are due at a time, some at a time; what was pruned is not among them. */
export async function* dueEntries(
  ledger: PrunedLedger,
  judge: RetentionJudge,
  {
    from,
    to,
    at,
    signal,
  }: { readonly from: number; readonly to: number; readonly at: number; readonly signal: AbortSignal },
): AsyncGenerator<{ readonly due: readonly DueEntry[]; readonly upTo: number; readonly nextDueAt: number }> {
  for (let start = from; start < to; start += LOOKED_AT_ONCE) {
    const began = performance.now();
    const end = Math.min(to, start + LOOKED_AT_ONCE);
    const due: DueEntry[] = [];
    let nextDueAt = Number.POSITIVE_INFINITY;
    let index = start;
    for await (const some of ledger.packedEntries(start, end)) {
      for (const packed of some) {
        if (packed.pruned === undefined) {
          const entry = unpackEntry(packed);
          const verdict = judge.judge(entry);
          if (verdict.dueAt <= at) due.push({ index, entry, verdict });
          else nextDueAt = Math.min(nextDueAt, verdict.dueAt);
        }
        index++;
      }
    }
    await rest(performance.now() - began, signal);
    yield { due, upTo: end, nextDueAt };
  }
}

/** Leaves others twice as long as the work took. */
export async function rest(workMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await delay(Math.min(REST_MAX_MS, REST * workMs), undefined, { signal, ref: false });
}

type DueSince = {
  readonly from: number;
  readonly at: number;
  readonly isFree: (found: DueEntry) => boolean;
  readonly signal: AbortSignal;
};

/** Since when the first entry is due, and free to go, of those that stand next behind an index; undefined where none of some is. */
export async function dueSince(
  ledger: PrunedLedger,
  judge: RetentionJudge,
  { from, at, isFree, signal }: DueSince,
): Promise<number | undefined> {
  if (from >= ledger.size || judge.earliestDueAt(await recordedAt(ledger, from)) > at) return undefined;
  const to = Math.min(ledger.size, from + LOOKED_AT_ONCE);
  for await (const { due } of dueEntries(ledger, judge, { from, to, at, signal })) {
    const first = due.find(isFree);
    if (first !== undefined) return first.verdict.dueAt;
  }
  return undefined;
}

export async function recordedAt(ledger: PrunedLedger, index: number): Promise<number> {
  for await (const [entry] of ledger.packedEntries(index, index + 1)) if (entry !== undefined) return entry.recordedAt;
  return Number.POSITIVE_INFINITY;
}
