/**
 * Anchors that the chain holds and the store has no record of: of somebody else, of ours before the memory of them was
 * lost, or with a record that is damaged. They are written down as the chain tells them.
 */

import type { Hex } from "../../merkle/bytes.ts";
import type { ChainWatch } from "../chain-identity.ts";
import type { AnchoredLedger } from "../ledgers.ts";
import { buildAnchor } from "./build-anchor.ts";
import { findPlace } from "./find-place.ts";

/**
 * Writes down the anchor of a checkpoint that the contract holds.
 * @returns whether it is; not while no endpoint searches for it, or where it is not ours
 */
export async function adopt(watch: ChainWatch, ledger: AnchoredLedger, size: number, root: Hex): Promise<boolean> {
  const { chain, openAnchors } = watch;
  const { id } = ledger.record;
  const [place, checkpoint] = await Promise.all([findPlace(chain, id, size), ledger.checkpoint(size)]);
  if (place === undefined || checkpoint?.root !== root) return false;
  const [block, receipt] = await Promise.all([chain.block(place.blockNumber), chain.receipt(place.transactionHash)]);
  if (block?.hash !== place.blockHash) return false;
  const { gasUsed = 0, feeWei = 0n } = receipt ?? {};
  const { transactionHash } = place;
  const adopted = await buildAnchor(chain, checkpoint, { transactionHash, block, gasUsed, feeWei: String(feeWei) });
  await openAnchors.apply(openAnchors.keep([adopted]), { written: false });
  return true;
}
