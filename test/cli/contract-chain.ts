/**
 * Anvil with the contract at its public address and the ledger of test/cli/fork-proof/histories.ts in it, for one test.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Interface } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { ANVIL_ACCOUNT, startAnvil } from "../verify/anvil.ts";
import { type History, LABEL, LEDGER_ID, SIGNER } from "./fork-proof/histories.ts";
import { makeFolder } from "./run-cli.ts";

export const CONTRACT = artifact.create2.address;
const ABI = new Interface(artifact.abi);

export type ContractChain = {
  readonly url: string;
  /** File with the key of an account that has money, and owns the ledger. */
  readonly account: string;
  readonly rpc: (method: string, params: unknown[]) => Promise<unknown>;
  /** Sends a call of the contract. */
  readonly send: (name: string, args: readonly unknown[], from?: string) => Promise<void>;
  readonly call: (name: string, args: readonly unknown[]) => Promise<Record<string, unknown>>;
  /** Anchors a size of a history on top of the head. */
  readonly anchor: (history: History, size: number) => Promise<void>;
};

export async function startContractChain(
  t: TestContext,
  { isOpen = true, chainId = 31337 } = {},
): Promise<ContractChain> {
  const { url, rpc } = await startAnvil(t, { chainId });
  await rpc("anvil_setCode", [CONTRACT, artifact.deployedBytecode]);
  const account = join(makeFolder(t), "account.key");
  writeFileSync(account, `${ANVIL_ACCOUNT.key}\n`);
  const send: ContractChain["send"] = async (name, args, from = ANVIL_ACCOUNT.address) => {
    const data = ABI.encodeFunctionData(name, args);
    await rpc("eth_sendTransaction", [{ from, to: CONTRACT, data }]);
  };
  const call: ContractChain["call"] = async (name, args) => {
    const data = ABI.encodeFunctionData(name, args);
    const answer = (await rpc("eth_call", [{ to: CONTRACT, data }, "latest"])) as string;
    const [value] = ABI.decodeFunctionResult(name, answer);
    return typeof value === "object" ? value : { value };
  };
  const anchor: ContractChain["anchor"] = async (history, size) => {
    const { size: prevSize } = (await call("head", [LEDGER_ID])) as { size: bigint };
    const { root, signedAt, signature } = history.checkpoint(size);
    const proof = history.tree.consistency(Number(prevSize), size);
    await send("anchor", [LEDGER_ID, prevSize, size, root, signedAt, signature, proof]);
  };
  if (isOpen) await send("open", [LABEL, SIGNER]);
  return { url, account, rpc, send, call, anchor };
}
