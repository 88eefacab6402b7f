/**
 * When a ledger is anchored on a chain: by age of the oldest entry that is not anchored, or by how many wait; never when
 * nothing changed. A ledger that failed is left alone for a while that grows, and others go on.
 */

import { isRecent } from "../../clock.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Store } from "../../store/store.ts";
import type { AnchoredLedger } from "../ledgers.ts";
import { intervalOf, type Policy } from "../policy.ts";
import type { OpenAnchors } from "../record/open-anchors.ts";

type Plan = {
  /** Size that is anchored as far as known, also when the store has no record of it. */
  readonly anchoredSize: number;
  /** When the oldest entry that is not anchored was recorded, milliseconds since 1970; never in the future. */
  readonly oldestAt: number | undefined;
  /** Share of the interval to wait. */
  readonly share: number;
};

type Backoff = { readonly failures: number; readonly since: number; readonly waitMs: number };

/** How long a size that the chain holds without our having a record of it is believed: reorganisations take it back. */
const FLOOR_MS = 60_000;
const BACKOFF_FIRST_MS = 5_000;
const BACKOFF_MAX_MS = 3_600_000;

export type ScheduleOptions = {
  readonly store: Store;
  readonly openAnchors: OpenAnchors;
  readonly policy: Policy;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
};

export class Schedule {
  readonly #options: ScheduleOptions;
  readonly #plans = new Map<Hex, Plan>();
  readonly #floors = new Map<Hex, { readonly size: number; readonly at: number }>();
  readonly #backoffs = new Map<Hex, Backoff>();
  readonly #urgent = new Set<Hex>();
  readonly #beats = new Map<Hex, number>();

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Makes ledgers due as soon as they have anything to anchor. */
  hurry(ledgerIds: readonly Hex[]): void {
    for (const ledgerId of ledgerIds) {
      this.#urgent.add(ledgerId);
      this.#backoffs.delete(ledgerId);
    }
  }

  /** Tries a ledger again that was left alone. */
  retry(ledgerId: Hex): void {
    this.#backoffs.delete(ledgerId);
  }

  /** That the chain holds a size, learned otherwise than from the store. */
  reached(ledgerId: Hex, size: number): void {
    this.#floors.set(ledgerId, { size, at: this.#options.now() });
    this.#backoffs.delete(ledgerId);
    this.#urgent.delete(ledgerId);
  }

  /** Leaves a ledger alone for a while. */
  postpone(ledgerId: Hex): void {
    const failures = (this.#backoffs.get(ledgerId)?.failures ?? 0) + 1;
    const waitMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** (failures - 1));
    this.#backoffs.set(ledgerId, { failures, since: this.#options.now(), waitMs });
  }

  /** Forgets what was reached: another chain begins. */
  reset(): void {
    this.#floors.clear();
  }

  async isDue(ledger: AnchoredLedger): Promise<boolean> {
    const { id } = ledger.record;
    const { now, policy } = this.#options;
    const backoff = this.#backoffs.get(id);
    if (backoff !== undefined && isRecent(backoff.since, now(), backoff.waitMs)) return false;
    const plan = await this.#plan(ledger);
    const waiting = ledger.size - plan.anchoredSize;
    if (waiting <= 0) {
      this.#urgent.delete(id);
      return false;
    }
    if (this.#urgent.has(id) || waiting >= policy.entriesMax) return true;
    return plan.oldestAt === undefined || now() >= plan.oldestAt + intervalOf(policy) * plan.share;
  }

  /** Milliseconds since the oldest entry was recorded that no mined anchor covers; undefined when all are. */
  async oldestAgeMs(ledger: AnchoredLedger): Promise<number | undefined> {
    const { oldestAt } = await this.#plan(ledger);
    return oldestAt === undefined ? undefined : this.#options.now() - oldestAt;
  }

  async isHeartbeatDue(ledger: AnchoredLedger): Promise<boolean> {
    const { openAnchors, now, policy } = this.#options;
    if (policy.heartbeatMs <= 0 || ledger.size === 0) return false;
    const newest = await openAnchors.newest(ledger.record.id);
    if (newest === undefined || newest.size < ledger.size) return false;
    // The chain's clock may be behind ours, and beats cost money: ours counts as well.
    const last = Math.max(newest.blockTime * 1000, this.#beats.get(ledger.record.id) ?? 0);
    return now() - last >= policy.heartbeatMs;
  }

  /** That a heartbeat was recorded now. */
  beat(ledgerId: Hex): void {
    this.#beats.set(ledgerId, this.#options.now());
    this.hurry([ledgerId]);
  }

  async #plan(ledger: AnchoredLedger): Promise<Plan> {
    const { id } = ledger.record;
    const { openAnchors, store, policy, random, now } = this.#options;
    const recorded = (await openAnchors.newest(id))?.size ?? 0;
    const floor = this.#floors.get(id);
    const isFresh = floor !== undefined && isRecent(floor.at, now(), FLOOR_MS);
    const anchoredSize = Math.max(recorded, isFresh ? Math.min(floor.size, ledger.size) : 0);
    const known = this.#plans.get(id);
    if (known?.anchoredSize === anchoredSize && known.oldestAt !== undefined && known.oldestAt <= now()) return known;
    const oldest = anchoredSize < ledger.size ? await store.entry(id, anchoredSize) : undefined;
    const share = 1 - policy.jitter * random();
    // An entry from a time to come was recorded while the clock was wrong: its age is counted from now on.
    const oldestAt = oldest && Math.min(oldest.recordedAt, now());
    const plan = { anchoredSize, oldestAt, share };
    this.#plans.set(id, plan);
    return plan;
  }
}
