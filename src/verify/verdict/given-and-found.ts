/**
 * What a verification was given and what it found, in the words of the table (table.ts).
 * Why: docs/decisions/0094.
 */

import { readersOf } from "../check-anchors.ts";
import type { VerifyOptions } from "../options.ts";
import { type Found, type Given, leastOf } from "./table.ts";
import type { Trail, Witness } from "./verdict.ts";

/** The strongest of what there is to go by. */
export function givenOf(options: VerifyOptions): Given {
  const { trustedBlocks = [], expected = {}, development = false } = options;
  if (readersOf(options).length > 0) return development ? "development-chain" : "chain";
  if (trustedBlocks.length > 0) return development ? "development-block" : "block";
  if ((expected.signers ?? []).length > 0) return "signer";
  return expected.ledgerId === undefined && expected.owner === undefined ? "nothing" : "ledger";
}

/** The anchors that a verdict rests on, the earliest first: those on development chains only when there are no others. */
export function weightiestOf(proved: readonly Witness[]): readonly Witness[] {
  const others = proved.filter(({ isDevelopment }) => !isDevelopment);
  return (others.length > 0 ? others : proved).toSorted((a, b) => a.blockTime - b.blockTime);
}

/** @param witnesses those that the verdict rests on */
export function foundOf(trail: Trail, witnesses: readonly Witness[]): Found {
  const { checks, steps, doubts, forkedOn } = trail;
  if (checks === "failed") return steps.at(-1)?.name === "bundle" ? "malformed" : "contradicted";
  const doubt = leastOf(doubts.map(({ kind }) => kind));
  if (doubt !== undefined) return doubt;
  const [first] = witnesses;
  if (first === undefined) return "recorded";
  const isForked = forkedOn.length > 0;
  if (first.isDevelopment) return isForked ? "development-forked" : "development";
  if (isForked) return "forked";
  return witnesses.some(({ isFinal }) => isFinal) ? "final" : "anchored";
}
