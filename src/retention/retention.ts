/** Retention and holds of all ledgers: what the API asks, and what erases and prunes. */

import type { Hex } from "../merkle/bytes.ts";
import { HoldBook, type HoldBookOptions } from "./hold-book.ts";
import type { RetentionRule } from "./policy.ts";
import { type GovernedLedger, PolicyBook, type PolicyBookOptions } from "./policy-book.ts";
import { type PreviewedRetention, previewRetention, type RetentionPreview } from "./preview.ts";
import type { PrunedLedger } from "./pruning/due-entries.ts";
import { Pruner, type PrunerOptions } from "./pruning/pruner.ts";

export type RetentionOptions = PolicyBookOptions &
  HoldBookOptions &
  Omit<PrunerOptions, "policies" | "holds"> & {
    /** Up to where a ledger is final on every chain that it is anchored on. */
    readonly finalSize: (ledgerId: Hex) => Promise<number> | number;
  };

/** What holds where nothing is set. */
export const RETENTION_DEFAULTS = { delayMs: 7 * 86_400_000, intervalMs: 60_000, archiveEveryMs: 3_600_000 } as const;

/** What a preview is asked for. */
export type PreviewWish = {
  /** Those that are in force or wait when absent. */
  readonly rules?: readonly RetentionRule[] | undefined;
  /** Now when absent; ms since 1970. */
  readonly at?: number | undefined;
  readonly from: number;
  readonly timeMs: number;
};

export class Retention {
  readonly policies: PolicyBook;
  readonly holds: HoldBook;
  readonly pruner: Pruner;
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.policies = new PolicyBook(options);
    this.holds = new HoldBook(options);
    this.pruner = new Pruner({ ...options, policies: this.policies, holds: this.holds });
  }

  /** Reads what holds for a ledger, before anything of it is taken away. */
  async follow(ledger: GovernedLedger & PrunedLedger): Promise<void> {
    await this.holds.follow(ledger);
    await this.policies.follow(ledger);
    await this.pruner.follow(ledger);
  }

  /** What rules would do to a ledger; nothing is changed. */
  async preview(ledger: PreviewedRetention, { rules, at, from, timeMs }: PreviewWish): Promise<RetentionPreview> {
    const { id } = ledger.record;
    const own = this.policies.waiting(id) ?? this.policies.inForce(id);
    return await previewRetention(ledger, {
      rules: rules ?? own?.rules ?? [],
      at: at ?? this.#options.now(),
      holds: this.holds,
      finalSize: await this.#options.finalSize(id),
      from,
      timeMs,
    });
  }
}
