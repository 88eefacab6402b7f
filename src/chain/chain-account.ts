/**
 * An account that signs for one chain and no other. The chain id of a draft may be what a node said, and what is signed is
 * valid on the chain that it names, whoever gets hold of it: so it is compared before the key is used, and afterwards in
 * what was signed.
 */

import type { Account } from "./account.ts";
import { ChainError } from "./chain.ts";
import { signChecked } from "./transaction.ts";

export type ChainAccount = Account & { readonly chainId: number };

/** The account as one of a single chain. */
export function accountOn(chainId: number, account: Account): ChainAccount {
  return {
    address: account.address,
    chainId,
    sign: async (draft) => {
      if (draft.chainId !== chainId) {
        throw new ChainError("wrong_chain", `expected to sign for chain ${chainId}, got chain ${draft.chainId}`);
      }
      return (await signChecked(account, draft)).raw;
    },
  };
}
