/**
 * What becomes of anchors that are not final: like transactions they get surer or lose their block, but an anchor may also be
 * somebody else's doing. An anchor is final when its block is, and two endpoints say that the contract holds its root.
 */

import { type AnchorPlace, type Chain, ChainError } from "../../chain/chain.ts";
import type { Log } from "../../log.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { ChainView, ChainWatch } from "../chain-watch.ts";
import { buildAnchor, finalAnchor, surerAnchor } from "./build.ts";
import type { OpenAnchor } from "./open-anchors.ts";

export async function finalizeAnchors(watch: ChainWatch, view: ChainView, log: Log): Promise<void> {
  for (const open of watch.openAnchors.all) {
    // An endpoint that lags behind has nothing to say about a later block.
    if (view.latest.number < open.anchor.blockNumber) continue;
    await finalizeAnchor(watch, view, open, log);
  }
}

async function finalizeAnchor(watch: ChainWatch, view: ChainView, open: OpenAnchor, log: Log): Promise<void> {
  const { chain, openAnchors } = watch;
  const { anchor } = open;
  const block = await chain.block(anchor.blockNumber);
  if (block === undefined) return;
  if (block.hash !== anchor.blockHash) return moveAnchor(watch, open, log);
  if (anchor.blockNumber > view.final) {
    const stage = anchor.blockNumber <= view.safe ? "safe" : "mined";
    if (stage === anchor.stage) return;
    return openAnchors.apply(openAnchors.keep([surerAnchor(open, stage)]), { written: false });
  }
  if (!(await chain.confirms(anchor))) {
    // A receipt that was a lie, or a second endpoint that lags: the next look tells.
    watch.doubt();
    return;
  }
  await openAnchors.apply(openAnchors.finalize([await finalAnchor(chain, open)]), { written: false });
  log.info({ ledger: anchor.ledgerId, size: anchor.size, block: anchor.blockNumber }, `${watch.name}: final`);
}

/** The block is gone: the anchor is in another one, or nowhere until its transaction is mined again. */
async function moveAnchor(watch: ChainWatch, { anchor }: OpenAnchor, log: Log): Promise<void> {
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

/** Where a root was anchored; undefined also when the endpoint does not search, as many do not: it is not needed to go on. */
export async function findPlace(chain: Chain, ledgerId: Hex, size: number): Promise<AnchorPlace | undefined> {
  try {
    return await chain.findAnchor(ledgerId, size);
  } catch (error) {
    if (error instanceof ChainError && error.kind !== "wrong_chain") return undefined;
    throw error;
  }
}
