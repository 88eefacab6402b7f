/** Sends one call of the contract, or spells it for somebody who signs elsewhere, as holders of cold keys do. */

import type { ChainAccount } from "../../chain/chain-account.ts";
import type { ContractCall } from "../../chain/contract/manual-calls.ts";
import { connectChain as connectAnchorChain } from "../../chain/evm-chain.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { explainChain, type SendFlags, sendOptionsOf } from "./account-flags.ts";
import { sendAndWait } from "./transaction.ts";

/** Where a call went. */
export type Sent = {
  readonly transactionHash: Hex;
  readonly blockNumber: number;
  /** What it cost, wei as decimal text. */
  readonly feeWei: string;
};

/**
 * Sends a call of the contract on the account's chain and waits until it is in a block.
 * @throws CliError when the chain refuses it, it costs too much or nobody answers
 */
export async function sendCall(
  { rpc, contract, data }: { readonly rpc: string; readonly contract: string; readonly data: Hex },
  account: ChainAccount,
  flags: SendFlags,
): Promise<Sent> {
  const chain = connectAnchorChain({ urls: [rpc], chainId: account.chainId, contract });
  try {
    const receipt = await sendAndWait(chain, account, { to: chain.contract, data }, sendOptionsOf(flags));
    const { transactionHash, blockNumber, feeWei } = receipt;
    return { transactionHash, blockNumber, feeWei: String(feeWei) };
  } catch (error) {
    throw explainChain(error);
  } finally {
    chain.close();
  }
}

/** A call for people who sign elsewhere. */
export function describeCall(
  { signature, args, data }: ContractCall,
  { contract, chainId }: { readonly contract: string; readonly chainId?: number | undefined },
): string[] {
  return [
    `  contract   ${contract}${chainId === undefined ? "" : ` on chain ${chainId}`}`,
    `  function   ${signature}`,
    ...Object.entries(args).map(([name, value], i) => {
      const spelled = typeof value === "string" ? value : JSON.stringify(value);
      return `  ${i === 0 ? "arguments" : "         "}  ${name} = ${spelled}`;
    }),
    "  value      0",
    `  data       ${data}`,
  ];
}
