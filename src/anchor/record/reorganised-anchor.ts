/**
 * An anchor whose block is gone from the chain: it is in another block, or taken back. Its transaction, when it is ours, is sent
 * again by ../transaction/reorganised-transaction.ts.
 */

import type { Log } from "../../log.ts";
import type { ChainWatch } from "../chain-identity.ts";
import { buildAnchor } from "./build-anchor.ts";
import { findPlace } from "./find-place.ts";
import type { OpenAnchor } from "./open-anchors.ts";

/** The block is gone: the anchor is in another one, or nowhere until its transaction is mined again. */
export async function moveAnchor(watch: ChainWatch, { anchor }: OpenAnchor, log: Log): Promise<void> {
  const { chain, openAnchors } = watch;
  if ((await chain.rootAt(anchor.ledgerId, anchor.size)) !== anchor.root) {
    await openAnchors.apply(openAnchors.remove([anchor]), { written: false });
    log.warn({ ledger: anchor.ledgerId, size: anchor.size }, `${watch.name}: a reorganisation took an anchor back`);
    return;
  }
  const place = await findPlace(chain, anchor.ledgerId, anchor.size);
  const block = place === undefined ? undefined : await chain.block(place.blockNumber);
  // Held, and not found: the next look finds it.
  if (place === undefined || block?.hash !== place.blockHash) return;
  const { transactionHash } = place;
  const { gasUsed, feeWei } = anchor;
  const moved = await buildAnchor(chain, anchor, { transactionHash, block, gasUsed, feeWei });
  await openAnchors.apply(openAnchors.keep([moved]), { written: false });
}
