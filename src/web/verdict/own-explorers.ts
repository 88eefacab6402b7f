/** The explorers that the service's operator set for its chains; none where nobody says so, as on the page that verifies. */

import { createContext } from "preact";
import type { Explorer, OwnExplorers } from "../../verify/evm/explorers.ts";

export const OwnExplorersContext = createContext<OwnExplorers>({});

/** Explorers by chain id, of what a service says of its chains. */
export function explorersOf(
  chains: readonly { readonly chainId: number; readonly explorer?: Explorer }[],
): OwnExplorers {
  const found: Record<number, Explorer> = {};
  for (const { chainId, explorer } of chains) if (explorer !== undefined) found[chainId] = explorer;
  return found;
}
