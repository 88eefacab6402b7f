/**
 * Takes the bodies of entries away whose time is over, in the background: found by the policy in force, archived where it asks for that,
 * pruned, forgotten by the index and taken off the disk, and told to the ledger. Never what is held, what is not final on every
 * chain, or what a rule keeps longer. It leaves the thread to others twice as long as it works.
 * Why: docs/decisions/0203.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Health } from "../../health.ts";
import type { EntryRange } from "../../ledger/index-ranges.ts";
import { ownEvent, type Recording } from "../../ledger/own-event.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Store } from "../../store/store.ts";
import type { HoldGuard } from "../hold-book.ts";
import { RetentionJudge } from "../judge.ts";
import type { PolicyBook } from "../policy-book.ts";
import { archiveDue } from "./archive-step.ts";
import { ArchiveRefusal, type Archiver } from "./archiver.ts";
import { type DueEntry, dueEntries, dueSince, type PrunedLedger, recordedAt } from "./due-entries.ts";
import { PRUNING_SPACE, type PruneRun, type PruneStep, readRun, runWrite } from "./prune-run.ts";
import { countPruned, pruneDue } from "./prune-step.ts";
import { conditionOf } from "./pruning-conditions.ts";
import { Stretches } from "./stretches.ts";

/** The index, which has words of bodies that are gone. */
export interface Forgetful {
  /** Builds anew what it has of these entries; waits until there is an index. */
  forgetAll(ledger: string, ranges: readonly EntryRange[], signal: AbortSignal): Promise<unknown>;
  /** Takes off the disk what it had. */
  compact(): Promise<void>;
}

export type PrunerOptions = Recording & {
  readonly store: Pick<Store, "record" | "writeRecords" | "replaceEntries" | "compact">;
  readonly policies: Pick<PolicyBook, "inForce">;
  readonly holds: HoldGuard;
  readonly finalSize: (ledgerId: Hex) => Promise<number> | number;
  readonly index: Forgetful;
  /** Without one nothing is pruned that has to be archived. */
  readonly archiver?: Archiver | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly health?: Health;
  /** How often it looks whether something is due; 0 looks only when it is asked. */
  readonly intervalMs?: number;
  /** How long after it archived it archives again, so that there are few archives and not one for each event; 0 is at once. */
  readonly archiveEveryMs?: number;
  /** Told before each step of a run; for tests that end the process there. */
  readonly onStep?: (step: PruneStep) => void | Promise<void>;
};

/** How far pruning is with a ledger. */
export type PruneProgress = {
  readonly isWorking: boolean;
  readonly step?: PruneStep;
  readonly from?: number;
  readonly to?: number;
  /** Bodies that went since the service started. */
  readonly pruned: number;
  readonly lastRunAt?: number;
  readonly failure?: string;
  /** Since when it has failed in each round; ms since 1970. */
  readonly failingSince?: number;
  /** Since when something is due that may not go, as it is not final on every chain, or there is none. */
  readonly unanchoredSince?: number;
  /** The policy in force has rules that archive first, and there is nothing that archives: what is under them stays. */
  readonly lacksArchive?: boolean;
};

/** Bodies of one run, at most about this many entries long: what is archived together, and told together. */
const RUN_ENTRIES = 65_536;
const INTERVAL_MS = 60_000;

type Followed = {
  readonly ledger: PrunedLedger;
  readonly stretches: Stretches;
  /** While nothing can be archived: what is under rules that archive is passed over then. */
  readonly stretchesWithout: Stretches;
  run: PruneRun | undefined;
  /** The run is one of an earlier start: its archive is looked at again before anything more goes. */
  isResumed: boolean;
  /** Why nothing could be archived, since it was last looked for what is due. */
  refusal: Error | undefined;
  /** When an archive was last kept, since the start; ms since 1970. */
  archivedAt: number;
  /** Whether this round may begin archives. */
  mayArchive: boolean;
  pruned: number;
  lastRunAt: number | undefined;
  failure: string | undefined;
  failingSince: number | undefined;
  unanchoredSince: number | undefined;
  isWorking: boolean;
};

export class Pruner {
  readonly #options: PrunerOptions;
  readonly #followed = new Map<Hex, Followed>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(options: PrunerOptions) {
    this.#options = options;
  }

  /** Reads how far a run had come that was interrupted. */
  async follow(ledger: PrunedLedger): Promise<void> {
    const { id } = ledger.record;
    const text = await this.#options.store.record(PRUNING_SPACE, id);
    this.#followed.set(id, {
      ledger,
      stretches: new Stretches(),
      stretchesWithout: new Stretches(),
      run: text === undefined ? undefined : readRun(text),
      isResumed: text !== undefined,
      refusal: undefined,
      archivedAt: Number.NEGATIVE_INFINITY,
      mayArchive: true,
      pruned: 0,
      lastRunAt: undefined,
      failure: undefined,
      failingSince: undefined,
      unanchoredSince: undefined,
      isWorking: false,
    });
  }

  start(): void {
    this.#loop ??= this.#goOn();
  }

  /** Ends between two batches; what is left goes on with the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  progress(ledgerId: Hex): PruneProgress {
    const { run, pruned, lastRunAt, failure, failingSince, unanchoredSince, isWorking } = this.#of(ledgerId);
    const lacksArchive = this.#options.archiver === undefined && this.#asksForArchives(ledgerId);
    return {
      isWorking,
      pruned,
      ...(run !== undefined && { step: run.step, from: run.from, to: run.to }),
      ...(lastRunAt !== undefined && { lastRunAt }),
      ...(failure !== undefined && { failure }),
      ...(failingSince !== undefined && { failingSince }),
      ...(unanchoredSince !== undefined && { unanchoredSince }),
      ...(lacksArchive && { lacksArchive }),
    };
  }

  /** Prunes all of a ledger that is due now. */
  async prune(ledgerId: Hex): Promise<void> {
    const followed = this.#of(ledgerId);
    followed.isWorking = true;
    followed.refusal = undefined;
    followed.mayArchive = this.#options.now() >= followed.archivedAt + (this.#options.archiveEveryMs ?? 0);
    try {
      await this.#carryOut(followed);
      await this.#prepareArchive(followed);
      // Each run begins behind the one before: what cannot go, as it is damaged, is not tried for ever.
      for (let from = 0; await this.#begin(followed, from); ) {
        from = (followed.run?.from ?? from) + 1;
        await this.#carryOut(followed);
      }
      if (followed.run !== undefined) await this.#compact(followed);
      followed.lastRunAt = this.#options.now();
      if (followed.refusal !== undefined) throw followed.refusal;
      this.#report(followed, undefined);
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#report(followed, error as Error);
      throw error;
    } finally {
      followed.isWorking = false;
    }
  }

  async #goOn(): Promise<void> {
    const { signal } = this.#stopping;
    const { intervalMs = INTERVAL_MS } = this.#options;
    while (!signal.aborted && intervalMs > 0) {
      for (const id of this.#followed.keys()) {
        if (signal.aborted) return;
        // What it does not get on with is told where it is.
        await this.prune(id).catch(() => undefined);
      }
      await delay(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #asksForArchives(ledgerId: Hex): boolean {
    const rules = this.#options.policies.inForce(ledgerId)?.rules ?? [];
    return rules.some(({ after }) => after === "archive_and_prune");
  }

  /** What is wrong with the place for archives is told before something is due, and keeps nothing else from going. */
  async #prepareArchive(followed: Followed): Promise<void> {
    if (followed.refusal !== undefined || !this.#asksForArchives(followed.ledger.record.id)) return;
    await this.#options.archiver?.prepare(this.#stopping.signal).catch((error: Error) => {
      this.#stopping.signal.throwIfAborted();
      followed.refusal = error;
    });
  }

  /** Begins the next run, where something is due that nothing keeps. @returns whether there is one */
  async #begin(followed: Followed, behind: number): Promise<boolean> {
    const { policies, holds, now, finalSize } = this.#options;
    const { ledger } = followed;
    const { id } = ledger.record;
    const policy = policies.inForce(id);
    followed.unanchoredSince = undefined;
    if (policy === undefined) return false;
    const { rules, version } = policy;
    const at = now();
    const end = Math.min(await finalSize(id), ledger.size);
    const judge = new RetentionJudge(rules);
    const first = await this.#firstDue(followed, { judge, version, at, behind, end });
    followed.unanchoredSince = await dueSince(ledger, judge, {
      from: end,
      at,
      isFree: ({ index, entry }) => holds.heldBy(id, index, entry).length === 0,
      signal: this.#stopping.signal,
    });
    if (first === undefined) return false;
    const { isArchived, archiveUntil } = first.verdict;
    const from = first.index;
    const to = Math.min(end, from + RUN_ENTRIES);
    const before = await countPruned(ledger, from, to, this.#stopping.signal);
    const step = isArchived ? "archiving" : "pruning";
    const owesDisk = followed.run?.owesDisk === true;
    await this.#writeDown(followed, { step, from, to, at, rules, version, isArchived, archiveUntil, before, owesDisk });
    return true;
  }

  async #firstDue(
    { ledger, refusal, ...followed }: Followed,
    { judge, version, at, behind, end }: DueSearch,
  ): Promise<DueEntry | undefined> {
    const { holds } = this.#options;
    const canArchive = this.#options.archiver !== undefined && refusal === undefined && followed.mayArchive;
    const stretches = canArchive ? followed.stretches : followed.stretchesWithout;
    const { signal } = this.#stopping;
    const { id } = ledger.record;
    stretches.begin(`${version}/${holds.revision(id)}`);
    const mayGo = ({ index, entry, verdict }: DueEntry) =>
      (canArchive || !verdict.isArchived) && holds.heldBy(id, index, entry).length === 0;
    for (let from = stretches.nextDue(behind, at, end); from < end; from = stretches.nextDue(from, at, end)) {
      // Times never run backwards: behind one that is too young for every rule, all are.
      if (judge.earliestDueAt(await recordedAt(ledger, from)) > at) return undefined;
      const to = Math.min(end, stretches.endOf(from));
      let nextDueAt = Number.POSITIVE_INFINITY;
      for await (const found of dueEntries(ledger, judge, { from, to, at, signal })) {
        nextDueAt = Math.min(nextDueAt, found.nextDueAt);
        const first = found.due.find(mayGo);
        if (first !== undefined) return first;
      }
      // What is held is looked at again when holds change, and with them the revision.
      stretches.remember(from, to, nextDueAt);
      from = to;
    }
    return undefined;
  }

  /** Carries out the run that was written down, up to where the disk is to be compacted. */
  async #carryOut(followed: Followed): Promise<void> {
    const steps: Readonly<Record<Exclude<PruneStep, "compacting">, (run: PruneRun) => Promise<PruneRun>>> = {
      archiving: (run) => this.#archive(followed, run),
      pruning: (run) => this.#pruneBodies(followed, run),
      forgetting: (run) => this.#forget(followed, run),
      telling: (run) => this.#tell(followed, run),
    };
    for (let { run } = followed; run !== undefined && run.step !== "compacting"; ) {
      this.#stopping.signal.throwIfAborted();
      await this.#options.onStep?.(run.step);
      const step = mustLookAgain(followed, run) ? "archiving" : run.step;
      const after: PruneRun | undefined = await steps[step](run).catch((error: Error) =>
        this.#refused(followed, run, error),
      );
      followed.isResumed = false;
      await this.#writeDown(followed, after);
      run = after;
    }
  }

  /** What cannot be archived now is found again later; meanwhile the others go. @returns what is left of the run */
  #refused(followed: Followed, run: PruneRun | undefined, error: Error): PruneRun | undefined {
    this.#stopping.signal.throwIfAborted();
    if (run?.step !== "archiving" || run.archive !== undefined) throw error;
    followed.refusal = error;
    return run.owesDisk ? { ...run, step: "compacting" } : undefined;
  }

  async #compact(followed: Followed): Promise<void> {
    const { index, store, onStep } = this.#options;
    await onStep?.("compacting");
    if (followed.run?.owesDisk === true) {
      await index.compact();
      await store.compact();
    }
    await this.#writeDown(followed, undefined);
  }

  async #archive(followed: Followed, run: PruneRun): Promise<PruneRun> {
    const { archiver, holds, hash, now } = this.#options;
    if (archiver === undefined) {
      throw new ArchiveRefusal("archive_unavailable", "expected a place for archives, got none");
    }
    const archived = await archiveDue({ archiver, holds, hash, signal: this.#stopping.signal }, followed.ledger, run);
    followed.archivedAt = now();
    return archived;
  }

  #pruneBodies(followed: Followed, run: PruneRun): Promise<PruneRun> {
    const onPruned = (count: number): void => {
      followed.pruned += count;
    };
    return pruneDue(this.#options, followed.ledger, run, { signal: this.#stopping.signal, onPruned });
  }

  async #forget({ ledger }: Followed, run: PruneRun): Promise<PruneRun> {
    const { from, to, pruned } = run;
    if (pruned !== 0) await this.#options.index.forgetAll(ledger.record.name, [[from, to]], this.#stopping.signal);
    return { ...run, step: "telling" };
  }

  async #tell({ ledger }: Followed, run: PruneRun): Promise<PruneRun> {
    const { from, to, pruned = 0, version, archive, at } = run;
    if (pruned > 0) {
      const told = ownEvent(this.#options, {
        action: "holdfast.retention.prune",
        op: "d",
        target: { type: "retention", id: ledger.record.name },
        more: { metadata: { from, to, pruned, policyVersion: version, archive } },
        at,
      });
      await ledger.append(told);
    }
    return { ...run, step: "compacting" };
  }

  async #writeDown(followed: Followed, run: PruneRun | undefined): Promise<void> {
    await this.#options.store.writeRecords([runWrite(followed.ledger.record.id, run)], { durable: true });
    followed.run = run;
  }

  #report(followed: Followed, error: Error | undefined): void {
    followed.failure = error?.message;
    followed.failingSince = error && (followed.failingSince ?? this.#options.now());
    const { id } = followed.ledger.record;
    this.#options.health?.report(`pruning/${id}`, error && conditionOf(error, id), error);
  }

  #of(ledgerId: Hex): Followed {
    const found = this.#followed.get(ledgerId);
    if (found === undefined) throw new Error(`expected a ledger that is followed, got ${ledgerId}`);
    return found;
  }
}

type DueSearch = {
  readonly judge: RetentionJudge;
  readonly version: number;
  readonly at: number;
  readonly behind: number;
  readonly end: number;
};

/** Whether what a run archived in an earlier process is looked at again before more of it goes. */
function mustLookAgain({ isResumed }: Followed, { step, archive }: PruneRun): boolean {
  return isResumed && step === "pruning" && archive !== undefined;
}
