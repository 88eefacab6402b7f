/**
 * The legal holds of every ledger. What a hold finds, or will find, is neither pruned nor erased until it is lifted; both come
 * here to ask, and ask in the same turn in which they write, so that nothing goes that is held in the moment it goes. A hold that
 * cannot be read, or is not understood, holds everything.
 * Why: docs/decisions/0202.
 */

import { randomBytes } from "node:crypto";
import type { Entry } from "../entry/entry.ts";
import type { Condition, Health } from "../health.ts";
import type { Author, Recording } from "../ledger/own-event.ts";
import type { Hex } from "../merkle/bytes.ts";
import { isMatch } from "../query/filter-entry.ts";
import type { Plan } from "../query/request.ts";
import { Turn } from "../store/mutex.ts";
import type { Store } from "../store/store.ts";
import type { GovernedLedger } from "./policy-book.ts";
import { RetentionError } from "./retention-error.ts";
import { holdEvent, liftingEvent } from "./retention-events.ts";
import { type Hold, holdSpace, holdWrite, type KeptHold, readHold } from "./retention-records.ts";

/** Of one ledger: each is held against every entry that is due. */
const HOLDS_MAX = 256;
const ID_BYTES = 8;

export type HoldBookOptions = Recording & {
  readonly store: Pick<Store, "records" | "writeRecords">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** What a filter asks for, as a search has it; it throws where that is not understood. */
  readonly planOf: (filter: string) => Plan;
  readonly health?: Health;
};

/** What is wanted of a hold; `filter` is one that is understood. */
export type HoldRequest = { readonly filter: string; readonly reason: string };

/** Whoever asks what is held. */
export interface HoldGuard {
  /** Ids of the holds that an entry is under; empty where it may go. */
  heldBy(ledgerId: Hex, index: number, entry: Entry): readonly string[];
  /** Does what takes bodies away, while no hold is placed: what `heldBy` says in there stays true until it ends. */
  whileNoneIsPlaced<T>(ledgerId: Hex, work: () => Promise<T>): Promise<T>;
  /** Another number whenever something may be held that was not, or the other way round. */
  revision(ledgerId: Hex): number;
}

type InForce = { readonly hold: KeptHold; readonly plan: Plan | undefined };
type Holds = {
  readonly inForce: Map<string, InForce>;
  readonly damaged: Set<string>;
  readonly turn: Turn;
  revision: number;
};

const DAMAGED: Condition = {
  code: "holds_damaged",
  detail:
    "a legal hold of a ledger cannot be read, so everything of that ledger is held: place it again, lift the damaged one, and run an audit",
  isNotice: true,
};

export class HoldBook implements HoldGuard {
  readonly #options: HoldBookOptions;
  readonly #byLedger = new Map<Hex, Holds>();

  constructor(options: HoldBookOptions) {
    this.#options = options;
  }

  /** Reads the holds of a ledger, and tells it of those that it was not told. Before anything of it is taken away. */
  async follow(ledger: GovernedLedger): Promise<void> {
    const { id } = ledger.record;
    const holds: Holds = { inForce: new Map(), damaged: new Set(), turn: new Turn(), revision: 0 };
    let damage: unknown;
    const onDamaged = (key: string, error: unknown): void => {
      damage = error;
      holds.damaged.add(key);
    };
    for await (const [key, value] of this.#options.store.records(holdSpace(id), { onDamaged })) {
      const hold = readHold(value);
      holds.inForce.set(key, { hold, plan: this.#planOf(hold) });
    }
    this.#byLedger.set(id, holds);
    this.#report(id, holds, damage);
    void holds.turn.take(() => this.#tell(ledger, holds)).catch(() => undefined);
  }

  /** Those in force, the oldest first. */
  list(ledgerId: Hex): { readonly holds: readonly Hold[]; readonly damaged: readonly string[] } {
    const { inForce, damaged } = this.#holds(ledgerId);
    const holds = [...inForce.values()].flatMap(({ hold }) => (hold.lifting === undefined ? [shown(hold)] : []));
    return { holds: holds.sort((a, b) => a.placedAt - b.placedAt || (a.id < b.id ? -1 : 1)), damaged: [...damaged] };
  }

  /** Places a hold, durably; from then on nothing that it finds goes. @throws RetentionError holds_max */
  place(ledger: GovernedLedger, { filter, reason }: HoldRequest, { key, source }: Author): Promise<Hold> {
    const holds = this.#holds(ledger.record.id);
    return holds.turn.take(async () => {
      if (holds.inForce.size + holds.damaged.size >= HOLDS_MAX) throw tooManyHolds();
      const id = randomBytes(ID_BYTES).toString("hex");
      const placedAt = this.#options.now();
      const hold: KeptHold = { id, filter, reason, key, source, placedAt, isTold: false };
      await this.#write(ledger.record.id, id, hold);
      holds.inForce.set(id, { hold, plan: this.#planOf(hold) });
      holds.revision++;
      await this.#tell(ledger, holds);
      return shown(hold);
    });
  }

  /** Lifts a hold, durably. @throws RetentionError hold_unknown */
  lift(ledger: GovernedLedger, id: string, reason: string, { key, source }: Author): Promise<void> {
    const { id: ledgerId } = ledger.record;
    const holds = this.#holds(ledgerId);
    return holds.turn.take(async () => {
      const found = holds.inForce.get(id)?.hold ?? (holds.damaged.has(id) ? this.#placeholder(id) : undefined);
      if (found === undefined || found.lifting !== undefined) throw unknownHold(id);
      // What was placed is told before it is lifted: the other way round nobody could follow it.
      await this.#tell(ledger, holds);
      const hold: KeptHold = {
        ...found,
        isTold: true,
        lifting: { reason, key, source, liftedAt: this.#options.now() },
      };
      await this.#write(ledgerId, id, hold);
      holds.inForce.set(id, { hold, plan: undefined });
      holds.damaged.delete(id);
      holds.revision++;
      this.#report(ledgerId, holds);
      await this.#tell(ledger, holds);
    });
  }

  heldBy(ledgerId: Hex, index: number, entry: Entry): readonly string[] {
    const { inForce, damaged } = this.#holds(ledgerId);
    const held = [...damaged];
    for (const [id, { hold, plan }] of inForce) {
      if (hold.lifting === undefined && (plan === undefined || isIn(plan, index, entry))) held.push(id);
    }
    return held;
  }

  whileNoneIsPlaced<T>(ledgerId: Hex, work: () => Promise<T>): Promise<T> {
    return this.#holds(ledgerId).turn.take(work);
  }

  revision(ledgerId: Hex): number {
    return this.#holds(ledgerId).revision;
  }

  /** Records the events of what was not told yet; a hold that is lifted is gone after that. */
  async #tell(ledger: GovernedLedger, { inForce }: Holds): Promise<void> {
    const { id: ledgerId } = ledger.record;
    for (const [id, { hold, plan }] of inForce) {
      if (!hold.isTold) {
        await ledger.append(holdEvent(this.#options, hold));
        inForce.set(id, { hold: { ...hold, isTold: true }, plan });
        // If this is lost the event is made again, and known again.
        await this.#write(ledgerId, id, { ...hold, isTold: true }, { durable: false });
      } else if (hold.lifting !== undefined) {
        await ledger.append(liftingEvent(this.#options, hold, hold.lifting));
        inForce.delete(id);
        await this.#write(ledgerId, id, undefined, { durable: false });
      }
    }
  }

  #write(ledgerId: Hex, id: string, hold: KeptHold | undefined, { durable } = { durable: true }): Promise<void> {
    return this.#options.store.writeRecords([holdWrite(ledgerId, id, hold)], { durable });
  }

  /** Undefined where it is not understood, or is lifted. */
  #planOf({ filter, lifting }: KeptHold): Plan | undefined {
    try {
      return lifting === undefined ? this.#options.planOf(filter) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Stands for one that cannot be read, so that it can be lifted. */
  #placeholder(id: string): KeptHold {
    return { id, filter: "", reason: "", key: "", source: "", placedAt: this.#options.now(), isTold: true };
  }

  #report(ledgerId: Hex, { damaged }: Holds, cause?: unknown): void {
    this.#options.health?.report(`holds/${ledgerId}`, damaged.size === 0 ? undefined : DAMAGED, cause);
  }

  #holds(ledgerId: Hex): Holds {
    const found = this.#byLedger.get(ledgerId);
    if (found === undefined) throw new Error(`expected a ledger that is followed, got ${ledgerId}`);
    return found;
  }
}

function isIn(plan: Plan, index: number, entry: Entry): boolean {
  return index >= plan.from && index < plan.to && isMatch(entry, plan);
}

function shown({ id, filter, reason, key, source, placedAt }: KeptHold): Hold {
  return { id, filter, reason, key, source, placedAt };
}

function unknownHold(id: string): RetentionError {
  return new RetentionError("hold_unknown", `expected the id of a hold that is in force, got ${JSON.stringify(id)}`);
}

function tooManyHolds(): RetentionError {
  const message = `expected at most ${HOLDS_MAX} holds on a ledger, got one more: lift one, or place one that covers several`;
  return new RetentionError("holds_max", message);
}
