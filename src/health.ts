/**
 * What goes on failing in the background, in one place: a part reports its condition when it begins and when it ends,
 * and `/readyz`, the metric `holdfast_condition` and the log tell it. A guard that nobody asks must not fail silently.
 * Why: docs/decisions/0111.
 */

/** What is wrong with a part. Anybody may read it: no name of a ledger (its id is fine), no path, no secret. */
export type Condition = {
  /** Stable, in snake case. */
  readonly code: string;
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
