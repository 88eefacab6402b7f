/** Answers that not every chain gives: rollups, chains without a base fee, nodes that refuse wide searches or old states. */

import assert from "node:assert/strict";
import test from "node:test";
import { ChainError } from "../../src/chain/chain.ts";
import { ANCHORED_TOPIC } from "../../src/chain/contract/contract.ts";
import { RpcChain } from "../../src/chain/evm-chain.ts";
import type { Endpoint } from "../../src/chain/node/endpoints.ts";

type Answer = unknown | ((params: readonly unknown[]) => unknown);

const CONTRACT = `0x${"c0".repeat(20)}`;
const HASH = `0x${"ab".repeat(32)}` as const;
const LEDGER = `0x${"11".repeat(32)}` as const;

/** A chain whose one endpoint gives these answers; what it was asked is kept. */
function chainOf(answers: Readonly<Record<string, Answer>>) {
  const asked: string[] = [];
  const endpoint: Endpoint = {
    name: "stub",
    request: async (method, params) => {
      asked.push(method);
      if (method === "eth_chainId") return "0x5";
      const answer = answers[method];
      if (answer === undefined) throw new ChainError("unknown", `stub: the method ${method} does not exist`);
      return typeof answer === "function" ? answer(params) : answer;
    },
    close: () => undefined,
  };
  return { chain: new RpcChain([endpoint], 5, CONTRACT), asked };
}

const RECEIPT = {
  transactionHash: HASH,
  blockHash: HASH,
  blockNumber: "0x7",
  status: "0x1",
  logs: [],
  gasUsed: "0x64",
  effectiveGasPrice: "0x2",
};

test("a rollup's fee for data is part of what a transaction cost", async () => {
  assert.equal((await chainOf({ eth_getTransactionReceipt: RECEIPT }).chain.receipt(HASH))?.feeWei, 200n);
  const rollup = chainOf({ eth_getTransactionReceipt: { ...RECEIPT, l1Fee: "0x3e8" } });
  assert.equal((await rollup.chain.receipt(HASH))?.feeWei, 1200n);
});

test("a rollup's fee for data is asked of its oracle, and other chains have none", async () => {
  assert.equal(await chainOf({ eth_getCode: "0x" }).chain.dataFee(500), 0n);
  const rollup = chainOf({ eth_getCode: "0x60", eth_call: `0x${(777).toString(16).padStart(64, "0")}` });
  assert.equal(await rollup.chain.dataFee(500), 777n);
});

test("a block is the one that was asked for, and its time is a date", async () => {
  const block = { number: "0x7", hash: HASH, timestamp: "0x64" };
  assert.equal((await chainOf({ eth_getBlockByNumber: block }).chain.block(7))?.time, 100);
  await assert.rejects(chainOf({ eth_getBlockByNumber: block }).chain.block(6), {
    code: "chain_unavailable",
    message: "expected block 6 from the endpoint, got block 7",
  });
  const never = { ...block, timestamp: "0x1fffffffffffff" };
  await assert.rejects(chainOf({ eth_getBlockByNumber: never }).chain.block("latest"), { code: "chain_unavailable" });
});

test("a receipt of a transaction that is not in a block, or of another one, is none", async () => {
  const pending = chainOf({ eth_getTransactionReceipt: { ...RECEIPT, blockHash: null } });
  assert.equal(await pending.chain.receipt(HASH), undefined);
  const other = chainOf({ eth_getTransactionReceipt: { ...RECEIPT, transactionHash: LEDGER } });
  assert.equal(await other.chain.receipt(HASH), undefined);
});

test("a chain without base fee is priced by its gas price", async () => {
  const { chain } = chainOf({ eth_getBlockByNumber: { number: "0x1" }, eth_gasPrice: "0x64" });
  assert.deepEqual(await chain.fees(), { feeMax: 100n, tipMax: 100n, baseFee: 100n, legacy: true });
});

test("where no tip is suggested it is what the gas price is above the base fee", async () => {
  const block = { baseFeePerGas: "0x3c" };
  const { chain } = chainOf({ eth_getBlockByNumber: block, eth_gasPrice: "0x64" });
  assert.deepEqual(await chain.fees(), { feeMax: 160n, tipMax: 40n, baseFee: 60n, legacy: false });
});

test("an event is found by the time of the newest anchor where a search of all blocks is refused", async () => {
  const word = (value: number) => value.toString(16).padStart(64, "0");
  const head = [3, 12_345, 1, 0, 0, 9].map(word).join("");
  const ranges: unknown[] = [];
  const { chain } = chainOf({
    eth_getBlockByNumber: ([tag]: readonly string[]) => {
      const number = tag === "latest" ? 100_000 : Number(tag);
      return { number: `0x${number.toString(16)}`, hash: HASH, timestamp: `0x${(number * 2).toString(16)}` };
    },
    eth_call: `0x${head}`,
    eth_getLogs: ([filter]: readonly { fromBlock: string; toBlock: string }[]) => {
      ranges.push([Number(filter?.fromBlock), filter?.toBlock]);
      if (filter?.toBlock === "latest") throw new ChainError("unavailable", "stub: query exceeds max block range");
      const place = { transactionHash: HASH, blockHash: HASH, blockNumber: "0x181d" };
      const data = `0x${word(9)}${word(0)}${word(77)}`;
      return [{ address: CONTRACT, topics: [ANCHORED_TOPIC, LEDGER, `0x${word(3)}`], data, ...place }];
    },
  });
  const place = await chain.findAnchor(LEDGER, 3);
  assert.deepEqual([place?.blockNumber, place?.signedAt], [6173, 77]);
  assert.deepEqual(ranges[1], [6173 - 64, `0x${(6173 + 64).toString(16)}`]);
});

test("a search from a time on goes forward as the endpoint allows, and takes no other event for the one it looks for", async () => {
  const word = (value: number) => value.toString(16).padStart(64, "0");
  const ranges: number[][] = [];
  const searching = (ledgerId: string) =>
    chainOf({
      eth_getBlockByNumber: ([tag]: readonly string[]) => {
        const number = tag === "latest" ? 100_000 : Number(tag);
        return { number: `0x${number.toString(16)}`, hash: HASH, timestamp: `0x${(number * 2).toString(16)}` };
      },
      eth_getLogs: ([filter]: readonly { fromBlock: string; toBlock: string }[]) => {
        const from = Number(filter?.fromBlock);
        const to = filter?.toBlock === "latest" ? 100_000 : Number(filter?.toBlock);
        if (to - from >= 1000) throw new ChainError("rejected", "stub: block range is too wide");
        ranges.push([from, to]);
        if (from > 90_000 || to < 90_000) return [];
        const place = { transactionHash: HASH, blockHash: HASH, blockNumber: "0x15f90" };
        const log = {
          topics: [ANCHORED_TOPIC, ledgerId, `0x${word(3)}`],
          data: `0x${word(9)}${word(0)}${word(77)}`,
          ...place,
        };
        return [
          { ...log, address: HASH.slice(0, 42) },
          { ...log, address: CONTRACT },
        ];
      },
    }).chain;
  assert.deepEqual(await searching(LEDGER).findAnchor(LEDGER, 3, 170_000), {
    transactionHash: HASH,
    blockHash: HASH,
    blockNumber: 90_000,
    signedAt: 77,
  });
  assert.deepEqual([ranges[0], ranges.length], [[85_000 - 64, 85_000 - 64 + 127], 40]);
  assert.equal(await searching(HASH).findAnchor(LEDGER, 3, 170_000), undefined);
});

test("where the state of a block is gone, the newest state confirms a root that is never overwritten", async () => {
  const asked: unknown[] = [];
  const { chain } = chainOf({
    eth_getBlockByNumber: { number: "0x7", hash: HASH, timestamp: "0x1" },
    eth_call: ([, at]: readonly unknown[]) => {
      asked.push(at);
      if (at !== "latest") throw new ChainError("state_missing", "stub: missing trie node");
      return HASH;
    },
  });
  const claim = { ledgerId: LEDGER, size: 3, root: HASH, blockNumber: 7, blockHash: HASH };
  assert.equal(await chain.confirms(claim), true);
  assert.deepEqual(asked, ["0x7", "latest"]);
});

test("a chain that cannot prove its state anchors without that proof", async () => {
  const block = { number: "0x7", hash: HASH, timestamp: "0x1" };
  const claim = { ledgerId: LEDGER, size: 3, root: HASH, blockNumber: 7, blockHash: HASH };
  assert.equal(await chainOf({ eth_getBlockByNumber: block }).chain.proof(claim), undefined);
  const proof = { accountProof: [], storageProof: [{ proof: [] }] };
  assert.equal(await chainOf({ eth_getBlockByNumber: block, eth_getProof: proof }).chain.proof(claim), undefined);
});

test("why there is no proof can be told: the endpoint has none, or what it gives is none", async () => {
  const block = { number: "0x7", hash: HASH, timestamp: "0x1" };
  const claim = { ledgerId: LEDGER, size: 3, root: HASH, blockNumber: 7, blockHash: HASH };
  const prove = (eth_getProof?: unknown) =>
    chainOf({ eth_getBlockByNumber: block, ...(eth_getProof !== undefined && { eth_getProof }) }).chain.prove(claim);
  await assert.rejects(prove(), { kind: "unknown", message: /the method eth_getProof does not exist/ });
  for (const odd of [
    7,
    null,
    {},
    { accountProof: [], storageProof: [] },
    { accountProof: ["0x1"], storageProof: [{}] },
  ]) {
    await assert.rejects(prove(odd), { kind: "unavailable" });
  }
  const empty = { accountProof: [], storageProof: [{ proof: [] }] };
  await assert.rejects(prove(empty), { name: "ProofError", message: /expected a header of block 7 with hash 0xab/ });
});

test("an answer of the wrong form is no answer", async () => {
  for (const eth_getBlockByNumber of ["yes", 7, { number: 7 }, { number: "0x7", hash: "0x12", timestamp: "0x1" }]) {
    await assert.rejects(chainOf({ eth_getBlockByNumber }).chain.block("latest"), { kind: "unavailable" });
  }
});
