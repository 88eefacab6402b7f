/** Up to where a ledger is final on every chain that it is anchored on: nothing above it is taken away. */

import type { Hex } from "../merkle/bytes.ts";
import { listAnchors, passOver } from "../store/anchor-record.ts";
import type { Store } from "../store/store.ts";

/** Of the newest anchors of a chain, those that are looked at: only the newest are not final. */
const ANCHORS_MAX = 256;

/** 0 where one of the chains has none that is final, or where there are no chains. */
export async function finalSize(store: Store, ledgerId: Hex, chainIds: readonly number[]): Promise<number> {
  const sizes = chainIds.map(async (chainId) => {
    const query = { chainId, reverse: true, limit: ANCHORS_MAX, onDamaged: passOver };
    const anchors = await listAnchors(store, ledgerId, query);
    return anchors.find(({ stage }) => stage === "final")?.size ?? 0;
  });
  return chainIds.length === 0 ? 0 : Math.min(...(await Promise.all(sizes)));
}
