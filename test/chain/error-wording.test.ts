/** Errors by their wording: as nodes were seen to word them, and as two real ones do now. */

import assert from "node:assert/strict";
import test from "node:test";
import hre from "hardhat";
import { ChainError, type ChainErrorKind } from "../../src/chain/chain.ts";
import { connectEndpoint } from "../../src/chain/node/endpoint.ts";
import { classify } from "../../src/chain/node/error-wording.ts";
import { keyAccount } from "../../src/keys/key-source.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { serveHttp } from "../cli/fake-http.ts";
import { Anvil, CHAIN_ID } from "./anvil.ts";

const WORDINGS: Readonly<Record<ChainErrorKind, readonly string[]>> = {
  known: [
    "already known",
    "Known transaction: 0x1234",
    "transaction already imported",
    "known transaction: 0xabc",
    "AlreadyKnown",
    "Transaction with the same hash was already imported.",
  ],
  nonce_low: [
    "nonce too low: next nonce 5, tx nonce 4",
    "nonce too low",
    "Transaction nonce too low. Expected nonce to be 3 but got 2. Note that transactions can't be queued.",
    "transaction nonce is too low",
    "OldNonce, Current nonce: 5, nonce of rejected tx: 4",
  ],
  nonce_high: [
    "nonce too high",
    "Transaction nonce is too far in the future",
    "exceeds next nonce 7",
    "tx-nonce-too-high",
    "NonceGap, Future nonce",
  ],
  underpriced: [
    "replacement transaction underpriced",
    "Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 1100000000 is necessary.",
    "could not replace existing tx",
    "replacement transaction underpriced: new tx gas fee cap 5 <= 5 queued",
  ],
  fee_low: [
    "max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 7",
    "Transaction maxFeePerGas (1) is too low for the next block, which has a baseFeePerGas of 875000000",
    "transaction underpriced: tip needed 1000000, tip permitted 0",
    "Gas price below configured minimum gas price: gas price too low",
    "FeeTooLow, EffectivePriorityFeePerGas too low",
  ],
  funds: [
    "insufficient funds for gas * price + value: address 0x1 have 0 want 1",
    "Insufficient funds for gas * price + value",
    "Sender doesn't have enough funds to send tx. The max upfront cost is: 1 and the sender's balance is: 0.",
    "Upfront cost exceeds account balance",
    "gas required exceeds allowance (0)",
  ],
  reverted: ["execution reverted", "VM Exception while processing transaction: reverted with custom error"],
  rejected: [
    "intrinsic gas too low: have 21000, want 21416",
    "exceeds block gas limit",
    "tx fee (1.20 ether) exceeds the configured cap (1.00 ether)",
    "transaction type not supported",
    "invalid sender",
    "invalid chain id for signer: have 1 want 5",
    "oversized data: transaction size 140000, limit 131072",
  ],
  state_missing: [
    "missing trie node 0x12 (path 0a) state 0x34 is not available",
    "BlockOutOfRangeError: block height is 9001 but requested was 9000",
    "header not found",
    "historical state 0x12 is not available",
    "distance to target block exceeds maximum proof window",
  ],
  unavailable: [
    "daily request count exceeded, request rate limited",
    "Too Many Requests",
    "upstream timed out",
    "service temporarily unavailable",
    "txpool is full",
    "Internal error",
  ],
  wrong_chain: [],
  contract_missing: [],
  unknown: ["unknown transaction", "the method eth_foo does not exist/is not available", "gremlins"],
};

for (const [kind, wordings] of Object.entries(WORDINGS)) {
  if (wordings.length === 0) continue;
  test(`${kind} is read from ${wordings.length} wordings`, () => {
    for (const wording of wordings) assert.equal(classify(wording), kind, wording);
  });
}

const ACCOUNT = keyAccount(`0x${"d1".repeat(32)}`);
const POOR = keyAccount(`0x${"d2".repeat(32)}`);

/** A transfer of nothing; the chain's base fee is below 10 gwei. */
function transfer(account: typeof ACCOUNT, nonce: number, gwei: bigint, change: object = {}): Promise<Hex> {
  const fees = { gasMax: 21_000, feeMax: gwei * 10n ** 9n, tipMax: 10n ** 9n, legacy: false };
  return account.sign({ chainId: CHAIN_ID, nonce, to: account.address, data: "0x", ...fees, ...change });
}

async function refusals(url: string, ask: (method: string, ...params: unknown[]) => Promise<unknown>) {
  const endpoint = connectEndpoint(url, 10_000);
  const kindOf = async (raw: Hex) => {
    try {
      await endpoint.request("eth_sendRawTransaction", [raw]);
      return "taken";
    } catch (error) {
      return error instanceof ChainError ? error.kind : error;
    }
  };
  await ask("hardhat_setBalance", ACCOUNT.address, "0x56bc75e2d63100000");
  await ask("evm_setAutomine", false);
  const first = await transfer(ACCOUNT, 0, 100n);
  const found = {
    first: await kindOf(first),
    again: await kindOf(first),
    // EDR asks for a tenth on both fields; anvil takes less, so the fee is lower here.
    replacement: await kindOf(await transfer(ACCOUNT, 0, 90n)),
    poor: await kindOf(await transfer(POOR, 0, 100n)),
    gas: await kindOf(await transfer(ACCOUNT, 1, 100n, { gasMax: 20_000 })),
  };
  await ask("hardhat_mine", "0x1");
  const used = await kindOf(await transfer(ACCOUNT, 0, 200n));
  endpoint.close();
  return { ...found, used };
}

const EXPECTED = {
  first: "taken",
  again: "known",
  replacement: "underpriced",
  poor: "funds",
  gas: "rejected",
  used: "nonce_low",
};

test("what anvil says today is understood", async () => {
  const anvil = await Anvil.start();
  try {
    assert.deepEqual(await refusals(anvil.url, (method, ...params) => anvil.ask(method, ...params)), EXPECTED);
  } finally {
    await anvil.stop();
  }
});

test("what Hardhat's EDR says today is understood", async () => {
  const server = await hre.network.createServer({ override: { chainId: CHAIN_ID } }, "127.0.0.1", 0);
  const { address, port } = await server.listen();
  const url = `http://${address}:${port}`;
  const endpoint = connectEndpoint(url, 10_000);
  try {
    assert.deepEqual(await refusals(url, (method, ...params) => endpoint.request(method, params)), EXPECTED);
  } finally {
    endpoint.close();
    await server.close();
  }
});

const STRUCK: Readonly<Record<string, readonly [string, string, string]>> = {
  low: ["nonce too low", "nonce_low", "nonce too …"],
  nonce: ["nonce too low", "nonce_low", "… too low"],
  funds: ["insufficient funds for gas", "funds", "insufficient … for gas"],
  reverted: ["execution reverted", "reverted", "execution …"],
};

for (const [secret, [said, code, left]] of Object.entries(STRUCK)) {
  test(`an error is known by its wording also when "${secret}" in it is a secret of the URL, which nobody is told`, async (t) => {
    const body = (sent: string) => {
      const { id, method } = JSON.parse(sent);
      return {
        jsonrpc: "2.0",
        id,
        ...(method === "eth_chainId" ? { result: "0x1" } : { error: { code: -1, message: said } }),
      };
    };
    const node = await serveHttp(t, (asked) => ({ body: body(asked.body) }));
    const endpoint = connectEndpoint(node.url.replace("//", `//u:${secret}@`), 10_000);
    t.after(() => endpoint.close());
    await assert.rejects(endpoint.request("eth_sendRawTransaction", ["0x"]), {
      code: `chain_${code}`,
      message: `${endpoint.name}: ${left}`,
    });
  });
}
