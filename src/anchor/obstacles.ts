/**
 * Why something does not go on: one obstacle for each chain, account and ledger, kept in memory and found anew at each step.
 * An obstacle is logged when it changes, not each time it is found again.
 */

import { CONDITION_CODES, type Condition, type ConditionCode, type Health } from "../health.ts";
import type { Log } from "../log.ts";

export type ObstacleCode =
  /** No endpoint answers, or not with sense. */
  | "chain_unreachable"
  | "chain_wrong"
  | "chain_replaced"
  | "contract_missing"
  | "contract_replaced"
  /** The code at the contract's address is of no version that verifiers know, so they would not believe it. */
  | "contract_unknown"
  /** The store failed; the same step is tried again. */
  | "step_failed"
  | "funds_insufficient"
  | "fee_above_cap"
  | "budget_used_up"
  | "signing_failed"
  | "transaction_refused"
  | "waits_for_block"
  /** A nonce is used, the contract may hold what it was for, and no endpoint tells a receipt. */
  | "waits_for_receipt"
  | "waits_for_finality"
  | "nonce_displaced"
  /** The chain has not heard of the ledger, and the owner's key is not here. */
  | "ledger_unopened"
  | "ledger_superseded"
  | "signer_differs"
  /** The chain holds a root that this ledger does not have: it was forked, or a key was stolen. */
  | "root_differs"
  /** The chain is ahead: this store is a restored backup, or the key was used elsewhere. */
  | "store_behind"
  | "endpoint_behind"
  /** The ledger itself failed: stopped, closed, or damaged. */
  | "ledger_failed"
  | "seal_failed"
  | "anchor_reverted"
  | "anchor_refused";

export type Obstacle = {
  readonly code: ObstacleCode;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly since: number;
};

type ObstacleConditionCode = ObstacleCode & ConditionCode;

/** Whether somebody must do something, or look: what has such a code is a condition of the service. */
export function isAlarm(obstacle: Obstacle): obstacle is Obstacle & { readonly code: ObstacleConditionCode } {
  const codes: readonly string[] = CONDITION_CODES;
  return codes.includes(obstacle.code);
}

/** What anybody may know of an alarm: messages name ledgers and repeat what nodes say, which can hold keys. */
function conditionOf({ code }: { readonly code: ObstacleConditionCode }): Condition {
  const detail = `anchoring needs somebody to look: ${code.replaceAll("_", " ")}; "holdfast status" says more`;
  return { code, detail, isNotice: true, isLogged: true };
}

/** Obstacles by scope: a chain's name, an account or a ledger. */
export class Obstacles {
  readonly #obstacles = new Map<string, Obstacle>();
  readonly #log: Log;
  readonly #now: () => number;
  readonly #health: Health | undefined;
  #isMuted = false;

  constructor(log: Log, now: () => number, health?: Health) {
    this.#log = log;
    this.#now = now;
    this.#health = health;
  }

  /** Logs no more: what fails from now on was stopped. */
  mute(): void {
    this.#isMuted = true;
  }

  get(scope: string): Obstacle | undefined {
    return this.#obstacles.get(scope);
  }

  set(scope: string, code: ObstacleCode, message: string): void {
    const before = this.#obstacles.get(scope);
    if (before?.code === code) {
      this.#obstacles.set(scope, { ...before, message });
      return;
    }
    const obstacle = { code, message, since: this.#now() };
    this.#obstacles.set(scope, obstacle);
    if (this.#isMuted) return;
    this.#health?.report(`anchoring/${scope}`, isAlarm(obstacle) ? conditionOf(obstacle) : undefined);
    const level = isAlarm(obstacle) ? "error" : code.startsWith("waits_") ? "debug" : "warn";
    this.#log[level]({ scope, code }, message);
  }

  /** Takes an obstacle back, or only one of these codes. */
  clear(scope: string, ...codes: readonly ObstacleCode[]): void {
    const obstacle = this.#obstacles.get(scope);
    if (obstacle === undefined || (codes.length > 0 && !codes.includes(obstacle.code))) return;
    this.#obstacles.delete(scope);
    this.#health?.report(`anchoring/${scope}`, undefined);
    if (!obstacle.code.startsWith("waits_"))
      this.#log.info({ scope, code: obstacle.code }, `over: ${obstacle.message}`);
  }
}
