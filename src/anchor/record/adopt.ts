/**
 * Anchors that the chain holds and the store has no record of: of somebody else, of ours before the memory of them was
 * lost, or with a record that is damaged. They are written down as the chain tells them.
 */

import type { Log } from "../../log.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { AnchorKey } from "../../store/anchor-record.ts";
import type { ChainWatch } from "../chain-watch.ts";
import type { AnchoredLedger } from "../ledgers.ts";
import { buildAnchor } from "./build.ts";
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

/** Makes the records of a ledger's anchors whole again, from each other and from the chain: those that are not final yet. */
export async function mendAnchors(watch: ChainWatch, ledger: AnchoredLedger, log: Log): Promise<void> {
  const { openAnchors, name } = watch;
  const { id } = ledger.record;
  const { forgotten, damaged } = await openAnchors.missing(id);
  if (forgotten.length > 0) {
    await openAnchors.apply(openAnchors.keep(forgotten.map((anchor) => ({ anchor }))), { written: false });
    const sizes = forgotten.map(({ size }) => size);
    log.warn({ ledger: id, sizes }, `${name}: anchors that are not final had been forgotten, and are watched again`);
  }
  for (const key of damaged) await mendAnchor(watch, ledger, key, log);
}

async function mendAnchor(
  watch: ChainWatch,
  ledger: AnchoredLedger,
  { size, key }: AnchorKey,
  log: Log,
): Promise<void> {
  const { chain, openAnchors, name } = watch;
  const { id } = ledger.record;
  const root = size === undefined ? undefined : await chain.rootAt(id, size);
  if (size === undefined || root === undefined) {
    await openAnchors.apply([openAnchors.removalOf(id, key)], { written: false });
    log.warn(
      { ledger: id, key },
      `${name}: the record of an anchor is damaged and removed: the chain has no such anchor`,
    );
  } else if (await adopt(watch, ledger, size, root)) {
    log.warn({ ledger: id, size }, `${name}: the record of an anchor was damaged and is made again from the chain`);
  } else {
    const way = "a start with an endpoint that searches events makes it again; later anchors prove the same entries";
    log.warn(
      { ledger: id, size },
      `${name}: the record of an anchor is damaged, and the chain did not tell of it: ${way}`,
    );
  }
}
