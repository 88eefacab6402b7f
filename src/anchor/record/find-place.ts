/** Where on a chain a root was anchored, as far as an endpoint tells. */

import { type AnchorPlace, type Chain, ChainError } from "../../chain/chain.ts";
import type { Hex } from "../../merkle/bytes.ts";

/** Where a root was anchored; undefined also when the endpoint does not search, as many do not: it is not needed to go on. */
export async function findPlace(chain: Chain, ledgerId: Hex, size: number): Promise<AnchorPlace | undefined> {
  try {
    return await chain.findAnchor(ledgerId, size);
  } catch (error) {
    if (error instanceof ChainError && error.kind !== "wrong_chain") return undefined;
    throw error;
  }
}
