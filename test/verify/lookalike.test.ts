/** The contract's code with roots that were in its storage from the start: nothing that it says is to be believed. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import test from "node:test";
import { Interface, JsonRpcProvider, toBeHex, Wallet, zeroPadValue } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { knownCodeHashes } from "../../src/cli/remote/known-contract.ts";
import { connectChain } from "../../src/cli/remote/node.ts";
import { checksumAddress } from "../../src/merkle/address.ts";
import { concat, fromHex, type Hex, toHex } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import type { BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import { anchoredTopics, rootSlot } from "../../src/verify/evm/contract.ts";
import { verifyBundle } from "../../src/verify/verify.ts";
import { ANVIL, ANVIL_ACCOUNT, startAnvil } from "./anvil.ts";
import { encodeHeader, type RpcBlock } from "./block-header.ts";
import { anchored, TestLedger } from "./fixture.ts";

/** Storage slot of _ledgers, whose third word is the signer. */
const LEDGERS_SLOT = 2;

/** Init code that writes words, emits one event and leaves the code of the contract. */
function forgedInitCode(words: readonly (readonly [Hex, Hex])[], topics: readonly Hex[], data: Hex): Hex {
  const push32 = (word: string) => `7f${word.slice(2)}`;
  const runtime = artifact.deployedBytecode.slice(2);
  let code = words.map(([slot, value]) => `${push32(value)}${push32(slot)}55`).join("");
  for (let at = 0; at < 3; at++)
    code += `${push32(`0x${data.slice(2 + 64 * at, 66 + 64 * at)}`)}60${(32 * at).toString(16).padStart(2, "0")}52`;
  code += `${topics.toReversed().map(push32).join("")}60606000a3`;
  const length = (runtime.length / 2).toString(16).padStart(4, "0");
  const start = (code.length / 2 + 15).toString(16).padStart(4, "0");
  return `0x${code}61${length}61${start}60003961${length}6000f3${runtime}`;
}

test("a contract of the known code that began with a stranger's roots is not believed", {
  skip: existsSync(ANVIL) ? false : "npm has no anvil for this platform",
  timeout: 60_000,
}, async (t) => {
  const anvil = await startAnvil(t);
  const provider = new JsonRpcProvider(anvil.url, undefined, {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: 50,
  });
  t.after(() => provider.destroy());
  const thief = new Wallet(ANVIL_ACCOUNT.key, provider);
  // The victim opened "main"; the thief knows its owner's address, and signs with a key of its own.
  const victim = { owner: checksumAddress(`0x${"ab".repeat(20)}`) };
  const ledger = new TestLedger(4, { ...victim, key: fromHex(ANVIL_ACCOUNT.key as Hex) });
  const { id, signer } = ledger.record;
  const root = ledger.root(4);
  const ledgerSlot = BigInt(
    toHex(keccak256(concat(fromHex(id), fromHex(zeroPadValue(toBeHex(LEDGERS_SLOT), 32) as Hex)))),
  );
  const words: [Hex, Hex][] = [
    [toHex(rootSlot(id, 4)), root],
    [toBeHex(ledgerSlot + 2n, 32) as Hex, zeroPadValue(signer, 32).toLowerCase() as Hex],
  ];
  const data = `${root}${"00".repeat(64)}` as Hex;
  const sent = await thief.sendTransaction({
    data: forgedInitCode(words, anchoredTopics(id, 4), data),
    gasLimit: 8_000_000n,
  });
  const receipt = await sent.wait();
  assert.equal(receipt?.status, 1);
  const contract = checksumAddress(receipt?.contractAddress ?? "");
  const abi = new Interface(artifact.abi);
  assert.equal(
    BigInt(await provider.call({ to: contract, data: abi.encodeFunctionData("everSigner", [id, signer]) })),
    1n,
  );

  const number = `0x${(receipt?.blockNumber ?? 0).toString(16)}`;
  const block = (await provider.send("eth_getBlockByNumber", [number, false])) as RpcBlock;
  const state = (await provider.send("eth_getProof", [contract, [toHex(rootSlot(id, 4))], number])) as {
    accountProof: Hex[];
    storageProof: [{ proof: Hex[] }];
  };
  const anchor: BundleAnchor = {
    chainId: 31337,
    contract,
    size: 4,
    root,
    transactionHash: receipt?.hash as Hex,
    blockNumber: receipt?.blockNumber as number,
    blockHash: block.hash,
    blockTime: Number(block.timestamp),
    state: { header: encodeHeader(block), accountProof: state.accountProof, storageProof: state.storageProof[0].proof },
  };
  await provider.send("anvil_mine", ["0x4"]);
  const bundle = anchored(ledger.bundle(2), [anchor], "final");
  const expected = { ledgerId: id, owner: victim.owner };
  const common = { knownCodeHashes: knownCodeHashes(), expected, requireChain: true };
  const online = await verifyBundle(bundle, { ...common, chain: connectChain(anvil.url, "finalized") });
  assert.notEqual(online.outcome, "verified");
  const frozen = await verifyBundle(bundle, { ...common, trustedBlocks: [block.hash] });
  assert.notEqual(frozen.outcome, "verified");
});
