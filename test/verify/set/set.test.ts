/** Evidence sets: whole ones verify; cut, mixed, doubled, reordered and empty ones do not. */

import assert from "node:assert/strict";
import test from "node:test";
import { checkpointDigest } from "../../../src/merkle/checkpoint.ts";
import { BUNDLE_FORMAT, type Bundle } from "../../../src/verify/bundle/bundle.ts";
import { verifySet } from "../../../src/verify/set/check-set.ts";
import { readSetBegin, SetWriter } from "../../../src/verify/set/set.ts";
import { verifyText } from "../../../src/verify/verify.ts";
import { anchored, KNOWN, makeWorld, SIGNED, signHash, TestLedger } from "../fixture.ts";

function linesOf(ledger: TestLedger, indexes: readonly number[]): string[] {
  const writer = new SetWriter(ledger.record.id);
  return [writer.begin(), ...indexes.map((index) => writer.add(ledger.bundle(index))), writer.end()];
}

const { ledger } = makeWorld();

test("a set verifies, with its range and whether there are gaps", async () => {
  const seen: number[] = [];
  const verdict = await verifySet(linesOf(ledger, [3, 4, 5]), SIGNED, (_, line) => seen.push(line));
  const { outcome, count, first, last, isGapless } = verdict;
  assert.deepEqual([outcome, count, first, last, isGapless, seen], ["verified", 3, 3, 5, true, [2, 3, 4]]);
  const sparse = await verifySet(linesOf(ledger, [0, 12]), SIGNED);
  assert.deepEqual([sparse.outcome, sparse.isGapless], ["verified", false]);
  assert.match(sparse.summary, /others in between are not in the set/);
});

test("a verified set says of which ledger it is, by when its entries existed, and what is not proved", async () => {
  const { ledger, chain, options } = makeWorld();
  const anchors = [await chain.anchor(ledger, 11, { from: 8 }), await chain.anchor(ledger, 13)];
  const [early, late] = anchors.map((anchor) => [anchor]);
  const told = [anchored(ledger.bundle(3, 8), early ?? []), anchored(ledger.bundle(5), late ?? []), ledger.bundle(7)];
  const summaryOf = async (bundles: readonly Bundle[], wish = options) => {
    const writer = new SetWriter(ledger.record.id);
    const lines = [writer.begin(), ...bundles.map((bundle) => writer.add(bundle)), writer.end()];
    const { outcome, summary, blockTime } = await verifySet(lines, wish);
    assert.equal(outcome, "verified", summary);
    return { summary, blockTime };
  };
  const { id, owner } = ledger.record;
  const both = await summaryOf(told.slice(0, 2));
  assert.equal(both.blockTime, anchors[1]?.blockTime, "the latest");
  const begin = `Proved: all 2 bundles of the set, entries 3 to 5 of ledger "main" (${id}), opened by ${owner}; others`;
  assert.ok(both.summary.startsWith(begin), both.summary);
  const when = new Date((anchors[1]?.blockTime ?? 0) * 1000).toISOString().replace(".000", "");
  assert.ok(both.summary.includes(` Each was in the contract's storage no later than ${when}, `), both.summary);
  assert.match(both.summary, /not all those blocks are final yet\. Not proved: whether the events are true, and /);
  assert.doesNotMatch(both.summary, /no chain was asked/);
  chain.finalUpTo = anchors[1]?.blockNumber;
  assert.match((await summaryOf(told.slice(0, 2))).summary, /; all those blocks are final\./);

  const frozen = await chain.anchor(ledger, 13, { withState: true });
  const byHash = { trustedBlocks: [frozen.blockHash], ...KNOWN };
  const trusted = await summaryOf(
    [4, 5].map((index) => anchored(ledger.bundle(index), [frozen])),
    byHash,
  );
  assert.match(trusted.summary, /; you trust the hashes of all those blocks\. Not proved/);

  const unasked = await summaryOf(told, SIGNED);
  assert.equal(unasked.blockTime, undefined);
  assert.match(
    unasked.summary,
    /For 3 no chain was asked: 0x\w+, whom you expect, signed, and only the signer itself says when that was\. Not/,
  );
  assert.doesNotMatch(unasked.summary, /storage/);
});

test("a set whose lines were cut off, anywhere, is not green", async () => {
  const lines = linesOf(ledger, [3, 4, 5, 6]);
  for (let from = 0; from < lines.length; from++) {
    for (let to = from; to <= lines.length; to++) {
      if (to - from === lines.length) continue;
      assert.equal((await verifySet(lines.slice(from, to))).outcome, "failed", `lines ${from} to ${to}`);
    }
  }
  for (let at = 0; at < lines.length; at++) {
    assert.equal((await verifySet(lines.toSpliced(at, 1))).outcome, "failed", `without line ${at}`);
    assert.equal((await verifySet(lines.toSpliced(at, 0, lines[at] as string))).outcome, "failed", `line ${at} twice`);
  }
});

test("a set with a bundle changed, moved or of another ledger fails", async () => {
  const lines = linesOf(ledger, [3, 4, 5]);
  const other = JSON.stringify(new TestLedger(13, { name: "other" }).bundle(4));
  const mutants = [
    lines.with(2, other),
    [lines[0], lines[2], lines[1], ...lines.slice(3)],
    lines.with(1, ` ${lines[1]}`),
    lines.with(2, ""),
    lines.with(0, lines[0]?.replace("a", "b") ?? ""),
    lines.with(4, lines[4]?.replace('"count":3', '"count":4') ?? ""),
    lines.with(4, lines[4]?.replace('"first":3', '"first":2') ?? ""),
    lines.with(4, lines[4]?.replace(/"digest":"0x./, '"digest":"0xg') ?? ""),
    [...lines, lines[2]],
    [...lines, ...lines],
  ];
  for (const [i, mutant] of mutants.entries()) {
    assert.notDeepEqual(mutant, lines);
    const verdict = await verifySet(mutant as string[]);
    assert.equal(verdict.outcome, "failed", `mutant ${i}`);
    assert.ok(verdict.problems.length > 0);
  }
});

test("nothing is not green", async () => {
  const begin = new SetWriter(ledger.record.id).begin();
  for (const lines of [[], [""], [begin], [begin, linesOf(ledger, [3]).at(-1) as string]]) {
    assert.equal((await verifySet(lines)).outcome, "failed");
  }
  assert.throws(() => new SetWriter(ledger.record.id).end(), RangeError);
});

test("one bundle that cannot be told makes the set undecided", async () => {
  const { chain, options } = makeWorld();
  const writer = new SetWriter(ledger.record.id);
  const anchors = [await chain.anchor(ledger, 13)];
  const bundles = [anchored(ledger.bundle(1), anchors), ledger.bundle(2), anchored(ledger.bundle(3), anchors)];
  const lines = [writer.begin(), ...bundles.map((bundle) => writer.add(bundle)), writer.end()];
  const verdict = await verifySet(lines, options);
  assert.deepEqual([verdict.outcome, verdict.verified, verdict.undecided], ["undecided", 2, 1]);
  assert.match(verdict.summary, /Line 3: .*not anchored yet/);
});

test("a chain is asked once about an anchor that many bundles share", async () => {
  const { chain, options } = makeWorld();
  const anchors = [await chain.anchor(ledger, 13)];
  const writer = new SetWriter(ledger.record.id);
  const bundles = Array.from({ length: 13 }, (_, index) => anchored(ledger.bundle(index), anchors));
  const lines = [writer.begin(), ...bundles.map((bundle) => writer.add(bundle)), writer.end()];
  assert.equal((await verifySet(lines, options)).outcome, "verified");
  assert.equal(chain.asked.length, new Set(chain.asked).size);
});

test("a writer refuses what would not verify", () => {
  const writer = new SetWriter(ledger.record.id);
  writer.begin();
  writer.add(ledger.bundle(4));
  assert.throws(() => writer.add(ledger.bundle(4)), RangeError);
  assert.throws(() => writer.add(new TestLedger(3, { name: "other" }).bundle(1)), RangeError);
});

test("a bundle is not taken for the beginning of a set", () => {
  assert.equal(readSetBegin(JSON.stringify(ledger.bundle(1))), undefined);
  assert.equal(readSetBegin(`{"format":"${BUNDLE_FORMAT}","ledgerId":"0x"}`), undefined);
  assert.equal(readSetBegin(`{"format":"holdfast/set@1","ledgerId":"0x","title":"all of it"}`), undefined);
  assert.equal(readSetBegin(new SetWriter(ledger.record.id).begin()), ledger.record.id);
});

test("a set with two roots for one size fails, although each bundle holds by itself", async () => {
  const { id } = ledger.record;
  const stranger = new TestLedger(13, { name: "other" });
  const { entry, inclusion } = stranger.bundle(5);
  const { size, root } = inclusion;
  const signature = signHash(checkpointDigest({ ledgerId: id, size, root, signedAt: 5 }));
  const told: Bundle = { ...ledger.bundle(5), entry, inclusion, checkpoint: { size, root, signedAt: 5, signature } };
  assert.equal((await verifyText(JSON.stringify(told), SIGNED)).outcome, "verified");
  const writer = new SetWriter(id);
  const lines = [writer.begin(), writer.add(ledger.bundle(4)), writer.add(told), writer.end()];
  const verdict = await verifySet(lines, SIGNED);
  assert.deepEqual([verdict.outcome, verdict.verified], ["failed", 2]);
  assert.match(verdict.summary, /forked/);
});

test("a set whose lines came to end with CR LF fails, and is told why and what to do", async () => {
  const lines = linesOf(ledger, [3, 4, 5]);
  const end = lines.length - 1;
  const changed: Readonly<Record<string, string[]>> = {
    "all lines": lines.map((line) => `${line}\r`),
    "the last line": lines.with(end, `${lines[end]}\r`),
    "a line in between": lines.with(2, `${lines[2]}\r`),
    "all lines but the last, as a join does": lines.map((line, i) => (i === end ? line : `${line}\r`)),
  };
  for (const [which, returned] of Object.entries(changed)) {
    const { outcome, problems, verified } = await verifySet(returned, SIGNED);
    assert.deepEqual([outcome, verified, problems.length, problems[0]?.line], ["failed", 3, 1, lines.length], which);
    assert.match(
      problems[0]?.summary ?? "",
      /^expected lines that end with a newline alone.*CR LF.*tr -d '\\r'/,
      which,
    );
  }
  const undone = changed["all lines"]?.map((line) => line.replaceAll("\r", ""));
  assert.equal((await verifySet(undone ?? [], SIGNED)).outcome, "verified");
  const shorter = linesOf(ledger, [3, 4]).with(-1, lines[end] as string);
  assert.doesNotMatch((await verifySet(shorter, SIGNED)).summary, /CR LF/);
});
