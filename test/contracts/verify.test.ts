/** What other contracts and people ask of the contract: is this leaf, this event, this tree in an anchored one? */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { id, ZeroHash } from "ethers";
import { encodeEntry, type Member, memberDigest } from "../../src/entry/entry.ts";
import { fromHex, toHex } from "../../src/merkle/bytes.ts";
import { keccak256, leafHash } from "../../src/merkle/hash.ts";
import { HARDFORKS, mined, openChain } from "./chain.ts";
import { anchorOf, keyOf, listed, openLedger } from "./ledgers.ts";
import { smallTree, treeOfLeaves } from "./trees.ts";

type Vector = {
  readonly name: string;
  readonly recordedAt: number;
  readonly members: readonly { readonly salt: string; readonly text: string }[];
  readonly digests: readonly string[];
  readonly leafHash: string;
};
type Asked = { digest: string; salt: string; text: string };

const NO_SALT = `0x${"00".repeat(16)}`;
const key = keyOf("signer");
const vectors = (
  JSON.parse(readFileSync(new URL("../vectors/entries.json", import.meta.url), "utf8")) as { entries: Vector[] }
).entries;

function shown(salt: string, text: string): Asked {
  return { digest: ZeroHash, salt, text };
}

function withheld(digest: string): Asked {
  return { digest, salt: NO_SALT, text: "" };
}

function salted(text: string, n = 1): Member {
  return { salt: new Uint8Array(16).fill(n), text };
}

function asked(member: Member): Asked {
  return "text" in member ? shown(toHex(member.salt), member.text) : withheld(toHex(member.digest));
}

function leafOf(recordedAt: number, members: readonly Member[]): Uint8Array {
  const digests = members.map((member) => memberDigest(keccak256, member));
  return leafHash(keccak256, encodeEntry(recordedAt, digests));
}

for (const hardfork of HARDFORKS) {
  describe(`verifying on ${hardfork}`, async () => {
    const chain = await openChain(hardfork);
    const { anchors } = chain;
    /** A ledger with these entries, anchored at their number. */
    const anchorLeaves = async (name: string, leaves: readonly Uint8Array[]) => {
      const ledgerId = await openLedger(chain, name, key.address);
      const tree = treeOfLeaves(leaves);
      await mined(anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, leaves.length))));
      return { ledgerId, tree, size: leaves.length };
    };

    test("a leaf is found at its index of an anchored size, and nowhere else", async () => {
      const tree = smallTree(30);
      const ledgerId = await openLedger(chain, "leaf", key.address);
      await mined(anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, 13))));
      await mined(anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 13, 30))));
      for (const size of [13, 30]) {
        for (let index = 0; index < size; index++) {
          const path = tree.inclusion(index, size);
          const verify = (at: number, leaf: string) => anchors.verifyInclusion(ledgerId, size, at, leaf, path);
          assert.equal(await verify(index, tree.leaf(index)), true);
          assert.equal(await verify(index + 1, tree.leaf(index)), false);
          assert.equal(await verify(index, id("another leaf")), false);
        }
      }
      const path = tree.inclusion(3, 13);
      assert.equal(await anchors.verifyInclusion(ledgerId, 14, 3, tree.leaf(3), tree.inclusion(3, 14)), false);
      assert.equal(await anchors.verifyInclusion(id("no ledger"), 13, 3, tree.leaf(3), path), false);
      assert.equal(await anchors.verifyInclusion(ledgerId, 0, 0, ZeroHash, []), false);
      assert.equal(await anchors.verifyInclusion(ledgerId, 13, 2n ** 64n - 1n, tree.leaf(3), path), false);
    });

    test("an anchored tree begins with every tree that was its beginning, anchored or not", async () => {
      const tree = smallTree(21);
      const { ledgerId } = await (async () => {
        const opened = await openLedger(chain, "beginning", key.address);
        await mined(anchors.anchor(...listed(await anchorOf(tree, key, opened, 0, 21))));
        return { ledgerId: opened };
      })();
      for (let from = 0; from <= 21; from++) {
        const path = tree.consistency(from, 21);
        assert.equal(await anchors.verifyConsistency(ledgerId, from, tree.root(from), 21, path), true, `from ${from}`);
        assert.equal(await anchors.verifyConsistency(ledgerId, from, id("another root"), 21, path), false);
      }
      const path = tree.consistency(5, 20);
      assert.equal(await anchors.verifyConsistency(ledgerId, 5, tree.root(5), 20, path), false);
      assert.equal(await anchors.verifyConsistency(ledgerId, 22, tree.root(21), 21, []), false);
      assert.equal(await anchors.verifyConsistency(id("no ledger"), 0, tree.root(0), 0, []), false);
    });

    test("events of the published vectors verify, shown and with any one member withheld", async () => {
      const leaves = vectors.map((vector) => fromHex(vector.leafHash));
      const { ledgerId, tree, size } = await anchorLeaves("vectors", leaves);
      assert.ok(size > 1);
      for (const [index, { name, recordedAt, members, digests }] of vectors.entries()) {
        const path = tree.inclusion(index, size);
        const verify = (list: readonly Asked[]) =>
          anchors.verifyEvent(ledgerId, size, index, recordedAt, list, path) as Promise<boolean>;
        const all = members.map(({ salt, text }) => shown(salt, text));
        assert.equal(await verify(all), true, name);
        assert.equal(await verify(digests.map(withheld)), true, name);
        for (const [i, digest] of digests.entries()) {
          assert.equal(await verify(all.with(i, withheld(digest))), true, name);
        }
      }
    });

    test("an event that was changed in anything does not verify", async () => {
      const members = [salted('"action":"a"', 1), salted('"actor":{"id":"u1"}', 2), salted('"note":"héllo 🌳"', 3)];
      const recordedAt = 1_789_999_200_123;
      const leaves = [id("before"), toHex(leafOf(recordedAt, members)), id("after")].map((hex) => fromHex(hex));
      const { ledgerId, tree, size } = await anchorLeaves("changed", leaves);
      const path = tree.inclusion(1, size);
      const [action, actor, note] = members.map(asked) as [Asked, Asked, Asked];
      const verify = (list: readonly Asked[], at = recordedAt, index = 1, anchored = size) =>
        anchors.verifyEvent(ledgerId, anchored, index, at, list, path) as Promise<boolean>;

      assert.equal(await verify([action, actor, note]), true);
      const digests = members.map((member) => toHex(memberDigest(keccak256, member)));
      const wrong: Record<string, readonly Asked[]> = {
        "another text": [{ ...action, text: '"action":"b"' }, actor, note],
        "a text with a space": [{ ...action, text: '"action": "a"' }, actor, note],
        "another salt": [{ ...action, salt: NO_SALT }, actor, note],
        "another order": [actor, action, note],
        "a member too few": [action, actor],
        "a member too many": [action, actor, note, note],
        "a member twice": [action, action, note],
        "no members": [],
        "a text together with its digest": [{ ...action, digest: digests[0] as string }, actor, note],
        "a text together with another digest": [{ ...action, digest: id("x") }, actor, note],
        "neither text nor digest": [{ ...action, text: "" }, actor, note],
        "another digest": [withheld(id("x")), actor, note],
      };
      for (const [name, list] of Object.entries(wrong)) assert.equal(await verify(list), false, name);
      assert.equal(await verify([action, actor, note], recordedAt + 1), false);
      assert.equal(await verify([action, actor, note], recordedAt, 0), false);
      assert.equal(await verify([action, actor, note], recordedAt, 1, 2), false);
    });

    test("an event has 1 to 64 members", async () => {
      const one = [salted('"action":"a"')];
      const most = Array.from({ length: 64 }, (_, i) => salted(`"m${i}":${i}`, i));
      const tooMany = [...most, salted('"one":"more"')];
      const digests = tooMany.map((member) => memberDigest(keccak256, member));
      // What encodeEntry refuses to make: the bytes of an entry of 65 members.
      const header = encodeEntry(5, digests.slice(0, 1)).subarray(0, 9);
      const oversized = leafHash(keccak256, Uint8Array.from([...header, ...digests.flatMap((digest) => [...digest])]));
      const { ledgerId, tree, size } = await anchorLeaves("members", [leafOf(5, one), leafOf(5, most), oversized]);
      const verify = (index: number, members: readonly Member[]) =>
        anchors.verifyEvent(ledgerId, size, index, 5, members.map(asked), tree.inclusion(index, size));
      assert.equal(await verify(0, one), true);
      assert.equal(await verify(1, most), true);
      assert.equal(await verify(2, tooMany), false);
    });

    test("a root of a forked or superseded ledger still verifies what it holds", async () => {
      const { ledgerId, tree, size } = await anchorLeaves("ended", [fromHex(id("a")), fromHex(id("b"))]);
      const next = await openLedger(chain, "next", key.address);
      await mined(anchors.nameSuccessor(ledgerId, next));
      assert.equal(await anchors.verifyInclusion(ledgerId, size, 1, id("b"), tree.inclusion(1, size)), true);
    });
  });
}
