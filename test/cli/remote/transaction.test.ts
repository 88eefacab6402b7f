/** A transaction that a command sends for a person: what it may cost, and that it is the one that was asked for. */

import assert from "node:assert/strict";
import test from "node:test";
import { ChainError } from "../../../src/chain/chain.ts";
import { encodeOpen } from "../../../src/chain/contract/contract.ts";
import { sendAndWait } from "../../../src/cli/remote/transaction.ts";
import type { CliError } from "../../../src/cli/terminal/failure.ts";
import { keyAccount } from "../../../src/keys/key-source.ts";
import { FakeChain } from "../../chain/fake-chain.ts";

const ACCOUNT = keyAccount(`0x${"11".repeat(32)}`);
const OTHER = `0x${"99".repeat(20)}` as const;
const DATA = encodeOpen(`0x${"01".repeat(32)}`, ACCOUNT.address);
const OPTIONS = { costMaxWei: 10n ** 18n, timeoutMs: 5000 };

class MiningChain extends FakeChain {
  override async broadcast(raw: Parameters<FakeChain["broadcast"]>[0]): Promise<void> {
    await super.broadcast(raw);
    this.mine();
  }
}

function fundedChain(): FakeChain {
  const chain = new MiningChain();
  chain.fund(ACCOUNT.address);
  return chain;
}

test("what a rollup takes for its data is counted for the whole transaction, its signature and fields too", async () => {
  const chain = fundedChain();
  const account = { ...ACCOUNT, chainId: chain.chainId };
  const { feeWei } = await sendAndWait(chain, account, { to: chain.contract, data: DATA }, OPTIONS);
  assert.ok(feeWei > 0n);
  const sent = (chain.sent[0] ?? "0x").length / 2 - 1;
  // A wei for each byte of the call, and nothing for the rest, would be free here.
  chain.dataFee = async (bytes: number) => (bytes >= sent ? OPTIONS.costMaxWei : 0n);
  await assert.rejects(
    sendAndWait(chain, account, { to: chain.contract, data: DATA.replace("01", "02") as typeof DATA }, OPTIONS),
    (error: CliError) => error.code === "cost_above_max",
  );
  assert.equal(chain.sent.length, 1);
});

test("a transaction that a signer changed is not sent", async () => {
  const chain = fundedChain();
  const account = {
    address: ACCOUNT.address,
    chainId: chain.chainId,
    sign: (draft: Parameters<typeof ACCOUNT.sign>[0]) => ACCOUNT.sign({ ...draft, to: OTHER }),
  };
  await assert.rejects(
    sendAndWait(chain, account, { to: chain.contract, data: DATA }, OPTIONS),
    (error: ChainError) => error instanceof ChainError && /expected to 0x[0-9a-f]+.* got 0x9999/i.test(error.message),
  );
  assert.deepEqual(chain.sent, []);
});
