/**
 * Who may do what with a ledger: opening, rotating the signer, handing ownership on, naming a successor.
 * Why: docs/decisions/0013.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { id, ZeroAddress, ZeroHash } from "ethers";
import { callAs, eventsOf, HARDFORKS, mined, openChain, plain, refused } from "./chain.ts";
import { anchorOf, keyOf, ledgerIdOf, listed, openLedger } from "./ledgers.ts";
import { smallTree } from "./trees.ts";

const A = keyOf("signer a").address;
const B = keyOf("signer b").address;
const LABEL = id("main");
const UNOPENED = id("nobody opened this");

for (const hardfork of HARDFORKS) {
  describe(`ownership on ${hardfork}`, async () => {
    const chain = await openChain(hardfork);
    const { anchors, deployer: owner } = chain;
    const [, other, third] = chain.accounts as [typeof owner, typeof owner, typeof owner];
    const name = (() => {
      let n = 0;
      return () => `ledger ${n++}`;
    })();

    test("a ledger is opened under an id that owner and label make, and says who answers for it", async () => {
      const ledgerId = ledgerIdOf(owner.address, LABEL);
      assert.equal(await anchors.open.staticCall(LABEL, A), ledgerId);
      assert.equal(await anchors.ledgerIdOf(owner.address, LABEL), ledgerId);
      const receipt = await mined(anchors.open(LABEL, A));
      assert.deepEqual(eventsOf(anchors, receipt), [["LedgerOpened", ledgerId, owner.address, LABEL, A]]);
      assert.deepEqual(plain(await anchors.ledger(ledgerId)), [owner.address, ZeroAddress, A, ZeroHash]);
      assert.deepEqual(plain(await anchors.head(ledgerId)), ["0", "0", "0", false, false, ZeroHash]);
      await refused(anchors, anchors.open(LABEL, B), "LedgerExists", [ledgerId]);
    });

    test("two owners with one label have two ledgers", async () => {
      const first = await openLedger(chain, "shared label", A);
      const connected = callAs(anchors, other);
      await mined(connected.open(id("shared label"), B));
      const second = ledgerIdOf(other.address, id("shared label"));
      assert.notEqual(first, second);
      assert.equal((await anchors.ledger(first)).signer, A);
      assert.equal((await anchors.ledger(second)).signer, B);
    });

    test("a ledger without a signer is refused", async () => {
      const label = id("no signer");
      await refused(anchors, anchors.open(label, ZeroAddress), "SignerZero", [ledgerIdOf(owner.address, label)]);
    });

    test("views give zeros for a ledger that was never opened", async () => {
      assert.deepEqual(plain(await anchors.ledger(UNOPENED)), [ZeroAddress, ZeroAddress, ZeroAddress, ZeroHash]);
      assert.deepEqual(plain(await anchors.head(UNOPENED)), ["0", "0", "0", false, false, ZeroHash]);
      assert.equal(await anchors.rootAt(UNOPENED, 1), ZeroHash);
      assert.equal(await anchors.everSigner(UNOPENED, ZeroAddress), false);
    });

    test("the owner rotates the signer, and every signer is remembered", async () => {
      const ledgerId = await openLedger(chain, name(), A);
      const receipt = await mined(anchors.rotateSigner(ledgerId, B));
      assert.deepEqual(eventsOf(anchors, receipt), [["SignerRotated", ledgerId, A, B]]);
      assert.equal((await anchors.ledger(ledgerId)).signer, B);
      assert.equal(await anchors.everSigner(ledgerId, A), true);
      assert.equal(await anchors.everSigner(ledgerId, B), true);
      assert.equal(await anchors.everSigner(ledgerId, other.address), false);
      assert.equal(await anchors.everSigner(ledgerId, ZeroAddress), false);
      await refused(anchors, anchors.rotateSigner(ledgerId, B), "SignerUnchanged", [ledgerId, B]);
      await refused(anchors, anchors.rotateSigner(ledgerId, ZeroAddress), "SignerZero", [ledgerId]);
      await mined(anchors.rotateSigner(ledgerId, A));
      assert.equal(await anchors.everSigner(ledgerId, B), true);
    });

    test("what only the owner may do is refused to everybody else", async () => {
      const ledgerId = await openLedger(chain, name(), A);
      const stranger = callAs(anchors, other);
      const error = [ledgerId, other.address, owner.address];
      await refused(anchors, stranger.rotateSigner(ledgerId, B), "NotOwner", error);
      await refused(anchors, stranger.transferOwnership(ledgerId, other.address), "NotOwner", error);
      await refused(anchors, stranger.nameSuccessor(ledgerId, UNOPENED), "NotOwner", error);
      const nobodys = [UNOPENED, owner.address, ZeroAddress];
      await refused(anchors, anchors.rotateSigner(UNOPENED, B), "NotOwner", nobodys);
    });

    test("ownership passes when the new owner accepts, and the ledger keeps its id", async () => {
      const ledgerId = await openLedger(chain, name(), A);
      const offer = await mined(anchors.transferOwnership(ledgerId, other.address));
      assert.deepEqual(eventsOf(anchors, offer), [["OwnershipOffered", ledgerId, owner.address, other.address]]);
      assert.deepEqual(plain(await anchors.ledger(ledgerId)), [owner.address, other.address, A, ZeroHash]);

      const newOwner = callAs(anchors, other);
      const stranger = callAs(anchors, third);
      const error = [ledgerId, third.address, other.address];
      await refused(anchors, stranger.acceptOwnership(ledgerId), "NotPendingOwner", error);
      const receipt = await mined(newOwner.acceptOwnership(ledgerId));
      assert.deepEqual(eventsOf(anchors, receipt), [["OwnershipAccepted", ledgerId, owner.address, other.address]]);
      assert.deepEqual(plain(await anchors.ledger(ledgerId)), [other.address, ZeroAddress, A, ZeroHash]);

      const former = [ledgerId, owner.address, other.address];
      await refused(anchors, anchors.rotateSigner(ledgerId, B), "NotOwner", former);
      await mined(newOwner.rotateSigner(ledgerId, B));
      const taken = [ledgerId, other.address, ZeroAddress];
      await refused(anchors, newOwner.acceptOwnership(ledgerId), "NotPendingOwner", taken);
    });

    test("an offer of ownership can be taken back", async () => {
      const ledgerId = await openLedger(chain, name(), A);
      await mined(anchors.transferOwnership(ledgerId, other.address));
      await mined(anchors.transferOwnership(ledgerId, ZeroAddress));
      const error = [ledgerId, other.address, ZeroAddress];
      const newOwner = callAs(anchors, other);
      await refused(anchors, newOwner.acceptOwnership(ledgerId), "NotPendingOwner", error);
    });

    test("the first owner cannot open the same ledger again after handing it on", async () => {
      const label = name();
      const ledgerId = await openLedger(chain, label, A);
      await mined(anchors.transferOwnership(ledgerId, other.address));
      await mined(callAs(anchors, other).acceptOwnership(ledgerId));
      await refused(anchors, anchors.open(id(label), B), "LedgerExists", [ledgerId]);
    });

    test("a successor is named once, ends the anchors, and leaves what was anchored", async () => {
      const key = keyOf("signer a");
      const tree = smallTree(9);
      const ledgerId = await openLedger(chain, name(), A);
      const successor = await openLedger(chain, name(), B);
      await mined(anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, 5))));
      const receipt = await mined(anchors.nameSuccessor(ledgerId, successor));
      assert.deepEqual(eventsOf(anchors, receipt), [["SuccessorNamed", ledgerId, successor]]);
      assert.equal((await anchors.ledger(ledgerId)).successor, successor);
      assert.equal((await anchors.head(ledgerId)).superseded, true);
      assert.equal((await anchors.head(successor)).superseded, false);

      const next = listed(await anchorOf(tree, key, ledgerId, 5, 9));
      await refused(anchors, anchors.anchor(...next), "LedgerSuperseded", [ledgerId, successor]);
      assert.equal(await anchors.rootAt(ledgerId, 5), tree.root(5));
      assert.equal(await anchors.verifyInclusion(ledgerId, 5, 2, tree.leaf(2), tree.inclusion(2, 5)), true);

      const another = await openLedger(chain, name(), B);
      await refused(anchors, anchors.nameSuccessor(ledgerId, another), "LedgerSuperseded", [ledgerId, successor]);
    });

    test("a successor is another open ledger of the same owner, and an end itself", async () => {
      const first = await openLedger(chain, name(), A);
      const second = await openLedger(chain, name(), A);
      const connected = callAs(anchors, other);
      await mined(connected.open(id("of another owner"), A));
      const foreign = ledgerIdOf(other.address, id("of another owner"));
      for (const wrong of [first, UNOPENED, ZeroHash, foreign]) {
        await refused(anchors, anchors.nameSuccessor(first, wrong), "SuccessorRefused", [first, wrong]);
      }
      await mined(anchors.nameSuccessor(first, second));
      await refused(anchors, anchors.nameSuccessor(second, first), "SuccessorRefused", [second, first]);
    });
  });
}
