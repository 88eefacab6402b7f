/**
 * An older copy of a store, brought back with the keyring of today: what was erased since is erased in it again, by the digests that
 * the keyring has, before anybody is answered.
 */

import { overlapOf, rangesOf } from "../../ledger/index-ranges.ts";
import { rewriteErased } from "../../store/values/rewrite-erased.ts";
import type { GovernedLedger } from "../policy-book.ts";
import type { ErasureKeys, ErasureOptions } from "./erasure-parts.ts";
import { erasureWrite, type KeptErasure } from "./erasure-records.ts";

const REASON = "erased before; this store is an older copy, in which it was erased again";

/**
 * Erases again what the keyring says was erased and the store does not know of.
 * @param known ids of the erasures that the store knows
 * @returns erasures whose other steps are to be done
 */
export async function eraseAgain(
  options: ErasureOptions & { readonly keys: ErasureKeys },
  ledger: GovernedLedger,
  known: readonly string[],
): Promise<KeptErasure[]> {
  const { keys, store, now } = options;
  const { id: ledgerId } = ledger.record;
  const missing = (await keys.noted(ledgerId)).filter((id) => !known.includes(id));
  if (missing.length === 0) return [];
  const { indexes } = await rewriteErased(options, ledgerId, keys.kept(ledgerId));
  const ranges = rangesOf(indexes);
  await store.settleClaims(ledgerId, (claimed) =>
    claimed.every(([from, size]) => overlapOf(ranges, from, from + size) === "none") ? "stays" : "forgets",
  );
  const count = ranges.reduce((sum, [from, to]) => sum + to - from, 0);
  // One of them is taken through the other steps, of which looking through the archives is never in vain; the rest is done with it.
  const erasures = missing.map((id, i): KeptErasure => {
    const isFirst = i === 0;
    return {
      id,
      askedAt: now(),
      reason: REASON,
      key: "",
      source: "",
      ranges: isFirst ? ranges : [],
      count: isFirst ? count : 0,
      keys: [],
      step: isFirst ? (count > 0 ? "kept" : "compacted") : "done",
      isAgain: true,
    };
  });
  await store.writeRecords(
    erasures.map((erasure) => erasureWrite(ledgerId, erasure)),
    { durable: true },
  );
  return erasures;
}
