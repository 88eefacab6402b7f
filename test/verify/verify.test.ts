/** Good bundles verify, at every state and in every way of asking; the verdict says what was proved and what not. */

import assert from "node:assert/strict";
import test from "node:test";
import type { VerifyOptions } from "../../src/verify/options.ts";
import type { Verdict } from "../../src/verify/verdict/verdict.ts";
import { verifyBundle, verifyText } from "../../src/verify/verify.ts";
import {
  anchored,
  CHAIN_ID,
  CODE_HASH,
  CONTRACT,
  eventOf,
  KNOWN,
  makeWorld,
  OWNER,
  SIGNED,
  TestChain,
  TestLedger,
} from "./fixture.ts";

function stepsOf(verdict: Verdict): string[] {
  return verdict.steps.map(({ name, state }) => `${name} ${state}`);
}

test("every entry of every size up to 13 verifies as recorded", async () => {
  const { ledger } = makeWorld();
  for (let size = 1; size <= ledger.size; size++) {
    for (let index = 0; index < size; index++) {
      const verdict = await verifyBundle(ledger.bundle(index, size), SIGNED);
      assert.equal(verdict.outcome, "verified", verdict.summary);
      assert.equal(verdict.status, "recorded");
    }
  }
});

test("a recorded bundle of a signer whom the reader knows verifies without a chain and says that none was asked", async () => {
  const { ledger } = makeWorld();
  const verdict = await verifyText(JSON.stringify(ledger.bundle(5)), SIGNED);
  assert.deepEqual(stepsOf(verdict), [
    "bundle passed",
    "members passed",
    "entry passed",
    "leaf passed",
    "path passed",
    "signature passed",
    "ledger passed",
    "expected passed",
    "status passed",
  ]);
  const { id, owner, signer } = ledger.record;
  const claim = `Proved: ${signer}, whom you expect, signed that entry 5 of ledger "main" (${id}), opened by ${owner}, with 5 members shown, `;
  assert.ok(verdict.summary.startsWith(claim), verdict.summary);
  assert.match(verdict.summary, /No chain was asked: only the signer itself says that this was at 20/);
  assert.match(verdict.summary, /Not proved: whether the event is true/);
  assert.match(verdict.notes[0] ?? "", /You did not say which ledger you expect/);
  // A stranger can sign for any ledger; only the contract knows its signers, or the reader.
  const { notes } = await verifyText(JSON.stringify(ledger.bundle(5)));
  assert.match(notes[1] ?? "", /nobody but the bundle says that 0x\w+ signs for this ledger/);
  assert.deepEqual(verdict.event, eventOf(5));
  assert.deepEqual(verdict.shown, ["action", "actor", "metadata", "targets", "time"]);
});

test("a recorded bundle is not anchored yet when a chain is wanted", async () => {
  const { ledger, options } = makeWorld();
  for (const wish of [options, { requireChain: true }, { trustedBlocks: [CODE_HASH] }, { expected: { chainId: 1 } }]) {
    const verdict = await verifyBundle(ledger.bundle(5), wish);
    assert.equal(verdict.outcome, "undecided");
    assert.match(verdict.summary, /not anchored yet/);
  }
});

test("withheld members are counted and everything still verifies", async () => {
  const { ledger } = makeWorld();
  const verdict = await verifyBundle(ledger.bundle(5, 13, [1, 3]), SIGNED);
  assert.equal(verdict.outcome, "verified");
  assert.deepEqual([verdict.shown, verdict.withheld], [["action", "metadata", "time"], 2]);
  const nothing = await verifyBundle(ledger.bundle(5, 13, [0, 1, 2, 3, 4]), SIGNED);
  assert.equal(nothing.outcome, "verified");
  assert.match(nothing.notes.join(), /No member is shown/);
});

test("an anchored bundle verifies on its chain, at the same size and through a consistency path", async () => {
  const { ledger, chain, options } = makeWorld();
  for (const [from, size] of [
    [11, 11],
    [8, 11],
    [7, 12],
    [6, 13],
  ] as const) {
    const bundle = anchored(ledger.bundle(5, from), [await chain.anchor(ledger, size, { from })]);
    const verdict = await verifyBundle(bundle, options);
    assert.equal(verdict.outcome, "verified", verdict.summary);
    assert.equal(verdict.status, "anchored");
    assert.equal(verdict.witness?.blockNumber, bundle.anchors[0]?.blockNumber);
    assert.match(verdict.summary, /no later than \d{4}-.*which is not final yet/);
  }
});

test("a block that became final since makes the verdict final", async () => {
  const { ledger, chain, options } = makeWorld();
  const bundle = anchored(ledger.bundle(5), [await chain.anchor(ledger, 13)]);
  chain.finalUpTo = bundle.anchors[0]?.blockNumber;
  const verdict = await verifyBundle(bundle, options);
  assert.deepEqual([verdict.outcome, verdict.status], ["verified", "final"]);
});

test("a final bundle with its state proof verifies on its chain", async () => {
  const { ledger, chain, options } = makeWorld();
  const bundle = anchored(ledger.bundle(5), [await chain.anchor(ledger, 13, { withState: true })], "final");
  chain.finalUpTo = bundle.anchors[0]?.blockNumber;
  const verdict = await verifyBundle(bundle, { ...options, requireChain: true });
  assert.deepEqual([verdict.outcome, verdict.status], ["verified", "final"]);
  assert.deepEqual(stepsOf(verdict).slice(7), [
    "consistency passed",
    "state passed",
    "chain passed",
    "contract passed",
    "block passed",
    "transaction passed",
    "root passed",
    "signer passed",
    "fork passed",
    "finality passed",
    "status passed",
  ]);
});

test("a frozen bundle verifies with nothing but a trusted block hash", async () => {
  const { ledger, chain } = makeWorld();
  const anchor = await chain.anchor(ledger, 13, { from: 11, withState: true });
  const bundle = anchored(ledger.bundle(5, 11), [anchor], "final");
  const verdict = await verifyBundle(bundle, { trustedBlocks: [anchor.blockHash], ...KNOWN });
  assert.deepEqual([verdict.outcome, verdict.status], ["verified", "final"]);
  assert.match(verdict.summary, /whose hash you trust/);
  assert.match(verdict.notes.join(), /neither the chain id nor the transaction hash/);
  const other = await verifyBundle(bundle, { trustedBlocks: [CODE_HASH], ...KNOWN });
  assert.equal(other.outcome, "failed");
  const { state: _, ...thawed } = anchor;
  const without = anchored(bundle, [thawed], "anchored");
  const doubt = await verifyBundle(without, { trustedBlocks: [anchor.blockHash], ...KNOWN });
  assert.equal(doubt.outcome, "undecided");
});

test("a bundle with anchors and no chain cannot be told, unless offline is asked for", async () => {
  const { ledger, chain } = makeWorld();
  const bundle = anchored(ledger.bundle(5), [await chain.anchor(ledger, 13)]);
  assert.equal((await verifyBundle(bundle)).outcome, "undecided");
  const offline = await verifyBundle(bundle, SIGNED);
  assert.deepEqual([offline.outcome, offline.status], ["verified", "recorded"]);
  assert.match(offline.steps.map((step) => step.detail).join(), /not proved/);
  assert.equal((await verifyBundle(bundle, { ...SIGNED, requireChain: true })).outcome, "undecided");
});

test("without a known code hash no contract is believed", async () => {
  const { ledger, chain } = makeWorld();
  const anchor = await chain.anchor(ledger, 13, { withState: true });
  const bundle = anchored(ledger.bundle(5), [anchor]);
  assert.equal((await verifyBundle(bundle, { chain })).outcome, "undecided");
  assert.equal((await verifyBundle(bundle, { trustedBlocks: [anchor.blockHash] })).outcome, "undecided");
});

test("every question that a chain cannot answer leaves the verdict undecided, never green", async () => {
  const { ledger, chain, options } = makeWorld();
  const bundle = anchored(ledger.bundle(5), [await chain.anchor(ledger, 13)]);
  for (const question of ["chainId", "codeHash", "rootAt", "everSigner", "isForked", "block", "logs", "isFinal"]) {
    chain.broken.add(question);
    const verdict = await verifyBundle(bundle, options);
    assert.equal(verdict.outcome, "undecided", question);
    assert.match(verdict.summary, /could not be asked: connection refused/);
    chain.broken.clear();
  }
  assert.equal((await verifyBundle(bundle, options)).outcome, "verified");
});

test("a node that lags behind the anchor is no proof of a lie", async () => {
  const { ledger, options } = makeWorld();
  const ahead = new TestChain();
  const bundle = anchored(ledger.bundle(5), [await ahead.anchor(ledger, 13)]);
  const verdict = await verifyBundle(bundle, options);
  assert.deepEqual(
    [verdict.outcome, verdict.steps.find(({ name }) => name === "block")?.state],
    ["undecided", "skipped"],
  );
});

test("anchors on two chains need both chains, or one that is asked for by name", async () => {
  const { ledger, chain, options } = makeWorld();
  const second = new TestChain(70);
  second.id = 10;
  const anchors = [await chain.anchor(ledger, 13), await second.anchor(ledger, 13)];
  const bundle = anchored(ledger.bundle(5), anchors);
  const both = await verifyBundle(bundle, { ...options, chain: [second, chain] });
  assert.equal(both.outcome, "verified", both.summary);
  assert.equal(both.witness?.blockNumber, 70, "the earliest block is the witness");
  assert.equal((await verifyBundle(bundle, options)).outcome, "undecided");
  const pinned = await verifyBundle(bundle, { ...options, expected: { chainId: CHAIN_ID } });
  assert.deepEqual([pinned.outcome, pinned.witness?.chainId], ["verified", CHAIN_ID]);
  second.id = 11;
  assert.equal((await verifyBundle(bundle, { ...options, chain: [second, chain] })).outcome, "failed");
});

test("of several nodes of one chain, one that says something else is enough to fail", async () => {
  const { ledger, chain, options } = makeWorld();
  const bundle = anchored(ledger.bundle(5), [await chain.anchor(ledger, 13)]);
  const number = bundle.anchors[0]?.blockNumber as number;
  chain.finalUpTo = number;
  const honest = new TestChain();
  await honest.anchor(ledger, 13);
  for (const nodes of [
    [chain, honest],
    [honest, chain],
  ]) {
    const both = await verifyBundle(bundle, { ...options, chain: nodes });
    assert.deepEqual([both.outcome, both.status], ["verified", "anchored"], "final is what both call final");
  }
  honest.roots.clear();
  for (const nodes of [
    [chain, honest],
    [honest, chain],
  ]) {
    const refused = await verifyBundle(bundle, { ...options, chain: nodes });
    assert.deepEqual([refused.outcome, refused.steps.at(-1)?.name], ["failed", "root"]);
  }
  honest.broken.add("rootAt");
  assert.equal((await verifyBundle(bundle, { ...options, chain: [chain, honest] })).outcome, "undecided");
});

test("an endpoint that was named and does not answer is told, with how many did", async () => {
  const { ledger, chain, options } = makeWorld();
  const bundle = anchored(ledger.bundle(5), [await chain.anchor(ledger, 13)]);
  const silent = new TestChain();
  silent.broken.add("chainId");
  for (const nodes of [
    [chain, silent],
    [silent, chain],
  ]) {
    const verdict = await verifyBundle(bundle, { ...options, chain: nodes });
    assert.equal(verdict.outcome, "verified", "whoever answers decides; the silence is told");
    const step = verdict.steps.find(({ name }) => name === "chain");
    assert.deepEqual(
      [step?.isWarning, /of 2 endpoints that you named 1 did not answer/.test(step?.detail ?? "")],
      [true, true],
    );
    assert.match(verdict.notes.join("\n"), /^Beware: 1 of the 2 endpoints that you named did not answer: /m);
  }
  chain.roots.clear();
  const failed = await verifyBundle(bundle, { ...options, chain: [chain, silent] });
  assert.deepEqual([failed.outcome, /of the 2 endpoints/.test(failed.notes.join())], ["failed", true]);
});

test("what is expected of an anchor is not called checked when nobody is asked", async () => {
  const { ledger, chain, options } = makeWorld();
  const anchor = await chain.anchor(ledger, 13, { withState: true });
  const bundle = anchored(ledger.bundle(5), [{ ...anchor, chainId: 1 }]);
  const expected = { ...SIGNED.expected, chainId: 1, contract: CONTRACT };
  const said = async (more: VerifyOptions) => {
    const { chain: _, ...rest } = options;
    const { steps } = await verifyBundle(bundle, { ...rest, expected, ...more });
    const step = steps.find(({ name }) => name === "expected");
    return [step?.isWarning, step?.detail.replace(/signer 0x\w+/, "signer")];
  };
  const open = "; only the file says so, and this was not checked: chain 1";
  assert.deepEqual(await said({ trustedBlocks: [anchor.blockHash] }), [
    true,
    `as you expected: signer, contract ${CONTRACT}${open}`,
  ]);
  assert.deepEqual(await said({ offline: true }), [true, `as you expected: signer${open}, contract ${CONTRACT}`]);
  chain.id = 1;
  assert.deepEqual(await said({ chain }), [undefined, `as you expected: signer, chain 1, contract ${CONTRACT}`]);
});

test("what the caller expects must be what the bundle says", async () => {
  const { ledger, chain, options } = makeWorld();
  const bundle = anchored(ledger.bundle(5), [await chain.anchor(ledger, 13)]);
  const { id: ledgerId, owner, signer } = ledger.record;
  const good = {
    ledgerId,
    owner: owner.toLowerCase(),
    signers: [signer],
    contract: CONTRACT.toLowerCase(),
    chainId: CHAIN_ID,
  };
  const verdict = await verifyBundle(bundle, { ...options, expected: good });
  assert.equal(verdict.outcome, "verified", verdict.summary);
  assert.deepEqual(verdict.notes, []);
  const other = { ledgerId: CODE_HASH, owner: CONTRACT, signers: [OWNER], contract: OWNER, chainId: 1 };
  for (const name of ["ledgerId", "owner", "signers", "contract", "chainId"] as const) {
    const expected = { ...good, [name]: other[name] };
    const refused = await verifyBundle(bundle, { ...options, expected });
    assert.equal(refused.outcome, "failed", name);
    assert.equal(refused.steps.at(-1)?.name, "expected");
  }
});

test("a ledger with a random label shows the label where its name would be", async () => {
  const ledger = new TestLedger(2);
  const hidden = { ...ledger.bundle(1), ledger: { ...ledger.record, name: ledger.record.label } };
  assert.equal((await verifyBundle(hidden, SIGNED)).outcome, "verified");
});

test("development chains, forks and wrong clocks are pointed out", async () => {
  const { ledger, chain, options } = makeWorld();
  chain.id = 31337;
  chain.forked = true;
  const anchor = { ...(await chain.anchor(ledger, 13)), blockTime: 1000 };
  chain.blocks.set(anchor.blockNumber, { hash: anchor.blockHash, time: 1000 });
  const verdict = await verifyBundle(anchored(ledger.bundle(5), [anchor]), { ...options, development: true });
  assert.equal(verdict.outcome, "verified", verdict.summary);
  assert.match(verdict.notes.join(" "), /development chain.*Beware.*its clock was wrong/);
});
