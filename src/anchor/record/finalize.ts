/**
 * What becomes of anchors that are not final: like transactions they get surer or lose their block (reorganised-anchor.ts), but an
 * anchor may also be somebody else's doing. An anchor is final when its block is, and two endpoints say that the contract holds its root.
 */

import type { Log } from "../../log.ts";
import type { ChainView, ChainWatch } from "../chain-identity.ts";
import { finalAnchor, surerAnchor } from "./build-anchor.ts";
import type { OpenAnchor } from "./open-anchors.ts";
import { moveAnchor } from "./reorganised-anchor.ts";

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
  log.info(
    { ledger: anchor.ledgerId, size: anchor.size, block: anchor.blockNumber },
    `${watch.name}: the anchor is final`,
  );
}
