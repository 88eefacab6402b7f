/**
 * What a transaction may cost: EIP-1559 fees from what the chain asks now, and higher ones that replace it in a pool.
 * Pure; each result stays under the cap or is no result.
 */

import type { Fees } from "./chain.ts";

/** What a transaction may cost at most: gas, and wei for each unit of it; `dataFee` is wei for the whole transaction. */
export type FeeLimits = {
  readonly gasMax: number;
  readonly feeMax: bigint;
  readonly tipMax: bigint;
  readonly legacy: boolean;
  readonly dataFee: bigint;
};

/** Pools ask for a tenth more on both fields (geth), some for an eighth. */
const BUMP = { numerator: 9n, denominator: 8n };

/** What a transaction costs at most, in wei. */
export function worstCost({ gasMax, feeMax, dataFee }: FeeLimits): bigint {
  return BigInt(gasMax) * feeMax + dataFee;
}

/**
 * For the first attempt under a nonce: what the chain suggests, or as much of it as the cap allows while that is still taken now.
 * @param capWei highest whole fee
 * @returns undefined when not even the present price fits under the cap
 */
export function firstFeeLimits(fees: Fees, gasMax: number, dataFee: bigint, capWei: bigint): FeeLimits | undefined {
  const allowed = allowedFee(gasMax, dataFee, capWei);
  const feeMax = min(fees.feeMax, allowed);
  if (feeMax < (fees.legacy ? fees.feeMax : fees.baseFee + fees.tipMax)) return undefined;
  return { gasMax, feeMax, tipMax: fees.legacy ? feeMax : fees.tipMax, legacy: fees.legacy, dataFee };
}

/**
 * For an attempt that replaces another of the same nonce: never lower, an eighth more on both fields where there is a pool.
 * @returns undefined when the cap does not allow it
 */
export function raisedFeeLimits(
  previous: FeeLimits,
  fees: Fees,
  now: { readonly gasMax: number; readonly dataFee: bigint },
  limits: { readonly capWei: bigint; readonly mempool: boolean },
): FeeLimits | undefined {
  const gasMax = Math.max(previous.gasMax, now.gasMax);
  const dataFee = now.dataFee;
  const raise = limits.mempool ? bumped : (wei: bigint) => wei;
  const legacy = previous.legacy;
  const feeLeast = raise(previous.feeMax);
  const tipLeast = raise(previous.tipMax);
  const tipWanted = max(tipLeast, legacy ? fees.feeMax : fees.tipMax);
  const feeWanted = max(feeLeast, legacy ? tipWanted : 2n * fees.baseFee + tipWanted);
  const allowed = allowedFee(gasMax, dataFee, limits.capWei);
  if (feeLeast > allowed || tipLeast > allowed) return undefined;
  const feeMax = min(feeWanted, allowed);
  return { gasMax, feeMax, tipMax: legacy ? feeMax : min(tipWanted, feeMax), legacy, dataFee };
}

function bumped(wei: bigint): bigint {
  return (wei * BUMP.numerator + BUMP.denominator - 1n) / BUMP.denominator;
}

function allowedFee(gasMax: number, dataFee: bigint, capWei: bigint): bigint {
  return capWei <= dataFee ? 0n : (capWei - dataFee) / BigInt(gasMax);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
