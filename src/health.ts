/**
 * What goes on failing in the background, in one place: a part reports its condition when it begins and when it ends,
 * and `/readyz`, the metric `holdfast_condition` and the log tell it. A guard that nobody asks must not fail silently.
 * Why: docs/decisions/0111, docs/decisions/0240.
 */

/**
 * Everything that `/readyz` can name, in snake case; docs/operations.md has a section for each, under its name. A code that is not in here
 * is one that nobody could look up.
 */
export const CONDITION_CODES = [
  // The store, and what stands in it.
  "store_not_writable",
  "store_closed",
  "store_refused",
  "store_damaged",
  "marks_unwritable",
  "ledger_stopped",
  "rules_damaged",
  "keys_unavailable",
  // The chain. From `chain_wrong` to `nonce_displaced` they are obstacles to anchoring; one that is in here is an alarm (anchor/obstacles.ts).
  "anchor_contradicts",
  "anchor_late",
  "chain_wrong",
  "chain_replaced",
  "contract_missing",
  "contract_replaced",
  "contract_unknown",
  "funds_insufficient",
  "root_differs",
  "store_behind",
  "ledger_failed",
  "seal_failed",
  "anchor_refused",
  "nonce_displaced",
  "chain_unwritable",
  "chain_ended",
  // Times.
  "clock_ahead",
  "clock_back",
  "clock_behind",
  "times_ahead",
  // Search.
  "index_unavailable",
  "index_failing",
  "index_verifying",
  // Whoever sends.
  "sources_unwritten",
  "key_uses_unwritten",
  "webhook_secrets_unreadable",
  "syslog_waiting",
  "tls_files_invalid",
  "tls_certificate_ending",
  "tls_certificate_ended",
  // Retention and erasure.
  "pruning_failing",
  "archive_unavailable",
  "archive_not_kept",
  "archive_not_write_once",
  "erasure_failing",
  "restored_in_clear",
  "holds_damaged",
  "retention_damaged",
  // What watches.
  "audit_failing",
  "audit_finding",
  "access_unrecorded",
  "access_off",
  "alerts_failing",
  "alerts_untold",
  "alerts_unjudged",
  "alerts_undelivered",
  "alerts_too_many",
] as const;

export type ConditionCode = (typeof CONDITION_CODES)[number];

/** What is wrong with a part. Anybody may read it: no name of a ledger (its id is fine), no path, no secret. */
export type Condition = {
  readonly code: ConditionCode;
  /** What it means for the service, and the way out. */
  readonly detail: string;
  /** Somebody has to look, but the service does its work: it stays ready. */
  readonly isNotice?: boolean;
  /** The part logs it itself, with more than anybody may read. */
  readonly isLogged?: boolean;
};

/** The part of a log that is used. */
export type ConditionLog = {
  error(fields: object, message: string): void;
  info(fields: object, message: string): void;
};

export class Health {
  readonly #log: ConditionLog | undefined;
  readonly #byPart = new Map<string, Condition>();

  constructor(log?: ConditionLog) {
    this.#log = log;
  }

  /**
   * Says how a part is, as often as it likes: what begins and what ends is logged once.
   * @param part who reports, such as `marks` or `index/0x…`; each part has at most one condition
   * @param condition undefined when all is well
   * @param cause for the log only
   */
  report(part: string, condition: Condition | undefined, cause?: unknown): void {
    const before = this.#byPart.get(part);
    if (condition === undefined) this.#byPart.delete(part);
    else this.#byPart.set(part, condition);
    if (before?.code === condition?.code) return;
    if (before !== undefined && before.isLogged !== true)
      this.#log?.info({ part, condition: before.code }, `this has ended: ${before.detail}`);
    if (condition === undefined || condition.isLogged === true) return;
    const why = cause === undefined ? {} : { err: cause };
    this.#log?.error({ part, condition: condition.code, ...why }, condition.detail);
  }

  /** What holds now, in the order in which it began. */
  conditions(): readonly Condition[] {
    return [...this.#byPart.values()];
  }
}
