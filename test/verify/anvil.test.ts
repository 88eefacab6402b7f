/** The verifier against a real node, the real contract and real state proofs: anvil, over JSON-RPC. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import test from "node:test";
import { ContractFactory, Interface, JsonRpcProvider, NonceManager, toBeHex, Wallet } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { knownCodeHashes } from "../../src/cli/remote/known-contract.ts";
import { connectChain } from "../../src/cli/remote/node.ts";
import { checksumAddress } from "../../src/merkle/address.ts";
import { fromHex, type Hex, toHex } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import type { BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import { rootSlot } from "../../src/verify/evm/contract.ts";
import { verifyBundle } from "../../src/verify/verify.ts";
import { ANVIL, ANVIL_ACCOUNT, startAnvil } from "./anvil.ts";
import { encodeHeader, type RpcBlock } from "./block-header.ts";
import { anchored, TestLedger } from "./fixture.ts";

test("a bundle with real proofs verifies against anvil, and against nothing but a block hash", {
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
  const owner = new NonceManager(new Wallet(ANVIL_ACCOUNT.key, provider));
  const deployed = await new ContractFactory(artifact.abi, artifact.bytecode, owner).deploy();
  await deployed.waitForDeployment();
  const contract = checksumAddress(await deployed.getAddress());
  const abi = new Interface(artifact.abi);
  const ledger = new TestLedger(300, { owner: ANVIL_ACCOUNT.address });
  const { id, label, signer } = ledger.record;
  const send = async (name: string, args: readonly unknown[]) => {
    const sent = await owner.sendTransaction({ to: contract, data: abi.encodeFunctionData(name, [...args]) });
    const receipt = await sent.wait();
    assert.ok(receipt);
    return receipt;
  };
  await send("open", [label, signer]);
  const first = ledger.sign(200);
  await send("anchor", [id, 0, 200, first.root, first.signedAt, first.signature, []]);
  const second = ledger.sign(300);
  const proof = ledger.consistency(200, 300);
  const receipt = await send("anchor", [id, 200, 300, second.root, second.signedAt, second.signature, proof]);

  const number = toBeHex(receipt.blockNumber).replace(/^0x0+/, "0x");
  const block = (await provider.send("eth_getBlockByNumber", [number, false])) as RpcBlock;
  const slot = toHex(rootSlot(id, 300));
  const state = (await provider.send("eth_getProof", [contract, [slot], number])) as {
    accountProof: Hex[];
    storageProof: [{ proof: Hex[] }];
  };
  const anchor: BundleAnchor = {
    chainId: 31337,
    contract,
    size: 300,
    root: second.root,
    consistency: ledger.consistency(250, 300),
    transactionHash: receipt.hash as Hex,
    blockNumber: receipt.blockNumber,
    blockHash: block.hash,
    blockTime: Number(block.timestamp),
    state: { header: encodeHeader(block), accountProof: state.accountProof, storageProof: state.storageProof[0].proof },
  };
  assert.equal(toHex(keccak256(fromHex(anchor.state?.header ?? "0x"))), block.hash);
  const bundle = anchored(ledger.bundle(123, 250), [anchor]);
  const chain = connectChain(anvil.url, "finalized");
  // Deployed right here, with nothing in its storage.
  const known = { knownCodeHashes: knownCodeHashes(), knownContracts: [contract], development: true };
  const verdict = await verifyBundle(bundle, { chain, ...known });
  assert.deepEqual([verdict.outcome, verdict.status], ["verified", "anchored"], verdict.summary);
  assert.match(verdict.notes.join(" "), /development chain/);
  const early = await verifyBundle({ ...bundle, status: "final" }, { chain, ...known });
  assert.deepEqual([early.outcome, early.steps.at(-1)?.name], ["failed", "status"]);
  await provider.send("anvil_mine", ["0x4"]);
  const final = await verifyBundle({ ...bundle, status: "final" }, { chain, ...known });
  assert.deepEqual([final.outcome, final.status], ["verified", "final"], final.summary);
  const frozen = await verifyBundle(bundle, { trustedBlocks: [block.hash], ...known });
  assert.equal(frozen.outcome, "verified", frozen.summary);
  await refusesChanges();

  async function refusesChanges(): Promise<void> {
    const zero: Hex = `0x${"00".repeat(32)}`;
    const other = checksumAddress(`0x${"12".repeat(20)}`);
    const changes: readonly [string, Partial<BundleAnchor>][] = [
      ["contract", { contract: other }],
      ["contract", { contract: ANVIL_ACCOUNT.address }],
      ["block", { blockNumber: 1 }],
      ["block", { blockNumber: 10_000 }],
      ["block", { blockHash: zero }],
      ["transaction", { transactionHash: zero }],
      ["chain", { chainId: 1 }],
    ];
    const { state: _, ...plain } = anchor;
    for (const [name, change] of changes) {
      const changed = anchored(bundle, [{ ...plain, ...change }]);
      const refused = await verifyBundle(changed, { chain, ...known });
      assert.deepEqual([refused.outcome, refused.steps.at(-1)?.name], ["failed", name], refused.summary);
    }
  }
});
