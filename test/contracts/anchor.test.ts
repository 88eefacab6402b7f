/**
 * Anchoring a checkpoint: what is taken, what it costs in storage, and every way in which it is refused.
 * Why: docs/decisions/0012.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AbiCoder, concat, id, keccak256, toBeHex, ZeroAddress, ZeroHash, zeroPadValue } from "ethers";
import { callAs, eventsOf, HARDFORKS, mined, openChain, plain, refused } from "./chain.ts";
import { type Anchor, anchorOf, keyOf, listed, openLedger, SIGNED_AT, sign } from "./ledgers.ts";
import { smallTree, uniformTree } from "./trees.ts";

const GROWTH_MAX = 2 ** 32;
const key = keyOf("signer");
const tree = smallTree(130);
const abi = AbiCoder.defaultAbiCoder();

for (const hardfork of HARDFORKS) {
  describe(`anchoring on ${hardfork}`, async () => {
    const chain = await openChain(hardfork);
    const { anchors, provider } = chain;
    const [, stranger] = chain.accounts;
    assert.ok(stranger);
    const take = (anchor: Anchor) => mined(anchors.anchor(...listed(anchor)));
    const refuse = (anchor: Anchor, name: string, values: unknown[]) =>
      refused(anchors, anchors.anchor(...listed(anchor)), name, values);

    test("anyone anchors what the signer signed, and the head follows", async () => {
      const ledgerId = await openLedger(chain, "head follows", key.address);
      const first = await anchorOf(tree, key, ledgerId, 0, 5);
      const receipt = await mined(callAs(anchors, stranger).anchor(...listed(first)));
      assert.deepEqual(eventsOf(anchors, receipt), [["Anchored", ledgerId, "5", tree.root(5), "0", String(SIGNED_AT)]]);
      const block = await chain.ethers.provider.getBlock(receipt.blockNumber);
      assert.deepEqual(plain(await anchors.head(ledgerId)), [
        "5",
        String(block?.timestamp),
        "1",
        false,
        false,
        tree.root(5),
      ]);
      await take(await anchorOf(tree, key, ledgerId, 5, 6));
      await take(await anchorOf(tree, key, ledgerId, 6, 128));
      const head = await anchors.head(ledgerId);
      assert.deepEqual([head.size, head.count, head.root], [128n, 3n, tree.root(128)]);
    });

    test("the root of every size that was anchored stays readable", async () => {
      const ledgerId = await openLedger(chain, "every size", key.address);
      const sizes = [1, 2, 3, 7, 8, 9, 64, 100, 130];
      let prevSize = 0;
      for (const size of sizes) {
        await take(await anchorOf(tree, key, ledgerId, prevSize, size));
        prevSize = size;
      }
      for (let size = 0; size <= 131; size++) {
        const expected = sizes.includes(size) ? tree.root(size) : ZeroHash;
        assert.equal(await anchors.rootAt(ledgerId, size), expected, `size ${size}`);
      }
    });

    test("roots are in slot 0, where storage proofs look for them", async () => {
      const ledgerId = await openLedger(chain, "slot 0", key.address);
      await take(await anchorOf(tree, key, ledgerId, 0, 77));
      const ofLedger = keccak256(concat([ledgerId, ZeroHash]));
      const slot = keccak256(concat([zeroPadValue(toBeHex(77), 32), ofLedger]));
      assert.equal(await chain.ethers.provider.getStorage(chain.address, slot), tree.root(77));
    });

    test("an anchor writes two words, one of them new; the first anchor of a ledger writes two new ones", async () => {
      const ledgerId = await openLedger(chain, "words", key.address);
      const countWrites = async (anchor: Anchor) => {
        const { hash } = await take(anchor);
        const trace = (await provider.request({ method: "debug_traceTransaction", params: [hash] })) as {
          structLogs: { op: string; stack: string[]; storage?: Record<string, string> }[];
        };
        const writes = trace.structLogs.filter(({ op }) => op === "SSTORE").map(({ stack }) => stack.at(-1) as string);
        const { blockNumber } = await mined(anchors.rotateSigner(ledgerId, keyOf(hash).address));
        await mined(anchors.rotateSigner(ledgerId, key.address));
        const before = blockNumber - 2;
        const old = await Promise.all(
          writes.map((slot) =>
            chain.ethers.provider.getStorage(chain.address, BigInt(`0x${slot.replace(/^0x/, "")}`), before),
          ),
        );
        return { written: new Set(writes).size, added: old.filter((word) => word === ZeroHash).length };
      };
      assert.deepEqual(await countWrites(await anchorOf(tree, key, ledgerId, 0, 3)), { written: 2, added: 2 });
      assert.deepEqual(await countWrites(await anchorOf(tree, key, ledgerId, 3, 9)), { written: 2, added: 1 });
    });

    test("a ledger that was never opened takes nothing", async () => {
      const ledgerId = id("never opened");
      await refuse(await anchorOf(tree, key, ledgerId, 0, 3), "LedgerUnknown", [ledgerId]);
    });

    test("an anchor that does not start at the head is refused with the head's size", async () => {
      const ledgerId = await openLedger(chain, "head mismatch", key.address);
      await refuse(await anchorOf(tree, key, ledgerId, 4, 9), "HeadMismatch", [ledgerId, 0, 4]);
      const anchor = await anchorOf(tree, key, ledgerId, 0, 5);
      await take(anchor);
      await refuse(anchor, "HeadMismatch", [ledgerId, 5, 0]);
      await refuse(await anchorOf(tree, key, ledgerId, 4, 9), "HeadMismatch", [ledgerId, 5, 4]);
      await refuse(await anchorOf(tree, key, ledgerId, 6, 9), "HeadMismatch", [ledgerId, 5, 6]);
    });

    test("a ledger never shrinks or stands still", async () => {
      const ledgerId = await openLedger(chain, "grow", key.address);
      await take(await anchorOf(tree, key, ledgerId, 0, 5));
      for (const size of [5, 4, 0]) {
        const anchor = { ...(await anchorOf(tree, key, ledgerId, 0, size)), prevSize: 5, proof: [] };
        await refuse(anchor, "SizeNotGrown", [ledgerId, 5, size]);
      }
    });

    test("one anchor grows a ledger by 2^32 entries at most", async () => {
      const ledgerId = await openLedger(chain, "cap", key.address);
      const large = uniformTree();
      await refuse(await anchorOf(large, key, ledgerId, 0, GROWTH_MAX + 1), "GrowthAboveCap", [
        ledgerId,
        GROWTH_MAX + 1,
        GROWTH_MAX,
      ]);
      await take(await anchorOf(large, key, ledgerId, 0, GROWTH_MAX));
      const tooFar = await anchorOf(large, key, ledgerId, GROWTH_MAX, 2 * GROWTH_MAX + 1);
      await refuse(tooFar, "GrowthAboveCap", [ledgerId, GROWTH_MAX + 1, GROWTH_MAX]);
      const largest = { ...tooFar, size: 2n ** 64n - 1n } as unknown as Anchor;
      const values = [ledgerId, 2n ** 64n - 1n - BigInt(GROWTH_MAX), GROWTH_MAX];
      await refuse(largest, "GrowthAboveCap", values);
      await take(await anchorOf(large, key, ledgerId, GROWTH_MAX, 2 * GROWTH_MAX));
    });

    test("a root of zero is refused, for it would read as never anchored", async () => {
      const ledgerId = await openLedger(chain, "zero root", key.address);
      const signature = await sign(key, ledgerId, 3, ZeroHash);
      const anchor = { ...(await anchorOf(tree, key, ledgerId, 0, 3)), root: ZeroHash, signature };
      await refuse(anchor, "RootZero", [ledgerId, 3]);
    });

    test("the first anchor has no proof, and a proof with it is refused", async () => {
      const ledgerId = await openLedger(chain, "first proof", key.address);
      const anchor = await anchorOf(tree, key, ledgerId, 0, 3);
      const values = [ledgerId, 0, 3, tree.root(3)];
      await refuse({ ...anchor, proof: [id("node")] }, "ConsistencyInvalid", values);
      await take(anchor);
    });

    test("a root that does not extend the head is refused, whatever is wrong with the proof", async () => {
      const ledgerId = await openLedger(chain, "bad proof", key.address);
      await take(await anchorOf(tree, key, ledgerId, 0, 11));
      const good = await anchorOf(tree, key, ledgerId, 11, 29);
      const { proof } = good;
      const forged = await anchorOf(smallTree(29, "forged"), key, ledgerId, 11, 29);
      const rewritten = { ...good, root: forged.root, signature: forged.signature };
      const wrong: Anchor[] = [
        forged,
        rewritten,
        { ...good, proof: [] },
        { ...good, proof: proof.slice(1) },
        { ...good, proof: proof.slice(0, -1) },
        { ...good, proof: [...proof, ZeroHash] },
        { ...good, proof: [ZeroHash, ...proof] },
        { ...good, proof: [...proof].reverse() },
        ...proof.map((node, i) => ({ ...good, proof: proof.with(i, keccak256(node)) })),
      ];
      for (const anchor of wrong) {
        await refuse(anchor, "ConsistencyInvalid", [ledgerId, 11, 29, anchor.root]);
      }
      await take(good);
    });

    test("only what is signed counts: ledger, size, root, time and key", async () => {
      const ledgerId = await openLedger(chain, "signed values", key.address);
      const another = await openLedger(chain, "signed values of another", key.address);
      const anchor = await anchorOf(tree, key, ledgerId, 0, 5);
      const stale = await anchorOf(tree, keyOf("stranger"), ledgerId, 0, 5);
      const wrong: Anchor[] = [
        { ...anchor, ledgerId: another },
        { ...anchor, size: 6 },
        { ...anchor, root: tree.root(6) },
        { ...anchor, signedAt: SIGNED_AT + 1 },
        stale,
      ];
      for (const changed of wrong) {
        const digest = await anchors.checkpointDigest(changed.ledgerId, changed.size, changed.root, changed.signedAt);
        await refuse(changed, "SignatureInvalid", [changed.ledgerId, key.address, digest]);
      }
      await take(anchor);
    });

    test("the time that the signer states is the signer's own: neither late nor early is refused", async () => {
      const ledgerId = await openLedger(chain, "signed at", key.address);
      let prevSize = 0;
      for (const signedAt of [2 ** 53 - 1, 0, SIGNED_AT]) {
        const size = prevSize + 1;
        const signature = await sign(key, ledgerId, size, tree.root(size), signedAt);
        await take({ ...(await anchorOf(tree, key, ledgerId, prevSize, size)), signedAt, signature });
        prevSize = size;
      }
      assert.equal((await anchors.head(ledgerId)).count, 3n);
    });

    test("after a rotation only the new signer's checkpoints are taken", async () => {
      const ledgerId = await openLedger(chain, "rotated", key.address);
      const next = keyOf("next signer");
      await take(await anchorOf(tree, key, ledgerId, 0, 5));
      const old = await anchorOf(tree, key, ledgerId, 5, 8);
      const fresh = await anchorOf(tree, next, ledgerId, 5, 8);
      const digest = await anchors.checkpointDigest(ledgerId, 8, tree.root(8), SIGNED_AT);
      await refuse(fresh, "SignatureInvalid", [ledgerId, key.address, digest]);
      await mined(anchors.rotateSigner(ledgerId, next.address));
      await refuse(old, "SignedByPastSigner", [ledgerId, key.address, next.address]);
      await take(fresh);
    });

    test("no ether can be left in the contract", async () => {
      const [sender] = chain.accounts;
      await assert.rejects(async () => sender?.sendTransaction({ to: chain.address, value: 1 }));
      const data = anchors.interface.encodeFunctionData("open", [id("paid"), key.address]);
      await assert.rejects(async () => sender?.sendTransaction({ to: chain.address, value: 1, data }));
    });

    test("sizes beyond 64 bits are refused before anything is read", async () => {
      const ledgerId = await openLedger(chain, "wide sizes", key.address);
      const types = ["bytes32", "uint256"];
      const selector = anchors.interface.getFunction("rootAt")?.selector ?? "";
      const data = concat([selector, abi.encode(types, [ledgerId, 2n ** 64n])]);
      await assert.rejects(chain.ethers.provider.call({ to: chain.address, data, from: ZeroAddress }));
    });
  });
}
