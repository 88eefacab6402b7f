/**
 * Proofs that a ledger tells two stories: every kind of them, of signed and of anchored statements, and no others.
 * Why: docs/decisions/0011.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BaseWallet, id, ZeroAddress, ZeroHash } from "ethers";
import { callAs, deploy, eventsOf, HARDFORKS, mined, openChain, refused } from "./chain.ts";
import { anchorOf, keyOf, ledgerIdOf, listed, openLedger, SIGNED_AT, sign, statement } from "./ledgers.ts";
import { smallTree, type Tree } from "./trees.ts";

const key = keyOf("signer");
const SIZE = 40;
/** What the ledger anchors, and another story that begins with the same three entries. */
const told = smallTree(SIZE);
const other = smallTree(SIZE, "another story", 3);

/** Consistency proof of a tree with its first node always there, as `proveFork` takes it. */
function wholePath(tree: Tree, from: number, to: number): string[] {
  const isPowerOfTwo = Number.isInteger(Math.log2(from));
  return isPowerOfTwo ? [tree.root(from), ...tree.consistency(from, to)] : tree.consistency(from, to);
}

function leaf(tree: Tree, index: number, size: number) {
  return { leafHash: tree.leaf(index), path: tree.inclusion(index, size) };
}

for (const hardfork of HARDFORKS) {
  describe(`forks on ${hardfork}`, async () => {
    const chain = await openChain(hardfork);
    const { anchors } = chain;
    let count = 0;
    /** A ledger that has anchored these sizes of a tree. */
    const openTold = async (sizes: readonly number[], tree = told, signer: BaseWallet = key) => {
      const ledgerId = await openLedger(chain, `fork ${count++}`, signer.address);
      let prevSize = 0;
      for (const size of sizes) {
        await mined(anchors.anchor(...listed(await anchorOf(tree, signer, ledgerId, prevSize, size))));
        prevSize = size;
      }
      return ledgerId;
    };
    const isForked = async (ledgerId: string) => (await anchors.head(ledgerId)).forked as boolean;

    for (const [name, byA, byB] of [
      ["signed and signed", key, key],
      ["signed and anchored", key, undefined],
      ["anchored and signed", undefined, key],
    ] as const) {
      const treeA = byA === undefined ? told : other;
      const treeB = byB === undefined || byA !== undefined ? told : other;

      test(`one size with two roots is a fork: ${name}`, async () => {
        const ledgerId = await openTold([7, 12]);
        const a = await statement(ledgerId, 12, treeA.root(12), byA);
        const b = await statement(ledgerId, 12, treeB.root(12), byB);
        assert.equal(await isForked(ledgerId), false);
        const [, watcher] = chain.accounts;
        assert.ok(watcher);
        const receipt = await mined(callAs(anchors, watcher).proveFork(ledgerId, a, b, []));
        const signers = [byA?.address ?? ZeroAddress, byB?.address ?? ZeroAddress];
        assert.deepEqual(eventsOf(anchors, receipt), [
          ["ForkProven", ledgerId, ...signers, "12", "12", treeA.root(12), treeB.root(12)],
        ]);
        assert.equal(await isForked(ledgerId), true);
      });

      test(`a smaller tree that the larger one does not begin with is a fork: ${name}`, async () => {
        for (const from of [7, 8]) {
          const ledgerId = await openTold([from, 12]);
          const a = await statement(ledgerId, from, treeA.root(from), byA);
          const b = await statement(ledgerId, 12, treeB.root(12), byB);
          const path = wholePath(treeB, from, 12);
          await mined(anchors.proveFork(ledgerId, a, b, path));
          assert.equal(await isForked(ledgerId), true);
        }
      });

      test(`two leaves at one index are a fork: ${name}`, async () => {
        const ledgerId = await openTold([7, 12]);
        const a = await statement(ledgerId, 7, treeA.root(7), byA);
        const b = await statement(ledgerId, 12, treeB.root(12), byB);
        const receipt = await mined(anchors.proveForkAt(ledgerId, 3, a, b, leaf(treeA, 3, 7), leaf(treeB, 3, 12)));
        const signers = [byA?.address ?? ZeroAddress, byB?.address ?? ZeroAddress];
        assert.deepEqual(eventsOf(anchors, receipt), [
          ["ForkProven", ledgerId, ...signers, "7", "12", treeA.root(7), treeB.root(12)],
        ]);
        assert.equal(await isForked(ledgerId), true);
      });
    }

    test("anchored and anchored cannot contradict each other, whatever is tried", async () => {
      const ledgerId = await openTold([7, 8, 12]);
      const anchored = (size: number) => statement(ledgerId, size, told.root(size));
      for (const [from, to] of [
        [12, 12],
        [7, 12],
        [8, 12],
        [7, 8],
      ] as const) {
        const a = await anchored(from);
        const b = await anchored(to);
        const paths: string[][] = [[], [id("x")], [id("x"), id("y"), id("z")], told.consistency(from, to)];
        if (from !== to) paths.push(wholePath(told, from, to), wholePath(other, from, to));
        for (const path of paths) {
          await refused(anchors, anchors.proveFork(ledgerId, a, b, path), "ForkNotProven", [ledgerId, from, to]);
        }
        for (const leafB of [leaf(told, 3, to), leaf(other, 3, to), leaf(told, 4, to)]) {
          const call = anchors.proveForkAt(ledgerId, 3, a, b, leaf(told, 3, from), leafB);
          await refused(anchors, call, "ForkNotProven", [ledgerId, from, to]);
        }
      }
      assert.equal(await isForked(ledgerId), false);
    });

    test("a rotated signer's word still counts, and so does a mixed pair of signers", async () => {
      const next = keyOf("next signer");
      const ledgerId = await openTold([7]);
      await mined(anchors.rotateSigner(ledgerId, next.address));
      const a = await statement(ledgerId, 12, told.root(12), key);
      const b = await statement(ledgerId, 12, other.root(12), next);
      const receipt = await mined(anchors.proveFork(ledgerId, a, b, []));
      assert.deepEqual(eventsOf(anchors, receipt)[0]?.slice(2, 4), [key.address, next.address]);
      const c = await statement(ledgerId, 12, other.root(12), key);
      await mined(anchors.proveFork(ledgerId, a, c, []));
    });

    test("a contract's statement counts as long as the contract stands by it", async () => {
      const wallet = await (await deploy(chain, "OwnedWallet", key.address)).getAddress();
      const ledgerId = await openLedger(chain, "fork of a wallet", wallet);
      const a = { ...(await statement(ledgerId, 5, told.root(5), key)), signer: wallet };
      const b = { ...(await statement(ledgerId, 5, other.root(5), key)), signer: wallet };
      const bySelf = { ...b, signer: key.address };
      await refused(anchors, anchors.proveFork(ledgerId, a, bySelf, []), "SignerNeverHad", [ledgerId, key.address]);
      await mined(anchors.proveFork(ledgerId, a, b, []));
    });

    test("a statement must be signed by a signer of the ledger, or anchored", async () => {
      const stranger = keyOf("stranger");
      const ledgerId = await openTold([7, 12]);
      const another = await openTold([7, 12], other);
      const good = await statement(ledgerId, 12, told.root(12), key);
      const foreign = await statement(ledgerId, 12, other.root(12), stranger);
      const refuse = (b: unknown, name: string, values: unknown[]) =>
        refused(anchors, anchors.proveFork(ledgerId, good, b, []), name, values);
      await refuse(foreign, "SignerNeverHad", [ledgerId, stranger.address]);
      const digest = await anchors.checkpointDigest(ledgerId, 12, other.root(12), SIGNED_AT);
      const claimed = { ...foreign, signer: key.address };
      await refuse(claimed, "SignatureInvalid", [ledgerId, key.address, digest]);
      const elsewhere = { ...claimed, signature: await sign(key, another, 12, other.root(12)) };
      await refuse(elsewhere, "SignatureInvalid", [ledgerId, key.address, digest]);
      const unanchored = await statement(ledgerId, 12, other.root(12));
      await refuse(unanchored, "NotAnchored", [ledgerId, 12, other.root(12)]);
      await refuse(await statement(ledgerId, 9, told.root(9)), "NotAnchored", [ledgerId, 9, told.root(9)]);
      await refuse(await statement(ledgerId, 9, ZeroHash), "NotAnchored", [ledgerId, 9, ZeroHash]);
      assert.equal(await isForked(ledgerId), false);
    });

    test("statements that agree are no fork, in either order and with any proof", async () => {
      const ledgerId = await openTold([7]);
      const signed = (size: number) => statement(ledgerId, size, told.root(size), key);
      for (const [from, to] of [
        [5, 5],
        [0, 9],
        [4, 9],
        [5, 9],
        [9, 5],
        [9, 8],
      ] as const) {
        const a = await signed(from);
        const b = await signed(to);
        const paths: string[][] = [[], [told.root(Math.max(from, 1))]];
        if (0 < from && from < to) paths.push(wholePath(told, from, to), wholePath(other, from, to));
        for (const path of paths) {
          await refused(anchors, anchors.proveFork(ledgerId, a, b, path), "ForkNotProven", [ledgerId, from, to]);
        }
      }
      assert.equal(await isForked(ledgerId), false);
    });

    test("a contradiction needs a proof that leads to the larger root with exactly its nodes", async () => {
      const ledgerId = await openTold([7]);
      for (const from of [7, 8]) {
        const a = await statement(ledgerId, from, other.root(from), key);
        const b = await statement(ledgerId, 20, told.root(20), key);
        const path = wholePath(told, from, 20);
        const wrong: string[][] = [[], path.slice(1), path.slice(0, -1), [...path, ZeroHash], [ZeroHash, ...path]];
        wrong.push(...path.map((_, i) => path.with(i, ZeroHash)), wholePath(other, from, 20));
        for (const changed of wrong) {
          await refused(anchors, anchors.proveFork(ledgerId, a, b, changed), "ForkNotProven", [ledgerId, from, 20]);
        }
        await refused(anchors, anchors.proveFork(ledgerId, b, a, path), "ForkNotProven", [ledgerId, 20, from]);
      }
      assert.equal(await isForked(ledgerId), false);
    });

    test("two leaves prove a fork only at one index, each in its own tree", async () => {
      const ledgerId = await openTold([7]);
      const a = await statement(ledgerId, 7, other.root(7), key);
      const b = await statement(ledgerId, 12, told.root(12), key);
      const refuse = (index: number, leafA: unknown, leafB: unknown) =>
        refused(anchors, anchors.proveForkAt(ledgerId, index, a, b, leafA, leafB), "ForkNotProven", [ledgerId, 7, 12]);
      await refuse(3, leaf(other, 3, 7), leaf(told, 4, 12));
      await refuse(4, leaf(other, 3, 7), leaf(told, 4, 12));
      await refuse(3, leaf(told, 3, 7), leaf(told, 3, 12));
      await refuse(3, leaf(other, 3, 7), leaf(other, 3, 12));
      await refuse(3, leaf(other, 3, 7), { ...leaf(told, 3, 12), path: [] });
      await refuse(7, leaf(other, 3, 7), leaf(told, 7, 12));
      await refuse(2, leaf(other, 2, 7), leaf(told, 2, 12));
      assert.equal(await isForked(ledgerId), false);
    });

    test("two roots of the empty tree are a fork, one is not", async () => {
      const ledgerId = await openTold([]);
      const a = await statement(ledgerId, 0, told.root(0), key);
      const b = await statement(ledgerId, 0, id("not empty"), key);
      await refused(anchors, anchors.proveFork(ledgerId, a, a, []), "ForkNotProven", [ledgerId, 0, 0]);
      await mined(anchors.proveFork(ledgerId, a, b, []));
      assert.equal(await isForked(ledgerId), true);
    });

    test("a forked ledger still takes anchors, keeps its mark, and others are not touched", async () => {
      const ledgerId = await openTold([7]);
      const innocent = await openTold([7]);
      const a = await statement(ledgerId, 12, told.root(12), key);
      const b = await statement(ledgerId, 12, other.root(12), key);
      await mined(anchors.proveFork(ledgerId, a, b, []));
      await mined(anchors.anchor(...listed(await anchorOf(told, key, ledgerId, 7, 12))));
      const head = await anchors.head(ledgerId);
      assert.deepEqual([head.size, head.count, head.forked], [12n, 2n, true]);
      assert.equal(head.root, told.root(12));
      assert.equal(await isForked(innocent), false);

      await mined(anchors.nameSuccessor(ledgerId, innocent));
      const superseded = await anchors.head(ledgerId);
      assert.deepEqual([superseded.size, superseded.forked, superseded.superseded], [12n, true, true]);
      const c = await statement(ledgerId, 9, other.root(9), key);
      await mined(anchors.proveFork(ledgerId, c, a, wholePath(told, 9, 12)));
    });

    test("nothing can be proven of a ledger that was never opened", async () => {
      const ledgerId = ledgerIdOf(chain.deployer.address, id("never opened"));
      const a = await statement(ledgerId, 5, told.root(5), key);
      const b = await statement(ledgerId, 5, other.root(5), key);
      await refused(anchors, anchors.proveFork(ledgerId, a, b, []), "SignerNeverHad", [ledgerId, key.address]);
      const none = await statement(ledgerId, 5, ZeroHash);
      await refused(anchors, anchors.proveFork(ledgerId, none, none, []), "NotAnchored", [ledgerId, 5, ZeroHash]);
    });
  });
}
