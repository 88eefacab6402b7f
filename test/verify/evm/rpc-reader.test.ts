/** A chain read over JSON-RPC: what a node answers becomes what the port promises, or an error, never a guess. */

import assert from "node:assert/strict";
import test from "node:test";
import { AbiCoder, Interface } from "ethers";
import type { Hex } from "../../../src/merkle/bytes.ts";
import { toHex, utf8 } from "../../../src/merkle/bytes.ts";
import { keccak256 } from "../../../src/merkle/hash.ts";
import { anchoredRoot, anchoredTopics } from "../../../src/verify/evm/contract.ts";
import { RpcAnswerError, rpcChainReader } from "../../../src/verify/evm/rpc-reader.ts";
import { CONTRACT, OWNER } from "../fixture.ts";

const ID: Hex = `0x${"12".repeat(32)}`;
const ROOT: Hex = `0x${"ab".repeat(32)}`;
const ABI = new Interface([
  "function rootAt(bytes32 ledgerId, uint64 size) view returns (bytes32)",
  "function everSigner(bytes32 ledgerId, address signer) view returns (bool)",
  "function head(bytes32 ledgerId) view returns (tuple(uint64 size,uint64 anchoredAt,uint64 count,bool forked,bool superseded,bytes32 root))",
  "event Anchored(bytes32 indexed ledgerId, uint64 indexed size, bytes32 root, uint64 prevSize, uint64 signedAt)",
]);

type Table = Readonly<Record<string, unknown>>;

function readerOf(table: Table, finality?: Parameters<typeof rpcChainReader>[1]) {
  const asked: [string, readonly unknown[]][] = [];
  const reader = rpcChainReader(async (method, params) => {
    asked.push([method, params]);
    if (!(method in table)) throw new RpcAnswerError("the method is not there");
    return table[method];
  }, finality);
  return { reader, asked };
}

function dataOf([first]: readonly (readonly [string, readonly unknown[]])[]): string {
  const call = first?.[1][0] as { readonly data: string } | undefined;
  return call?.data ?? "nothing was asked";
}

test("calls are encoded and answers decoded as ethers does", async () => {
  const size = 2 ** 53 - 1;
  const { reader, asked } = readerOf({ eth_call: ROOT });
  assert.equal(await reader.rootAt(CONTRACT, ID, size), ROOT);
  const data = ABI.encodeFunctionData("rootAt", [ID, size]);
  assert.deepEqual(asked, [["eth_call", [{ to: CONTRACT, data }, "latest"]]]);
  for (const known of [true, false]) {
    const yes = readerOf({ eth_call: ABI.encodeFunctionResult("everSigner", [known]) });
    assert.equal(await yes.reader.everSigner(CONTRACT, ID, OWNER), known);
    assert.equal(dataOf(yes.asked), ABI.encodeFunctionData("everSigner", [ID, OWNER]));
    const marks = readerOf({ eth_call: ABI.encodeFunctionResult("head", [[7, 8, 9, known, !known, ROOT]]) });
    assert.equal(await marks.reader.isForked(CONTRACT, ID), known);
    assert.equal(dataOf(marks.asked), ABI.encodeFunctionData("head", [ID]));
  }
});

test("the event of an anchor is asked for and read as ethers encodes it", async () => {
  const { topics, data } = ABI.encodeEventLog("Anchored", [ID, 77, ROOT, 5, 6]);
  assert.deepEqual(anchoredTopics(ID, 77), topics);
  const log = { address: CONTRACT, topics, data, transactionHash: ROOT, blockNumber: "0x10", blockHash: ID };
  const { reader, asked } = readerOf({ eth_getLogs: [log] });
  const [found] = await reader.logs(ID, CONTRACT, anchoredTopics(ID, 77));
  assert.deepEqual(asked, [["eth_getLogs", [{ blockHash: ID, address: CONTRACT, topics }]]]);
  assert.ok(found);
  assert.equal(found.blockNumber, 16);
  assert.equal(found.contract, CONTRACT.toLowerCase());
  assert.equal(anchoredRoot(found, ID, 77), ROOT);
  assert.equal(anchoredRoot(found, ID, 78), undefined);
  assert.equal(anchoredRoot(found, ROOT, 77), undefined);
});

test("blocks, code and chain ids are read; what is not there is undefined", async () => {
  const block = { hash: ROOT, number: "0x10", timestamp: "0x65" };
  const { reader } = readerOf({ eth_chainId: "0x2105", eth_getCode: "0x6001", eth_getBlockByNumber: block });
  assert.equal(await reader.chainId(), 8453);
  assert.equal(await reader.codeHash(CONTRACT), toHex(keccak256(new Uint8Array([0x60, 0x01]))));
  assert.deepEqual(await reader.block(16), { hash: ROOT, time: 101 });
  const nothing = readerOf({ eth_getCode: "0x", eth_getBlockByNumber: null }).reader;
  assert.equal(await nothing.codeHash(CONTRACT), undefined);
  assert.equal(await nothing.block(16), undefined);
});

test("finality goes by the tag or by a count, and is unknown where the node does not say", async () => {
  const block = { hash: ROOT, number: "0x10", timestamp: "0x65" };
  for (const tag of ["finalized", "safe"] as const) {
    const { reader, asked } = readerOf({ eth_getBlockByNumber: block }, tag);
    assert.deepEqual([await reader.isFinal(16), await reader.isFinal(17)], [true, false]);
    assert.deepEqual(asked[0], ["eth_getBlockByNumber", [tag, false]]);
  }
  const counted = readerOf({ eth_blockNumber: "0x10" }, { confirmations: 3 }).reader;
  assert.deepEqual([await counted.isFinal(14), await counted.isFinal(15)], [true, false]);
  assert.equal(await readerOf({}).reader.isFinal(16), undefined);
  assert.equal(await readerOf({ eth_getBlockByNumber: null }).reader.isFinal(16), undefined);
  const down = rpcChainReader(() => Promise.reject(new Error("refused")));
  await assert.rejects(down.isFinal(16), /refused/);
});

test("answers of another form are errors", async () => {
  const short = AbiCoder.defaultAbiCoder().encode(["uint8"], [2]);
  for (const wrong of [undefined, null, 7, "", "0x", "0x1", "latest", "0xzz", [], {}, short]) {
    const table = { eth_chainId: wrong === "0x1" ? "1" : wrong, eth_call: wrong, eth_getBlockByNumber: wrong ?? 7 };
    const { reader } = readerOf({ ...table, eth_getLogs: [wrong] });
    await assert.rejects(reader.chainId(), Error, `${wrong}`);
    await assert.rejects(reader.everSigner(CONTRACT, ID, OWNER), Error, `${wrong}`);
    await assert.rejects(reader.isForked(CONTRACT, ID), Error, `${wrong}`);
    await assert.rejects(reader.block(1), Error, `${wrong}`);
    await assert.rejects(reader.logs(ID, CONTRACT, []), Error, `${wrong}`);
  }
  await assert.rejects(readerOf({ eth_getLogs: utf8("x") }).reader.logs(ID, CONTRACT, []), TypeError);
});
