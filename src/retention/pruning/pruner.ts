/**
 * Takes the bodies of entries away whose time is over, in the background: found by the policy in force, archived where it asks for that,
 * pruned, forgotten by the index and taken off the disk, and told to the ledger. Never what is held, what is not final on every
 * chain, or what a rule keeps longer. It leaves the thread to others twice as long as it works.
 * Why: docs/decisions/0203.
 */

import { setTimeout as delay } from "node:timers/promises";
import { entryLeafHash } from "../../entry/entry.ts";
import type { Condition, Health } from "../../health.ts";
import { ownEvent, type Recording } from "../../ledger/own-event.ts";
import { equal, type Hex } from "../../merkle/bytes.ts";
import type { EntryReplacement, Store } from "../../store/store.ts";
import { overlapOf, rangesOf } from "../erasure/index-ranges.ts";
import type { HoldGuard } from "../hold-book.ts";
import { RetentionJudge } from "../judge.ts";
import type { PolicyBook } from "../policy-book.ts";
import type { Archiver } from "./archiver.ts";
import { type DueEntry, dueEntries, LOOKED_AT_ONCE, type PrunedLedger, rest } from "./due-entries.ts";
import { PRUNING_SPACE, type PruneRun, type PruneStep, readRun, runWrite } from "./prune-run.ts";
import { Stretches } from "./stretches.ts";

/** The index, which has words of bodies that are gone. */
export interface Forgetful {
  /** Builds anew what it has of entries [from, to). */
  forget(ledger: string, from: number, to: number): Promise<unknown>;
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
  /** The policy in force has rules that archive first, and there is nothing that archives: what is under them stays. */
  readonly lacksArchive?: boolean;
};

/** Bodies of one run, at most about this many entries long: what is archived together, and told together. */
const RUN_ENTRIES = 65_536;
const INTERVAL_MS = 60_000;

type Followed = {
  readonly ledger: PrunedLedger;
  readonly stretches: Stretches;
  run: PruneRun | undefined;
  pruned: number;
  lastRunAt: number | undefined;
  failure: string | undefined;
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
      run: text === undefined ? undefined : readRun(text),
      pruned: 0,
      lastRunAt: undefined,
      failure: undefined,
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
    const { run, pruned, lastRunAt, failure, isWorking } = this.#of(ledgerId);
    const { archiver, policies } = this.#options;
    const rules = policies.inForce(ledgerId)?.rules ?? [];
    const lacksArchive = archiver === undefined && rules.some(({ after }) => after === "archive_and_prune");
    return {
      isWorking,
      pruned,
      ...(run !== undefined && { step: run.step, from: run.from, to: run.to }),
      ...(lastRunAt !== undefined && { lastRunAt }),
      ...(failure !== undefined && { failure }),
      ...(lacksArchive && { lacksArchive }),
    };
  }

  /** Prunes all of a ledger that is due now. */
  async prune(ledgerId: Hex): Promise<void> {
    const followed = this.#of(ledgerId);
    followed.isWorking = true;
    try {
      await this.#carryOut(followed);
      // Each run begins behind the one before: what cannot go, as it is damaged, is not tried for ever.
      for (let from = 0; await this.#begin(followed, from); ) {
        from = (followed.run?.from ?? from) + 1;
        await this.#carryOut(followed);
      }
      if (followed.run !== undefined) await this.#compact(followed);
      followed.lastRunAt = this.#options.now();
      this.#report(followed, undefined);
    } finally {
      followed.isWorking = false;
    }
  }

  async #goOn(): Promise<void> {
    const { signal } = this.#stopping;
    const { intervalMs = INTERVAL_MS } = this.#options;
    while (!signal.aborted && intervalMs > 0) {
      for (const [id, followed] of this.#followed) {
        if (signal.aborted) return;
        await this.prune(id).catch((error: Error) => {
          if (!signal.aborted) this.#report(followed, error);
        });
      }
      await delay(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Begins the next run, where something is due that nothing keeps. @returns whether there is one */
  async #begin(followed: Followed, behind: number): Promise<boolean> {
    const { policies, now, finalSize } = this.#options;
    const { ledger } = followed;
    const { id } = ledger.record;
    const policy = policies.inForce(id);
    if (policy === undefined) return false;
    const { rules, version } = policy;
    const at = now();
    const end = Math.min(await finalSize(id), ledger.size);
    const first = await this.#firstDue(followed, { judge: new RetentionJudge(rules), version, at, behind, end });
    if (first === undefined) return false;
    const { isArchived, archiveUntil } = first.verdict;
    const from = first.index;
    const to = Math.min(end, from + RUN_ENTRIES);
    const before = await this.#countPruned(ledger, from, to);
    const step = isArchived ? "archiving" : "pruning";
    const owesDisk = followed.run?.owesDisk === true;
    await this.#writeDown(followed, { step, from, to, at, rules, version, isArchived, archiveUntil, before, owesDisk });
    return true;
  }

  async #firstDue(
    { ledger, stretches }: Followed,
    { judge, version, at, behind, end }: DueSearch,
  ): Promise<DueEntry | undefined> {
    const { holds, archiver } = this.#options;
    const { signal } = this.#stopping;
    const { id } = ledger.record;
    stretches.begin(`${version}/${holds.revision(id)}`);
    const mayGo = ({ index, entry, verdict }: DueEntry) =>
      (archiver !== undefined || !verdict.isArchived) && holds.heldBy(id, index, entry).length === 0;
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
      run = await steps[run.step](run);
      await this.#writeDown(followed, run);
    }
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

  async #archive({ ledger }: Followed, run: PruneRun): Promise<PruneRun> {
    const { archiver } = this.#options;
    if (archiver === undefined) throw new Error("expected a place for archives, got none: nothing was pruned");
    const { from, to } = run;
    const wanted = new Set<number>();
    let retainUntil = run.archiveUntil;
    for await (const due of this.#dueOf(ledger, run)) {
      for (const { index, verdict } of due) {
        wanted.add(index);
        retainUntil = Math.max(retainUntil, verdict.archiveUntil);
      }
    }
    if (wanted.size === 0) return { ...run, step: "pruning", archived: [] };
    const wish = { ledgerId: ledger.record.id, from, to, isWanted: (index: number) => wanted.has(index), retainUntil };
    const archive = await archiver.archive(wish);
    return { ...run, step: "pruning", archive, archived: rangesOf(wanted), archiveUntil: retainUntil };
  }

  async #pruneBodies(followed: Followed, run: PruneRun): Promise<PruneRun> {
    const { ledger } = followed;
    const { holds, store } = this.#options;
    const { id } = ledger.record;
    const archive = run.archive === undefined ? {} : { archive: run.archive };
    for await (const due of this.#dueOf(ledger, run)) {
      const began = performance.now();
      const done = await holds.whileNoneIsPlaced(id, async () => {
        const replacements: EntryReplacement[] = [];
        for (const { index, entry } of due) {
          if (holds.heldBy(id, index, entry).length > 0 || !isKept(run, index)) continue;
          const leafHash = await ledger.leafHash(index);
          // One that is not what was recorded is evidence of that: it stays for whoever looks into it.
          if (!equal(entryLeafHash(this.#options.hash, entry), leafHash)) continue;
          const pruned = { leafHash: leafHash.slice(), ...archive };
          replacements.push({ index, entry: { recordedAt: entry.recordedAt, members: NO_MEMBERS, pruned } });
        }
        if (replacements.length > 0) await store.replaceEntries(id, replacements, []);
        return replacements.length;
      });
      followed.pruned += done;
      await rest(performance.now() - began, this.#stopping.signal);
    }
    const pruned = (await this.#countPruned(ledger, run.from, run.to)) - run.before;
    return { ...run, step: "forgetting", pruned, owesDisk: run.owesDisk || pruned > 0 };
  }

  async #forget({ ledger }: Followed, run: PruneRun): Promise<PruneRun> {
    if (run.pruned !== 0) await this.#options.index.forget(ledger.record.name, run.from, run.to);
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

  /** Entries of a run that are due, by its own policy and time, and that are to be archived or are not, as it says. */
  async *#dueOf(
    ledger: PrunedLedger,
    { from, to, at, rules, isArchived }: PruneRun,
  ): AsyncGenerator<readonly DueEntry[]> {
    const { holds } = this.#options;
    const { id } = ledger.record;
    const { signal } = this.#stopping;
    for await (const { due } of dueEntries(ledger, new RetentionJudge(rules), { from, to, at, signal })) {
      const own = due.filter(
        ({ index, entry, verdict }) => verdict.isArchived === isArchived && holds.heldBy(id, index, entry).length === 0,
      );
      if (own.length > 0) yield own;
    }
  }

  async #countPruned(ledger: PrunedLedger, from: number, to: number): Promise<number> {
    let count = 0;
    for (let start = from; start < to; start += LOOKED_AT_ONCE) {
      const began = performance.now();
      for await (const some of ledger.packedEntries(start, Math.min(to, start + LOOKED_AT_ONCE))) {
        for (const { pruned } of some) if (pruned !== undefined) count++;
      }
      await rest(performance.now() - began, this.#stopping.signal);
    }
    return count;
  }

  async #writeDown(followed: Followed, run: PruneRun | undefined): Promise<void> {
    await this.#options.store.writeRecords([runWrite(followed.ledger.record.id, run)], { durable: true });
    followed.run = run;
  }

  #report(followed: Followed, error: Error | undefined): void {
    followed.failure = error?.message;
    const { id } = followed.ledger.record;
    this.#options.health?.report(`pruning/${id}`, error && failing(id), error);
  }

  #of(ledgerId: Hex): Followed {
    const found = this.#followed.get(ledgerId);
    if (found === undefined) throw new Error(`expected a ledger that is followed, got ${ledgerId}`);
    return found;
  }
}

const NO_MEMBERS = new Uint8Array(0);

/** Whether an entry is in the archive of its run, where it has to be in one. */
function isKept({ isArchived, archived = [] }: PruneRun, index: number): boolean {
  return !isArchived || overlapOf(archived, index, index + 1) === "all";
}

type DueSearch = {
  readonly judge: RetentionJudge;
  readonly version: number;
  readonly at: number;
  readonly behind: number;
  readonly end: number;
};

async function recordedAt(ledger: PrunedLedger, index: number): Promise<number> {
  for await (const [entry] of ledger.packedEntries(index, index + 1)) if (entry !== undefined) return entry.recordedAt;
  return Number.POSITIVE_INFINITY;
}

function failing(ledgerId: Hex): Condition {
  const detail = `what is due of ledger ${ledgerId} cannot be pruned; it is tried again, and nothing is pruned that should have been archived before`;
  return { code: "pruning_failing", detail, isNotice: true };
}
