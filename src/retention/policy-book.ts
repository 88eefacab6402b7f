/**
 * The retention policies of every ledger, kept in the store. One that shortens nothing is in force at once; one that does waits
 * for as long as the service is set to, and can be withdrawn until then by putting another. Every change is durable first, then it
 * holds, and then the ledger is told; what it was not told it is told with the next start or change.
 * Why: docs/decisions/0200, docs/decisions/0201.
 */

import type { Condition, Health } from "../health.ts";
import { canonicalJson } from "../json/canonical.ts";
import type { Author, OwnEvent, Recording } from "../ledger/own-event.ts";
import type { Hex } from "../merkle/bytes.ts";
import { Turn } from "../store/mutex.ts";
import type { Store } from "../store/store.ts";
import { isShortened, type RetentionRule } from "./policy.ts";
import { RetentionError } from "./retention-error.ts";
import { policyEvent } from "./retention-events.ts";
import {
  type KeptPolicies,
  type KeptPolicy,
  policiesWrite,
  RETENTION_SPACE,
  readPolicies,
} from "./retention-records.ts";

/** A ledger that is told what holds for it. */
export type GovernedLedger = {
  readonly record: { readonly id: Hex; readonly name: string };
  append(event: OwnEvent): Promise<unknown>;
};

export type PolicyBookOptions = Recording & {
  readonly store: Pick<Store, "records" | "writeRecords">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a policy waits that shortens something. */
  readonly delayMs: number;
  readonly health?: Health;
};

/** What somebody wants to put. */
export type PolicyRequest = {
  /** Each without a fault, see policy.ts. */
  readonly rules: readonly RetentionRule[];
  readonly reason?: string | undefined;
  /** Of the policy that was read before: others that came meanwhile are not replaced unseen. */
  readonly version?: number | undefined;
  /** Whether whoever puts it may shorten. */
  readonly mayShorten: boolean;
};

type Policies = { kept: KeptPolicies; isDamaged: boolean };

const DAMAGED: Condition = {
  code: "retention_damaged",
  detail: "the retention policy of a ledger cannot be read, so nothing of it is pruned: put it again, and run an audit",
};

export class PolicyBook {
  readonly #options: PolicyBookOptions;
  readonly #byLedger = new Map<Hex, Policies>();
  readonly #turn = new Turn();

  constructor(options: PolicyBookOptions) {
    this.#options = options;
  }

  get delayMs(): number {
    return this.#options.delayMs;
  }

  /** Reads the policies of a ledger, and tells it what it was not told. */
  async follow(ledger: GovernedLedger): Promise<void> {
    const { store, health } = this.#options;
    const { id } = ledger.record;
    let damage: unknown;
    const onDamaged = (_: string, error: unknown): void => {
      damage = error;
    };
    let kept: KeptPolicies = {};
    for await (const [, value] of store.records(RETENTION_SPACE, { gte: id, lte: id, onDamaged })) {
      kept = readPolicies(value);
    }
    health?.report(`retention/${id}`, damage === undefined ? undefined : DAMAGED, damage);
    this.#byLedger.set(id, { kept, isDamaged: damage !== undefined });
    // Nobody waits for it; what cannot be told now is told with the next change.
    void this.#turn.take(() => this.#tell(ledger)).catch(() => undefined);
  }

  /** The policy that is in force now; undefined where there is none, or it cannot be read. */
  inForce(ledgerId: Hex): KeptPolicy | undefined {
    return this.#now(ledgerId).inForce;
  }

  /** The one that comes after it. */
  waiting(ledgerId: Hex): KeptPolicy | undefined {
    return this.#now(ledgerId).waiting;
  }

  /**
   * Puts a policy, durably, and tells the ledger. The one that is in force again withdraws one that waits.
   * @throws RetentionError role_insufficient, retention_changed
   */
  put(ledger: GovernedLedger, request: PolicyRequest, { key, source }: Author): Promise<void> {
    return this.#turn.take(async () => {
      const { id } = ledger.record;
      const { rules, reason, version, mayShorten } = request;
      const policies = this.#policies(id);
      // Nothing may be replaced before it was told.
      await this.#tell(ledger);
      const { inForce, waiting } = this.#now(id);
      const newest = Math.max(inForce?.version ?? 0, waiting?.version ?? 0);
      if (isSame((waiting ?? inForce)?.rules, rules) && !policies.isDamaged) return;
      requireVersion(version, newest);
      const before = inForce?.rules ?? [];
      // Where nobody knows what was demanded, whatever takes its place may demand less.
      const shortens = policies.isDamaged || isShortened(before, rules);
      if (shortens && !mayShorten) throw mayNotShorten();
      const putAt = this.#options.now();
      const made: KeptPolicy = {
        rules,
        before,
        key,
        source,
        shortens,
        putAt,
        version: newest + 1,
        effectiveAt: shortens ? putAt + this.#options.delayMs : putAt,
        isTold: false,
        ...(reason !== undefined && { reason }),
        ...(waiting !== undefined && { withdraws: waiting.version }),
      };
      const kept = shortens ? { ...(inForce && { inForce }), waiting: made } : { inForce: made };
      await this.#options.store.writeRecords([policiesWrite(id, kept)], { durable: true });
      policies.kept = kept;
      policies.isDamaged = false;
      this.#options.health?.report(`retention/${id}`, undefined);
      await this.#tell(ledger);
    });
  }

  /** What was kept, as time has made it. */
  #now(ledgerId: Hex): KeptPolicies {
    const { kept } = this.#policies(ledgerId);
    const { waiting } = kept;
    return waiting !== undefined && waiting.effectiveAt <= this.#options.now() ? { inForce: waiting } : kept;
  }

  async #tell(ledger: GovernedLedger): Promise<void> {
    const { record } = ledger;
    const policies = this.#policies(record.id);
    const { inForce, waiting } = policies.kept;
    const untold = [inForce, waiting].flatMap((each) => (each === undefined || each.isTold ? [] : [each]));
    if (untold.length === 0) return;
    for (const policy of untold) await ledger.append(policyEvent(this.#options, record.name, policy));
    policies.kept = {
      ...(inForce && { inForce: { ...inForce, isTold: true } }),
      ...(waiting && { waiting: { ...waiting, isTold: true } }),
    };
    // If this is lost the events are made again, and known again.
    await this.#options.store.writeRecords([policiesWrite(record.id, policies.kept)], { durable: false });
  }

  #policies(ledgerId: Hex): Policies {
    const found = this.#byLedger.get(ledgerId);
    if (found === undefined) throw new Error(`expected a ledger that is followed, got ${ledgerId}`);
    return found;
  }
}

function isSame(before: readonly RetentionRule[] | undefined, rules: readonly RetentionRule[]): boolean {
  return before !== undefined && canonicalJson(before) === canonicalJson(rules);
}

function mayNotShorten(): RetentionError {
  const message =
    "expected a key with the role privacy, since some events may be let go earlier under this policy than under the one that is in force, or may be archived no more; got one without it";
  return new RetentionError("role_insufficient", message);
}

/** @throws RetentionError retention_changed */
function requireVersion(seen: number | undefined, version: number): void {
  if (seen === undefined || seen === version) return;
  const message = `expected version ${version}, which the policy of the ledger has, got ${seen}: read it again, and change that`;
  throw new RetentionError("retention_changed", message);
}
