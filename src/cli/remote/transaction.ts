/**
 * Sends one transaction and waits for it, for a person at a terminal: a bounded price, a bounded wait, and an error that
 * says what may have happened. A service that anchors has its own machine for this (anchor/anchorer.ts).
 * Why: docs/decisions/0113.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { type Chain, ChainError, type TransactionReceipt } from "../../chain/chain.ts";
import type { ChainAccount } from "../../chain/chain-account.ts";
import { worstCost } from "../../chain/fees.ts";
import { measureCall, signChecked } from "../../chain/transaction.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { CliError } from "../terminal/failure.ts";

const POLL_MS = 1000;

type Wanted = { readonly to: Hex; readonly data: Hex };

export type SendOptions = {
  /** Most that the transaction may cost, in wei. */
  readonly costMaxWei: bigint;
  readonly timeoutMs: number;
};

/**
 * Sends a call and waits until it is in a block.
 * @throws CliError when it costs too much, fails, or is not mined in time
 */
export async function sendAndWait(
  chain: Chain,
  account: ChainAccount,
  { to, data }: Wanted,
  { costMaxWei, timeoutMs }: SendOptions,
): Promise<TransactionReceipt> {
  const { gasMax, dataFee } = await measureCall(chain, { from: account.address, to, data });
  const { feeMax, tipMax, legacy } = await chain.fees();
  const cost = worstCost({ gasMax, feeMax, tipMax, legacy, dataFee });
  if (cost > costMaxWei) {
    const message = `Expected a cost of at most ${costMaxWei} wei, the chain asks for up to ${cost}; see --cost-max.`;
    throw new CliError(message, { code: "cost_above_max", exitStatus: 1 });
  }
  const balance = await chain.balance(account.address);
  if (balance < cost) {
    const message = `Expected ${cost} wei on account ${account.address}, got ${balance}; fund it and try again.`;
    throw new CliError(message, { code: "funds_insufficient", exitStatus: 1 });
  }
  const nonce = await chain.nonce(account.address);
  const draft = { chainId: chain.chainId, nonce, to, data, gasMax, feeMax, tipMax, legacy };
  const { raw, hash } = await signChecked(account, draft);
  await broadcast(chain, raw, hash);
  return waitFor(chain, hash, timeoutMs);
}

async function broadcast(chain: Chain, raw: Hex, hash: Hex): Promise<void> {
  try {
    await chain.broadcast(raw);
  } catch (error) {
    // Without an answer it may be on its way all the same, and waiting finds out.
    if (!(error instanceof ChainError) || error.kind !== "unavailable") throw error;
    if ((await chain.receipt(hash)) === undefined) await chain.broadcast(raw);
  }
}

async function waitFor(chain: Chain, hash: Hex, timeoutMs: number): Promise<TransactionReceipt> {
  for (const until = performance.now() + timeoutMs; performance.now() < until; await sleep(POLL_MS)) {
    const receipt = await chain.receipt(hash);
    if (receipt === undefined) continue;
    if (receipt.succeeded) return receipt;
    throw new CliError(`Transaction ${hash} failed in block ${receipt.blockNumber}.`, {
      code: "transaction_failed",
      exitStatus: 1,
    });
  }
  const message = `Transaction ${hash} was sent and is not in a block yet; run the same command again later, it finds what is done.`;
  throw new CliError(message, { code: "transaction_waits", exitStatus: 2 });
}
