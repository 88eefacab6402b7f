/** Evidence sets whose bundles share one proof: they say what the bundles say, in less space, and no forged one passes. */

import assert from "node:assert/strict";
import test from "node:test";
import { isDeepStrictEqual } from "node:util";
import { fromHex, type Hex, toHex } from "../../../src/merkle/bytes.ts";
import { keccak256, nodeHash } from "../../../src/merkle/hash.ts";
import type { Bundle } from "../../../src/verify/bundle/bundle.ts";
import type { VerifyOptions } from "../../../src/verify/options.ts";
import { type SetVerdict, verifySet } from "../../../src/verify/set/check-set.ts";
import { SetPacker } from "../../../src/verify/set/pack.ts";
import { SetTally, SetWriter } from "../../../src/verify/set/set.ts";
import { SHARED_BEGIN, SHARED_ENTRIES_MAX } from "../../../src/verify/set/shared-proof.ts";
import type { Verdict } from "../../../src/verify/verdict/verdict.ts";
import { anchored, makeWorld, SIGNED, TestLedger } from "../fixture.ts";
import { at, claimsLess, type Json, othersOf, pathsOf, replaced } from "../mutants.ts";

const { ledger } = makeWorld();

function pack(bundles: readonly Bundle[]): string[] {
  const packer = new SetPacker(bundles[0]?.ledger.id ?? "0x");
  return [...bundles.flatMap((bundle) => packer.add(bundle)), ...packer.end()];
}

function plain(bundles: readonly Bundle[]): string[] {
  const writer = new SetWriter(bundles[0]?.ledger.id ?? "0x");
  return [writer.begin(), ...bundles.map((bundle) => writer.add(bundle)), writer.end()];
}

/** The same lines with a last one that fits them, as a forger would write it. */
function resealed(lines: readonly string[], indexes: readonly number[]): string[] {
  const tally = new SetTally();
  for (const line of lines.slice(0, -1)) tally.addLine(line);
  for (const index of indexes) tally.addIndex(index);
  return [...lines.slice(0, -1), tally.end()];
}

/** The verdict on a set, on each of its bundles, and the bundles as they are given back. */
async function judge(lines: readonly string[], options: VerifyOptions = SIGNED) {
  const verdicts: Verdict[] = [];
  const bundles: (Bundle | undefined)[] = [];
  const set: SetVerdict = await verifySet(lines, options, (verdict, _, bundle) => {
    verdicts.push(verdict);
    bundles.push(bundle());
  });
  return { set, verdicts, bundles };
}

/** Final bundles with state proofs under one checkpoint, one of them with a member withheld. */
async function makeFinal(indexes: readonly number[]) {
  const { chain, options } = makeWorld();
  await chain.anchor(ledger, 9);
  const anchor = await chain.anchor(ledger, 13, { from: 11, withState: true });
  chain.finalUpTo = anchor.blockNumber;
  const bundles = indexes.map((index, i) => anchored(ledger.bundle(index, 11, i === 1 ? [2] : []), [anchor], "final"));
  return { bundles, chain, options };
}

test("a set of every two or more entries verifies, gives its bundles back, and is smaller than they are", async () => {
  const small = new TestLedger(6);
  for (let bits = 1; bits < 2 ** small.size; bits++) {
    const indexes = Array.from({ length: small.size }, (_, index) => index).filter((index) => (bits >> index) & 1);
    const whole = indexes.map((index) => small.bundle(index));
    const lines = pack(whole);
    const { set, bundles } = await judge(lines);
    assert.equal(set.outcome, "verified", set.summary);
    assert.deepEqual([set.count, set.first, set.last], [indexes.length, indexes[0], indexes.at(-1)]);
    assert.deepEqual(bundles, whole);
    const isShared = lines.some((line) => line.startsWith(SHARED_BEGIN));
    assert.equal(isShared, indexes.length > 1);
    if (isShared) assert.ok(lines.join("\n").length < plain(whole).join("\n").length, `${indexes}`);
  }
});

test("verdicts are those of the bundles one by one, and the chain is asked once", async () => {
  const { bundles, chain, options } = await makeFinal([0, 3, 4, 5, 10]);
  const { set, verdicts } = await judge(pack(bundles), options);
  assert.equal(set.outcome, "verified", set.summary);
  assert.equal(chain.asked.length, new Set(chain.asked).size);
  const singly = await judge(plain(bundles), options);
  assert.equal(singly.set.outcome, "verified");
  for (const [i, verdict] of verdicts.entries()) {
    const { steps, ...rest } = verdict;
    const { steps: expected, ...other } = singly.verdicts[i] as Verdict;
    assert.deepEqual(rest, other);
    const names = (list: typeof steps) => list.map(({ name, state, anchor }) => [name, state, anchor]);
    assert.deepEqual(names(steps), names(expected));
  }
  assert.deepEqual([verdicts[1]?.shown.length, verdicts[1]?.withheld], [4, 1]);
});

test("what bundles have in common is judged once, in either kind of set", async () => {
  const { bundles, options } = await makeFinal([0, 1, 2, 3]);
  for (const lines of [pack(bundles), plain(bundles)]) {
    let recovered = 0;
    const recover = () => {
      recovered++;
      return ledger.record.signer.toLowerCase() as Hex;
    };
    assert.equal((await judge(lines, { ...options, recover })).set.outcome, "verified");
    assert.equal(recovered, 1);
  }
});

test("runs under several checkpoints, and bundles that share nothing, stand in one set", async () => {
  const { bundles } = await makeFinal([1, 2]);
  const whole = [ledger.bundle(0, 4), ...bundles, ...[3, 5, 6].map((i) => ledger.bundle(i, 12)), ledger.bundle(11)];
  const lines = pack(whole);
  assert.equal(lines.filter((line) => line.startsWith(SHARED_BEGIN)).length, 2);
  const { set, bundles: back } = await judge(lines);
  assert.deepEqual([set.outcome, set.count, set.isGapless], ["verified", 7, false]);
  assert.deepEqual(back, whole);
  const reversed = pack([ledger.bundle(1, 9), ledger.bundle(2, 5)]);
  assert.equal((await judge(reversed)).set.outcome, "verified", "a smaller tree may follow a larger one");
});

test("a set cut, doubled or out of order anywhere is not green", async () => {
  const lines = pack([...[1, 2, 3].map((i) => ledger.bundle(i, 9)), ...[9, 10].map((i) => ledger.bundle(i, 13))]);
  for (let from = 0; from < lines.length; from++) {
    for (let to = from; to <= lines.length; to++) {
      if (to - from === lines.length) continue;
      assert.equal((await verifySet(lines.slice(from, to))).outcome, "failed", `lines ${from} to ${to}`);
    }
  }
  const indexes = [1, 2, 3, 9, 10];
  for (let place = 0; place < lines.length - 1; place++) {
    for (const wrong of [lines.toSpliced(place, 1), lines.toSpliced(place, 0, lines[place] as string)]) {
      for (const mutant of [wrong, resealed(wrong, indexes)]) {
        assert.equal((await verifySet(mutant)).outcome, "failed", `line ${place}`);
      }
    }
    for (let other = 0; other < place; other++) {
      const swapped = lines.with(place, lines[other] as string).with(other, lines[place] as string);
      assert.equal((await verifySet(resealed(swapped, indexes))).outcome, "failed", `lines ${other} and ${place}`);
    }
  }
});

test("the last line comes after the last entry, and says how many are missing when it does not", async () => {
  const lines = pack([1, 2, 3].map((i) => ledger.bundle(i)));
  const { set } = await judge(resealed(lines.toSpliced(3, 2), [1]));
  assert.equal(set.outcome, "failed");
  assert.match(set.summary, /Line 4: entries 2 to 3 are missing: their lines were taken out/);
});

test("a set with any value of a shared proof or of an entry changed does not verify, also with a last line that fits", async () => {
  const { bundles, options } = await makeFinal([1, 5, 6]);
  const lines = pack(bundles);
  const remembering = { recover: () => ledger.record.signer.toLowerCase() as Hex };
  let tried = 0;
  for (const [place, text] of lines.entries()) {
    if (place === 0 || place === lines.length - 1) continue;
    const line = JSON.parse(text) as Json;
    for (const path of pathsOf(line)) {
      // Signatures are recovered for those only that change what is signed; it takes by far the longest.
      const isSigned = /ledger|checkpoint/.test(String(path[0]));
      for (const put of othersOf(at(line, path))) {
        const mutant = replaced(line, path, put);
        if (isDeepStrictEqual(mutant, line) || claimsLess(path, put)) continue;
        const forged = resealed(lines.with(place, JSON.stringify(mutant)), [1, 5, 6]);
        const verdict = await verifySet(forged, isSigned ? options : { ...options, ...remembering });
        assert.equal(verdict.outcome, "failed", `line ${place}, ${path.join(".")}: ${JSON.stringify(put)}`);
        tried++;
      }
    }
  }
  assert.ok(tried > 1000, `expected many mutants, got ${tried}`);
});

test("a changed entry is named, and the others are told to be what they were", async () => {
  const lines = pack([1, 2, 3].map((i) => ledger.bundle(i)));
  const forged = lines.with(3, (lines[3] as string).replace("invoice.approve", "invoice.approvd"));
  const { set, verdicts } = await judge(resealed(forged, [1, 2, 3]));
  assert.deepEqual([set.outcome, set.verified, set.failed], ["failed", 2, 1]);
  assert.deepEqual([verdicts[1]?.outcome, verdicts[1]?.steps.at(-1)?.name], ["failed", "leaf"]);
  assert.deepEqual(
    set.problems.map(({ line }) => line),
    [4],
  );
});

test("entries of a proof that does not hold all fail at the path", async () => {
  const lines = pack([1, 4, 6].map((i) => ledger.bundle(i)));
  const shared = JSON.parse(lines[1] as string) as { nodes: Hex[]; indexes: number[] };
  const inner = toHex(nodeHash(keccak256, fromHex(shared.nodes[0] as Hex), fromHex(shared.nodes[1] as Hex)));
  for (const change of [
    { nodes: shared.nodes.toReversed() },
    { nodes: shared.nodes.slice(1) },
    { nodes: [...shared.nodes, ...shared.nodes] },
    { nodes: [inner, ...shared.nodes.slice(2)] },
    { indexes: [1, 4, 7] },
    { indexes: [1, 4, 13] },
    { indexes: [4, 1, 6] },
  ]) {
    const indexes = change.indexes ?? shared.indexes;
    const entries = lines.slice(2, -1).map((line, i) => JSON.stringify({ ...JSON.parse(line), index: indexes[i] }));
    const changed = [lines[0] as string, JSON.stringify({ ...shared, ...change }), ...entries, ""];
    const { set, verdicts, bundles } = await judge(resealed(changed, [1, 4, 6]));
    assert.equal(set.outcome, "failed");
    assert.deepEqual([set.verified, set.failed], [0, 3], JSON.stringify(change));
    for (const { steps } of verdicts) assert.equal(steps.at(-1)?.name, "path");
    assert.deepEqual(bundles, [undefined, undefined, undefined]);
  }
});

test("a set of the older form has no shared proofs", async () => {
  const lines = pack([1, 2].map((i) => ledger.bundle(i)));
  const older = resealed(lines.with(0, (lines[0] as string).replace("set@2", "set@1")), [1, 2]);
  const { set, verdicts } = await judge(older);
  assert.deepEqual([set.outcome, set.failed], ["failed", 3]);
  assert.match(verdicts[0]?.summary ?? "", /FAILED at step "bundle"/);
});

test("another ledger's proof does not fit into a set", async () => {
  const other = new TestLedger(13, { name: "other" });
  const lines = pack([1, 2].map((i) => other.bundle(i)));
  const forged = lines.with(0, (lines[0] as string).replace(other.record.id, ledger.record.id));
  const { set } = await judge(resealed(forged, [1, 2]));
  assert.deepEqual([set.outcome, set.verified], ["failed", 2]);
  assert.match(set.summary, new RegExp(`expected a bundle of ledger ${ledger.record.id}`));
});

test("a proof has a bounded number of entries, and a longer run is several", () => {
  const size = 2 * SHARED_ENTRIES_MAX;
  const { entry, inclusion, ...bundle } = ledger.bundle(0);
  const path = Array.from({ length: 13 }, () => entry.leafHash);
  const checkpoint = { ...bundle.checkpoint, size };
  const packer = new SetPacker(ledger.record.id);
  const lines: string[] = [];
  for (let index = 0; index <= SHARED_ENTRIES_MAX + 1; index++) {
    const place = { entry: { ...entry, index }, inclusion: { ...inclusion, size, path }, checkpoint };
    lines.push(...packer.add({ ...bundle, ...place }));
  }
  lines.push(...packer.end());
  const shared = lines.filter((line) => line.startsWith(SHARED_BEGIN));
  assert.deepEqual(
    shared.map((line) => (JSON.parse(line) as { indexes: number[] }).indexes.length),
    [SHARED_ENTRIES_MAX, 2],
  );
});

test("a packer refuses what would not verify", () => {
  const packer = new SetPacker(ledger.record.id);
  assert.throws(() => packer.end(), RangeError);
  packer.add(ledger.bundle(4));
  assert.throws(() => packer.add(ledger.bundle(4)), RangeError);
  assert.throws(() => packer.add(new TestLedger(3, { name: "other" }).bundle(1)), RangeError);
});
