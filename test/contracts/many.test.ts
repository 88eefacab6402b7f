/**
 * Anchoring for several ledgers at once: each stands on its own, and too little gas is not mistaken for a refusal.
 * Why: docs/decisions/0014.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventsOf, HARDFORKS, mined, openChain, refused } from "./chain.ts";
import { type Anchor, anchorOf, keyOf, openLedger, SIGNED_AT } from "./ledgers.ts";
import { smallTree } from "./trees.ts";

const key = keyOf("signer");
const tree = smallTree(64);

for (const hardfork of HARDFORKS) {
  describe(`anchoring many on ${hardfork}`, async () => {
    const chain = await openChain(hardfork);
    const { anchors } = chain;
    const anchorAll = (items: Anchor[], overrides = {}) => mined(anchors.anchorMany(items, overrides));
    const openAll = (name: string, count: number) =>
      Promise.all(Array.from({ length: count }, (_, i) => i)).then(async (numbers) => {
        const ids: string[] = [];
        for (const n of numbers) ids.push(await openLedger(chain, `${name} ${n}`, key.address));
        return ids as [string, string, string];
      });

    test("several ledgers are anchored in one transaction", async () => {
      const ids = await openAll("all good", 3);
      const items = await Promise.all(ids.map((ledgerId, i) => anchorOf(tree, key, ledgerId, 0, i + 3)));
      assert.deepEqual([...(await anchors.anchorMany.staticCall(items))], [true, true, true]);
      const receipt = await anchorAll(items);
      assert.deepEqual(
        eventsOf(anchors, receipt),
        ids.map((ledgerId, i) => ["Anchored", ledgerId, String(i + 3), tree.root(i + 3), "0", String(SIGNED_AT)]),
      );
      for (const [i, ledgerId] of ids.entries()) assert.equal((await anchors.head(ledgerId)).size, BigInt(i + 3));
    });

    test("steps of one ledger follow each other in one transaction", async () => {
      const [ledgerId] = await openAll("steps", 1);
      const steps = [
        [0, 4],
        [4, 5],
        [5, 33],
      ] as const;
      const items = await Promise.all(steps.map(([from, to]) => anchorOf(tree, key, ledgerId, from, to)));
      await anchorAll(items);
      const head = await anchors.head(ledgerId);
      assert.deepEqual([head.size, head.count], [33n, 3n]);
    });

    test("what is refused is skipped with its reason, and the others are taken", async () => {
      const [first, second, third] = await openAll("some bad", 3);
      await anchorAll([await anchorOf(tree, key, second, 0, 7)]);
      const items = [
        await anchorOf(tree, key, first, 0, 5),
        await anchorOf(tree, key, second, 0, 7),
        await anchorOf(tree, keyOf("stranger"), third, 0, 6),
        await anchorOf(tree, key, third, 0, 9),
      ];
      assert.deepEqual([...(await anchors.anchorMany.staticCall(items))], [true, false, false, true]);
      const digest = await anchors.checkpointDigest(third, 6, tree.root(6), SIGNED_AT);
      const { interface: abi } = anchors;
      const moved = abi.encodeErrorResult("HeadMismatch", [second, 7, 0]);
      const unsigned = abi.encodeErrorResult("SignatureInvalid", [third, key.address, digest]);
      assert.deepEqual(eventsOf(anchors, await anchorAll(items)), [
        ["Anchored", first, "5", tree.root(5), "0", String(SIGNED_AT)],
        ["AnchorSkipped", second, "7", moved],
        ["AnchorSkipped", third, "6", unsigned],
        ["Anchored", third, "9", tree.root(9), "0", String(SIGNED_AT)],
      ]);
      assert.equal((await anchors.head(second)).count, 1n);
    });

    test("nothing to anchor is no mistake", async () => {
      assert.deepEqual([...(await anchors.anchorMany.staticCall([]))], []);
      assert.deepEqual(eventsOf(anchors, await anchorAll([])), []);
    });

    test("with any amount of gas either everything good is taken or nothing is", async () => {
      const ids = await openAll("gas", 2);
      const items = await Promise.all(ids.map((ledgerId) => anchorOf(tree, key, ledgerId, 0, 40)));
      const enough = Number(await anchors.anchorMany.estimateGas(items));
      let failures = 0;
      for (let gasLimit = Math.floor(enough / 3); gasLimit < enough; gasLimit += 997) {
        const outcome = await anchors.anchorMany.staticCall(items, { gasLimit }).then(
          (taken: boolean[]) => [...taken],
          () => undefined,
        );
        if (outcome === undefined) failures++;
        else assert.deepEqual(outcome, [true, true], `with ${gasLimit} gas`);
      }
      assert.ok(failures > 5, `expected some amounts to be too little, got ${failures}`);
      await anchorAll(items, { gasLimit: enough });
      for (const ledgerId of ids) assert.equal((await anchors.head(ledgerId)).size, 40n);
    });

    test("a lack of gas names the item in which it ran out", async () => {
      const ids = await openAll("named item", 2);
      const items = await Promise.all(ids.map((ledgerId) => anchorOf(tree, key, ledgerId, 0, 40)));
      const enough = Number(await anchors.anchorMany.estimateGas(items));
      const call = anchors.anchorMany.staticCall(items, { gasLimit: enough - 12_000 });
      await refused(anchors, call, "OutOfGas", [1]);
    });
  });
}
