/** How one chain is anchored to: when, how sure, and for how much at most. */

import type { Hex } from "../merkle/bytes.ts";
import type { FinalityRule } from "../verify/evm/rpc-reader.ts";

export type Policy = {
  /** An entry is anchored at the latest this long after it was recorded. */
  readonly intervalMs: number;
  /** A longer interval that the chain itself needs by now: one whose blocks all stay on this machine. */
  readonly paceMs?: () => number;
  /** Anchor as soon as this many entries wait. */
  readonly entriesMax: number;
  /** Share of the interval, 0..1, by which a random part of it is cut, so that services do not send in step. */
  readonly jitter: number;
  /** Anchor this often although nothing changed; 0 never does. */
  readonly heartbeatMs: number;
  readonly finality: FinalityRule;
  /** Confirmations that stand for a finality tag which the chain does not serve. */
  readonly confirmationsFallback: number;
  /** Highest whole fee of one transaction, in wei. */
  readonly feeMaxWei: bigint;
  /** Highest sum of fees in one day (UTC), in wei. */
  readonly budgetPerDayWei: bigint;
  /** Whether transactions wait in a pool and are replaced by the rule of 10 %; rollups re-price instead. */
  readonly mempool: boolean;
  readonly pollMs: number;
  /** The same bytes are sent again after this long. */
  readonly resendMs: number;
  /** It is sent again with a higher fee after this long, if there were blocks meanwhile. */
  readonly bumpMs: number;
  /** Transactions of one nonce at most; then only the same bytes are sent again. */
  readonly attemptsMax: number;
  /** Ledgers in one transaction at most. */
  readonly batchMax: number;
  /** Transactions that are mined and not final at most, before new ones wait. */
  readonly openMax: number;
  /** keccak256 of the contract's code, in the versions that are anchored to. */
  readonly codeHashes: readonly Hex[];
  /** What to do when another chain answers under the id: only a chain without worth is started over. */
  readonly onReplaced: "halt" | "restart";
};

/** How long an entry waits at most before it is anchored, as things are. */
export function intervalOf({ intervalMs, paceMs }: Policy): number {
  return Math.max(intervalMs, paceMs?.() ?? 0);
}

/** What holds where nothing else is said; which versions of the contract there are, it knows. */
export const POLICY: Omit<Policy, "codeHashes"> = {
  intervalMs: 3_600_000,
  entriesMax: 100_000,
  jitter: 0.1,
  heartbeatMs: 0,
  finality: "finalized",
  confirmationsFallback: 64,
  feeMaxWei: 50_000_000_000_000_000n,
  budgetPerDayWei: 500_000_000_000_000_000n,
  mempool: true,
  pollMs: 4000,
  resendMs: 30_000,
  bumpMs: 60_000,
  attemptsMax: 24,
  batchMax: 16,
  openMax: 64,
  onReplaced: "halt",
};
