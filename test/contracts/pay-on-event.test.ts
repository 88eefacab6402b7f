/** contracts/examples/PayOnEvent.sol: pays for a proven event, once, and for nothing else. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { id, ZeroAddress, ZeroHash } from "ethers";
import { encodeEntry, memberDigest, type ShownMember } from "../../src/entry/entry.ts";
import { toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256, leafHash } from "../../src/merkle/hash.ts";
import { callAs, deploy, eventsOf, HARDFORKS, mined, openChain, refused } from "./chain.ts";
import { anchorOf, keyOf, listed, openLedger, statement } from "./ledgers.ts";
import { treeOfLeaves } from "./trees.ts";

type Methods = "fund" | "claim" | "takeBack" | "deals";

const ACTION = '"action":"order.delivered"';
const RECORDED_AT = 1_789_999_200_000;
const AMOUNT = 1_000_000_000n;
const key = keyOf("signer");

function targetText(order: string): string {
  return `"targets":[{"id":"${order}","type":"order"}]`;
}

function membersOf(action: string, order: string): ShownMember[] {
  const texts = [action, '"actor":{"id":"courier-1","type":"user"}', targetText(order)];
  return texts.map((text, i) => ({ salt: new Uint8Array(16).fill(i + 1), text }));
}

function leafOf(members: readonly ShownMember[]): Uint8Array {
  const digests = members.map((member) => memberDigest(keccak256, member));
  return leafHash(keccak256, encodeEntry(RECORDED_AT, digests));
}

const DELIVERED = membersOf(ACTION, "o-1");
const DELIVERED_AGAIN = membersOf(ACTION, "o-1");
const LOST = membersOf('"action":"order.lost"', "o-2");
const events = [DELIVERED, LOST, DELIVERED_AGAIN, membersOf(ACTION, "o-3")];
const tree = treeOfLeaves(events.map(leafOf));
const SIZE = events.length;

/** A claim for the event at an index, as the contract takes it. */
function claimOf(index: number) {
  const members = (events[index] as ShownMember[]).map(({ salt, text }) => ({
    digest: ZeroHash,
    salt: toHex(salt),
    text,
  }));
  const path = tree.inclusion(index, SIZE);
  return { size: SIZE, index, recordedAt: RECORDED_AT, actionAt: 0, targetAt: 2, members, path };
}

function hashOf(text: string): string {
  return toHex(keccak256(utf8(text)));
}

for (const hardfork of HARDFORKS) {
  describe(`paying on an event on ${hardfork}`, async () => {
    const chain = await openChain(hardfork);
    const { anchors, ethers } = chain;
    const [payer, payee, stranger] = chain.accounts;
    assert.ok(payer && payee && stranger);
    let count = 0;
    const openDeals = async () => {
      const ledgerId = await openLedger(chain, `orders ${count++}`, key.address);
      await mined(anchors.anchor(...listed(await anchorOf(tree, key, ledgerId, 0, SIZE))));
      return { ledgerId, pay: await deploy<Methods>(chain, "PayOnEvent", chain.address, ledgerId, ACTION) };
    };
    const now = async () => (await ethers.provider.getBlock("latest"))?.timestamp ?? 0;

    test("whoever proves the event has the payee paid, once", async () => {
      const { pay } = await openDeals();
      const target = hashOf(targetText("o-1"));
      const deadline = (await now()) + 1_000;
      const funded = await mined(pay.fund(target, payee.address, deadline, { value: AMOUNT }));
      const terms = [target, payer.address, payee.address, String(AMOUNT), String(deadline)];
      assert.deepEqual(eventsOf(pay, funded), [["Funded", ...terms]]);
      const before = await ethers.provider.getBalance(payee.address);
      const receipt = await mined(callAs(pay, stranger).claim(claimOf(0)));
      assert.deepEqual(eventsOf(pay, receipt), [["Paid", target, payee.address, String(AMOUNT), "0"]]);
      assert.equal((await ethers.provider.getBalance(payee.address)) - before, AMOUNT);

      await refused(pay, pay.claim(claimOf(0)), "DealSettled", [target]);
      await refused(pay, pay.claim(claimOf(2)), "DealSettled", [target]);
      await refused(pay, pay.takeBack(target), "DealSettled", [target]);
      const again = pay.fund(target, payee.address, deadline, { value: AMOUNT });
      await refused(pay, again, "DealExists", [target]);
    });

    test("another action, another target or a changed event pays nothing", async () => {
      const { pay } = await openDeals();
      const deadline = (await now()) + 1_000;
      for (const order of ["o-1", "o-2", "o-9"]) {
        await mined(pay.fund(hashOf(targetText(order)), payee.address, deadline, { value: AMOUNT }));
      }
      const lost = hashOf('"action":"order.lost"');
      await refused(pay, pay.claim(claimOf(1)), "ActionMismatch", [hashOf(ACTION), lost]);
      const unknown = hashOf(targetText("o-3"));
      await refused(pay, pay.claim(claimOf(3)), "DealUnknown", [unknown]);

      const good = claimOf(0);
      const relabelled = good.members.map((m, i) => (i === 2 ? { ...m, text: targetText("o-9") } : m));
      await refused(pay, pay.claim({ ...good, members: relabelled }), "EventNotProven", [SIZE, 0]);
      await refused(pay, pay.claim({ ...good, index: 2 }), "EventNotProven", [SIZE, 2]);
      await refused(pay, pay.claim({ ...good, recordedAt: RECORDED_AT + 1 }), "EventNotProven", [SIZE, 0]);
      await refused(pay, pay.claim({ ...good, size: SIZE + 1 }), "EventNotProven", [SIZE + 1, 0]);
      const digest = toHex(memberDigest(keccak256, DELIVERED[0] as ShownMember));
      const withheld = good.members.map((m, i) => (i === 0 ? { ...m, digest, text: "" } : m));
      await refused(pay, pay.claim({ ...good, members: withheld }), "ActionMismatch", [hashOf(ACTION), hashOf("")]);
      await assert.rejects(pay.claim({ ...good, actionAt: 3 }));
      await mined(pay.claim(good));
    });

    test("a ledger that is known to tell two stories is not believed", async () => {
      const { ledgerId, pay } = await openDeals();
      const target = hashOf(targetText("o-1"));
      await mined(pay.fund(target, payee.address, (await now()) + 1_000, { value: AMOUNT }));
      const a = await statement(ledgerId, SIZE, tree.root(SIZE));
      const b = await statement(ledgerId, SIZE, id("another story"), key);
      await mined(anchors.proveFork(ledgerId, a, b, []));
      await refused(pay, pay.claim(claimOf(0)), "LedgerForked", [ledgerId]);
    });

    test("the payer, and nobody else, takes back after the deadline", async () => {
      const { pay } = await openDeals();
      const target = hashOf(targetText("o-1"));
      const deadline = (await now()) + 1_000;
      await mined(pay.fund(target, payee.address, deadline, { value: AMOUNT }));
      await refused(pay, pay.takeBack(target), "DeadlineNotReached", [deadline]);
      await chain.provider.request({ method: "evm_setNextBlockTimestamp", params: [deadline + 1] });
      await chain.provider.request({ method: "evm_mine", params: [] });
      const error = [stranger.address, payer.address];
      await refused(pay, callAs(pay, stranger).takeBack(target), "NotPayer", error);
      const receipt = await mined(pay.takeBack(target));
      assert.deepEqual(eventsOf(pay, receipt), [["TakenBack", target, payer.address, String(AMOUNT)]]);
      await refused(pay, pay.claim(claimOf(0)), "DealSettled", [target]);
      assert.equal(await ethers.provider.getBalance(await pay.getAddress()), 0n);
    });

    test("a deal needs a payee, an amount and a deadline to come", async () => {
      const { pay } = await openDeals();
      const target = hashOf(targetText("o-1"));
      const later = (await now()) + 1_000;
      const refuse = (to: string, deadline: number, value: bigint) =>
        refused(pay, pay.fund(target, to, deadline, { value }), "TermsInvalid", [to, value, deadline]);
      await refuse(ZeroAddress, later, AMOUNT);
      await refuse(payee.address, later, 0n);
      await refuse(payee.address, 1, AMOUNT);
      await refused(pay, pay.takeBack(target), "DealUnknown", [target]);
    });
  });
}
