/** What every Chain promises (src/chain/chain.ts), as tests that each implementation passes. */

import assert from "node:assert/strict";
import test from "node:test";
import { type Chain, ChainError } from "../../src/chain/chain.ts";
import { type AnchorCall, encodeAnchor, encodeAnchorMany, encodeOpen } from "../../src/chain/contract/contract.ts";
import { keyAccount } from "../../src/keys/key-source.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { type Hex, toHex } from "../../src/merkle/bytes.ts";
import { deriveLedgerId, labelOf } from "../../src/merkle/checkpoint.ts";
import { keccak256, leafHash, nodeHash } from "../../src/merkle/hash.ts";

/** A chain that mines only when it is told to. */
export type Harness = {
  readonly chain: Chain;
  readonly mine: (blocks: number) => Promise<void>;
  readonly fund: (account: Hex) => Promise<void>;
  readonly close: () => Promise<void>;
};

const ACCOUNT = keyAccount(`0x${"a1".repeat(32)}`);
const POOR = keyAccount(`0x${"a2".repeat(32)}`);
const SIGNER = keySigner(`0x${"a3".repeat(32)}`);
const LABEL = labelOf("suite");
const LEDGER = deriveLedgerId(ACCOUNT.address, LABEL);
const UNKNOWN: Hex = `0x${"ee".repeat(32)}`;
const LEAVES = [0, 1, 2].map((i) => leafHash(keccak256, Uint8Array.of(i)));
const [A, B, C] = LEAVES as [Uint8Array, Uint8Array, Uint8Array];
const ROOTS: Readonly<Record<number, Uint8Array>> = {
  1: A,
  2: nodeHash(keccak256, A, B),
  3: nodeHash(keccak256, nodeHash(keccak256, A, B), C),
};

async function call(prevSize: number, size: number, proof: readonly Uint8Array[], change: Partial<AnchorCall> = {}) {
  const checkpoint = { ledgerId: LEDGER, size, root: toHex(ROOTS[size] as Uint8Array), signedAt: 1_790_000_000 };
  return { ...checkpoint, prevSize, proof, signature: await SIGNER.sign(checkpoint), ...change };
}

async function send(chain: Chain, account: typeof ACCOUNT, data: Hex, nonce?: number): Promise<{ raw: Hex }> {
  const { feeMax, tipMax, legacy } = await chain.fees();
  const fees = { gasMax: 300_000, feeMax, tipMax, legacy };
  const place = { chainId: chain.chainId, nonce: nonce ?? (await chain.nonce(account.address)), to: chain.contract };
  const raw = await account.sign({ ...place, data, ...fees });
  await chain.broadcast(raw);
  return { raw };
}

async function kindOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ChainError, `expected a ChainError, got ${error}`);
  return error.kind === "reverted" ? `reverted ${error.revert}` : error.kind;
}

export function testChain(name: string, open: () => Promise<Harness>): void {
  test(`${name}: keeps the promises of a chain`, async (t) => {
    const harness = await open();
    t.after(() => harness.close());
    const { chain, mine, fund } = harness;
    await fund(ACCOUNT.address);

    await t.test("its identity stays, and names the code of the contract", async () => {
      const first = await chain.identify();
      await mine(1);
      assert.deepEqual(await chain.identify(), first);
      assert.match(first.codeHash, /^0x[0-9a-f]{64}$/);
    });

    await t.test("blocks are found by number and by name, and those to come are not", async () => {
      await mine(5);
      const [latest, safe, final] = await Promise.all(
        (["latest", "safe", "finalized"] as const).map((tag) => chain.block(tag)),
      );
      assert.ok(latest && safe && final);
      assert.ok(latest.number > safe.number && safe.number > final.number);
      assert.deepEqual(await chain.block(latest.number), latest);
      assert.equal(await chain.block(latest.number + 100), undefined);
    });

    await t.test("a ledger that was never opened is nothing", async () => {
      assert.equal(await chain.ledger(UNKNOWN), undefined);
      assert.equal((await chain.head(UNKNOWN)).size, 0);
      assert.equal(await chain.rootAt(UNKNOWN, 1), undefined);
      assert.equal(await chain.everSigner(UNKNOWN, SIGNER.address), false);
      assert.equal(await chain.findAnchor(UNKNOWN, 1), undefined);
      const data = encodeAnchor(await call(0, 1, [], { ledgerId: UNKNOWN }));
      const ask = chain.estimateGas({ from: ACCOUNT.address, to: chain.contract, data });
      assert.equal(await kindOf(ask), "reverted LedgerUnknown");
    });

    await t.test("a transaction may be sent again, has no receipt until it is mined, and then one", async () => {
      const nonce = await chain.nonce(ACCOUNT.address);
      const { raw } = await send(chain, ACCOUNT, encodeOpen(LABEL, SIGNER.address));
      const hash = toHex(keccak256(Buffer.from(raw.slice(2), "hex")));
      await chain.broadcast(raw);
      assert.equal(await chain.receipt(hash), undefined);
      assert.equal(await chain.nonce(ACCOUNT.address), nonce);
      await mine(1);
      const receipt = await chain.receipt(hash);
      assert.ok(receipt?.succeeded && receipt.feeWei > 0n);
      assert.equal((await chain.block(receipt.blockNumber))?.hash, receipt.blockHash);
      assert.equal(await chain.nonce(ACCOUNT.address), nonce + 1);
      assert.deepEqual(await chain.ledger(LEDGER), { owner: ACCOUNT.address, signer: SIGNER.address });
    });

    await t.test("a used nonce and an empty purse are told apart", async () => {
      assert.equal(await kindOf(send(chain, ACCOUNT, encodeOpen(labelOf("x"), SIGNER.address), 0)), "nonce_low");
      assert.equal(await kindOf(send(chain, POOR, encodeOpen(LABEL, SIGNER.address))), "funds");
    });

    await t.test("an anchor is seen in receipt, head, root, event and proof", async () => {
      const { raw } = await send(chain, ACCOUNT, encodeAnchor(await call(0, 1, [])));
      await mine(3);
      const hash = toHex(keccak256(Buffer.from(raw.slice(2), "hex")));
      const receipt = await chain.receipt(hash);
      const root = toHex(A);
      assert.ok(receipt);
      assert.deepEqual(
        receipt.anchored.map(({ ledgerId, size, root }) => ({ ledgerId, size, root })),
        [{ ledgerId: LEDGER, size: 1, root }],
      );
      const head = await chain.head(LEDGER);
      assert.deepEqual([head.size, head.root, head.count], [1, root, 1]);
      assert.equal(await chain.rootAt(LEDGER, 1), root);
      const { blockNumber, blockHash } = receipt;
      assert.equal((await chain.findAnchor(LEDGER, 1))?.blockHash, blockHash);
      const claim = { ledgerId: LEDGER, size: 1, root, blockNumber, blockHash };
      assert.equal(await chain.confirms(claim), true);
      assert.equal(await chain.confirms({ ...claim, root: toHex(B) }), false);
      assert.equal(await chain.confirms({ ...claim, blockHash: toHex(B) }), false);
      assert.equal(await chain.confirms({ ...claim, blockNumber: blockNumber - 1 }), false);
      assert.ok(await chain.proof(claim));
    });

    await t.test("the contract's refusals are told by name before anything is sent", async () => {
      const ask = async (data: Hex) => kindOf(chain.estimateGas({ from: ACCOUNT.address, to: chain.contract, data }));
      assert.equal(await ask(encodeAnchor(await call(0, 2, []))), "reverted HeadMismatch");
      assert.equal(await ask(encodeAnchor(await call(1, 1, []))), "reverted SizeNotGrown");
      assert.equal(await ask(encodeAnchor(await call(1, 3, [B]))), "reverted ConsistencyInvalid");
      assert.equal(await ask(encodeAnchor(await call(1, 3, [B, C], { root: toHex(B) }))), "reverted SignatureInvalid");
      assert.equal(await ask(encodeOpen(LABEL, SIGNER.address)), "reverted LedgerExists");
    });

    await t.test("a call for many is tried out item by item", async () => {
      const good = await call(1, 3, [B, C]);
      const data = encodeAnchorMany([{ ...good, ledgerId: UNKNOWN }, good]);
      const tried = await chain.simulateMany({ from: ACCOUNT.address, to: chain.contract, data });
      assert.deepEqual(tried, [false, true]);
    });
  });
}
