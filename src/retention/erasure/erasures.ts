/**
 * Erasures of all ledgers: planned, begun, and taken through their steps one after the other, again after every start until they
 * are done. What was begun ends: nothing but a hold that comes before anything is gone stops it.
 * Why: docs/decisions/0208.
 */

import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Condition } from "../../health.ts";
import type { Author } from "../../ledger/own-event.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { Turn } from "../../store/mutex.ts";
import type { GovernedLedger } from "../policy-book.ts";
import { eraseAgain } from "./erase-again.ts";
import { type ErasedArchive, staying } from "./erased-archive.ts";
import { ErasureError } from "./erasure-error.ts";
import type { ErasureOptions } from "./erasure-parts.ts";
import {
  ERASURE_STEPS,
  type ErasureStep,
  erasureSpace,
  erasureWrite,
  isOver,
  type KeptErasure,
  readErasure,
} from "./erasure-records.ts";
import { STEPS } from "./erasure-steps.ts";
import { type ErasureRequest, type ErasureTarget, readTarget } from "./erasure-target.ts";
import { type ErasurePlan, planErasure } from "./plan-erasure.ts";

const ID_BYTES = 8;
const RETRY_MS = 2000;

/** Who asks for an erasure, and why. */
export type ErasureWish = ErasureRequest & { readonly reason: string; readonly ground?: string | undefined };

type Followed = {
  readonly ledger: GovernedLedger;
  readonly kept: Map<string, KeptErasure>;
  /** Planning and doing are one thing after the other, and so is what is done in archives, for which nothing else waits. */
  readonly planning: Turn;
  readonly doing: Turn;
  readonly archiving: Turn;
};

const FAILING: Condition = {
  code: "erasure_failing",
  detail:
    "an erasure does not get on, and is tried again until it does: see the log for the cause, and whether the disk is full",
  isNotice: true,
};

export class Erasures {
  readonly #options: ErasureOptions;
  readonly #byLedger = new Map<Hex, Followed>();
  readonly #stopping = new AbortController();

  constructor(options: ErasureOptions) {
    this.#options = options;
  }

  /**
   * Takes up what was begun: when it resolves, no entry shows what was erased. In an older copy of a store what was erased
   * since is erased again.
   */
  async follow(ledger: GovernedLedger): Promise<void> {
    const { store, keys } = this.#options;
    const { id } = ledger.record;
    const kept = new Map<string, KeptErasure>();
    // One that is damaged is told by an audit; where the keyring knows of it, it is done again.
    const onDamaged = (_: string, error: unknown) => this.#report(id, error);
    for await (const [key, value] of store.records(erasureSpace(id), { onDamaged })) kept.set(key, readErasure(value));
    const followed: Followed = { ledger, kept, planning: new Turn(), doing: new Turn(), archiving: new Turn() };
    this.#byLedger.set(id, followed);
    if (keys !== undefined) {
      for (const erasure of await eraseAgain({ ...this.#options, keys }, ledger, [...kept.keys()])) {
        kept.set(erasure.id, erasure);
      }
    }
    for (const erasure of kept.values()) {
      if (isOver(erasure)) continue;
      // What fails now is tried again behind the start.
      await this.#untilKept(followed, erasure.id).catch((error) => this.#report(id, error));
      this.#finish(followed, erasure.id);
    }
  }

  /**
   * What an erasure would do; nothing is changed.
   * @param given ends it, where nobody waits for it any more
   * @throws ErasureError
   */
  plan(ledger: GovernedLedger, request: ErasureRequest, given?: AbortSignal): Promise<ErasurePlan> {
    const target = readTarget(request, this.#options.planOf);
    const { id } = ledger.record;
    const stopping = this.#stopping.signal;
    const signal = given === undefined ? stopping : AbortSignal.any([stopping, given]);
    return this.#followed(id).planning.take(async () => {
      signal.throwIfAborted();
      return planErasure({ ...this.#options, signal }, id, target, request.members);
    });
  }

  /** Begins an erasure, durably: from then on it is done, whatever happens. @throws ErasureError */
  begin(ledger: GovernedLedger, wish: ErasureWish, { key, source }: Author): Promise<KeptErasure> {
    const { store, now, planOf } = this.#options;
    const { id: ledgerId } = ledger.record;
    const followed = this.#followed(ledgerId);
    const target = readTarget(wish, planOf);
    return followed.planning.take(async () => {
      const keys = await this.#retire(ledgerId, target);
      const { signal } = this.#stopping;
      const plan = await planErasure({ ...this.#options, signal }, ledgerId, target, wish.members);
      const [hold] = plan.held;
      if (hold !== undefined) throw held(plan);
      if (plan.count === 0) throw nothing(plan);
      const { reason, ground, members } = wish;
      const erasure: KeptErasure = {
        id: randomBytes(ID_BYTES).toString("hex"),
        askedAt: now(),
        reason,
        ...(ground !== undefined && { ground }),
        ...(members !== undefined && { members }),
        key,
        source,
        ranges: plan.ranges,
        count: plan.count,
        keys,
        step: "planned",
      };
      await store.writeRecords([erasureWrite(ledgerId, erasure)], { durable: true });
      followed.kept.set(erasure.id, erasure);
      this.#finish(followed, erasure.id);
      return erasure;
    });
  }

  /** The newest first. */
  list(ledgerId: Hex): readonly KeptErasure[] {
    return [...this.#followed(ledgerId).kept.values()].sort((a, b) => b.askedAt - a.askedAt || (a.id < b.id ? -1 : 1));
  }

  /** @throws ErasureError erasure_unknown */
  get(ledgerId: Hex, id: string): KeptErasure {
    const found = this.#followed(ledgerId).kept.get(id);
    if (found !== undefined) return found;
    throw new ErasureError("erasure_unknown", `expected the id of an erasure, got ${JSON.stringify(id)}`);
  }

  /** Stops after the step under way; what is left is done after the next start. */
  async close(): Promise<void> {
    this.#stopping.abort();
    const nothing = async () => undefined;
    const followed = [...this.#byLedger.values()];
    await Promise.all(followed.map(({ doing }) => doing.take(nothing)));
    // What was done until then waits for its turn there already.
    await Promise.all(followed.map(({ archiving }) => archiving.take(nothing)));
  }

  /**
   * Takes their keys from the subjects, and waits until nothing more is encrypted with them: events that come from now on get
   * other ones, so that none of them goes with what is erased.
   */
  async #retire(ledgerId: Hex, { subjects }: ErasureTarget): Promise<Hex[]> {
    const { keys, store } = this.#options;
    if (keys === undefined || subjects.length === 0) return [];
    const ids: Hex[] = [];
    for (const subject of subjects) ids.push(...(await keys.retire(ledgerId, subject)));
    // Commits that had their keys before are written before this.
    await store.replaceEntries(ledgerId, [], []);
    return ids;
  }

  /** Does the steps behind which nothing is shown any more. */
  #untilKept(followed: Followed, id: string): Promise<void> {
    return followed.doing.take(async () => {
      while (["planned", "rewritten"].includes(this.get(followed.ledger.record.id, id).step)) {
        await this.#doStep(followed, id);
      }
    });
  }

  /** Does all steps, however often one fails. A place of archives that is away holds up nothing but what is done there. */
  #finish(followed: Followed, id: string): void {
    const { id: ledgerId } = followed.ledger.record;
    void followed.doing.take(async () => {
      await this.#doSteps(followed, id, { part: ledgerId, until: "compacted" });
      void followed.archiving.take(() => this.#doSteps(followed, id, { part: `${ledgerId}/archives`, until: "done" }));
    });
  }

  /** Does its steps one after the other, up to one. @param part how it is reported where one fails */
  async #doSteps(
    followed: Followed,
    id: string,
    { part, until }: { readonly part: string; readonly until: ErasureStep },
  ): Promise<void> {
    const { signal } = this.#stopping;
    const last = ERASURE_STEPS.indexOf(until);
    for (;;) {
      const { step } = this.get(followed.ledger.record.id, id);
      if (signal.aborted || ERASURE_STEPS.indexOf(step) >= last) return;
      try {
        await this.#doStep(followed, id);
        this.#report(part, undefined);
      } catch (error) {
        if (signal.aborted) return;
        this.#report(part, error);
        await delay(this.#options.retryMs ?? RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #doStep({ ledger, kept }: Followed, id: string): Promise<void> {
    const { id: ledgerId } = ledger.record;
    const erasure = this.get(ledgerId, id);
    const step = STEPS[erasure.step];
    if (step === undefined) return;
    const keep = async (left: KeptErasure) => {
      await this.#options.store.writeRecords([erasureWrite(ledgerId, left)], { durable: true });
      kept.set(id, left);
    };
    let after: KeptErasure;
    try {
      const found = await step.run({
        options: this.#options,
        ledger,
        erasure,
        note: (some) => keep({ ...erasure, ...some }),
        signal: this.#stopping.signal,
      });
      after = { ...erasure, ...found, step: step.next };
    } catch (error) {
      if (!(error instanceof ErasureError) || error.code !== "erasure_held") throw error;
      after = { ...erasure, step: "refused" };
    }
    if (isOver(after)) after = { ...after, doneAt: this.#options.now() };
    await keep(after);
  }

  #report(part: string, cause: unknown): void {
    this.#options.health?.report(`erasure/${part}`, cause === undefined ? undefined : FAILING, cause);
  }

  #followed(ledgerId: Hex): Followed {
    const found = this.#byLedger.get(ledgerId);
    if (found === undefined) throw new Error(`expected a ledger that is followed, got ${ledgerId}`);
    return found;
  }
}

function held({ held: holds }: ErasurePlan): ErasureError {
  const named = holds.map(({ hold, held: count }) => `${hold} (${count})`).join(", ");
  const message = `expected events that no legal hold covers, got holds ${named}: lift them first, or leave those events out`;
  return new ErasureError("erasure_held", message);
}

function nothing({ own, archives }: ErasurePlan): ErasureError {
  const why = own > 0 ? `only ${own} that the service recorded about itself, which stay` : `none: ${whyNone(archives)}`;
  return new ErasureError("erasure_empty", `expected events that show what is to be erased, got ${why}`);
}

/** What is pruned, and in archives alone that cannot be read here, cannot be found. */
function whyNone(archives: readonly ErasedArchive[]): string {
  const names = staying(archives).map(({ name }) => name);
  if (names.length === 0) return "they may be erased already";
  return `they may be erased already, or be in archives alone that cannot be read here (${names.join(", ")}): name archive.identityFile in the configuration`;
}
