/** A set from which something was taken out says what, and every other entry is judged by itself. */

import assert from "node:assert/strict";
import test from "node:test";
import { verifySet } from "../../../src/verify/set/check-set.ts";
import { SetPacker } from "../../../src/verify/set/pack.ts";
import { SetWriter } from "../../../src/verify/set/set.ts";
import type { Verdict } from "../../../src/verify/verdict/verdict.ts";
import { SIGNED, TestLedger } from "../fixture.ts";

const ledger = new TestLedger(40);
const INDEXES = [3, 4, 5, 8, 9, 10, 11, 20, 21, 22];
const shared = pack(new SetPacker(ledger.record.id));
const plain = write();

function pack(packer: SetPacker): string[] {
  const lines = INDEXES.flatMap((index) => packer.add(ledger.bundle(index)));
  return [...lines, ...packer.end()];
}

function write(): string[] {
  const writer = new SetWriter(ledger.record.id);
  return [writer.begin(), ...INDEXES.map((index) => writer.add(ledger.bundle(index))), writer.end()];
}

/** Line of each index in the two forms, counted from 0: an entry follows the first line and the shared proof. */
const inShared = (at: number) => at + 2;
const inPlain = (at: number) => at + 1;

async function judge(lines: readonly string[]) {
  const verdicts: Verdict[] = [];
  const set = await verifySet(lines, SIGNED, (verdict) => verdicts.push(verdict));
  const held = verdicts.flatMap(({ outcome, subject }) => (outcome === "verified" ? [subject?.index] : []));
  return { set, held, said: set.problems.map(({ line, summary }) => `${line}: ${summary}`) };
}

test("every single line that is taken out is missed by its index, and every other entry is verified", async () => {
  for (const [at, index] of INDEXES.entries()) {
    const rest = INDEXES.toSpliced(at, 1);
    const { set, held, said } = await judge(shared.toSpliced(inShared(at), 1));
    assert.deepEqual(said, [`${inShared(at) + 1}: entry ${index} is missing: its line was taken out`]);
    assert.deepEqual([held, set.failed, set.missing, set.cell.exitStatus], [rest, 0, 1, 1]);
    assert.match(set.summary, /^FAILED: 9 of 9 bundles verified, and 1 is missing\. Line/);
  }
});

test("several lines that are taken out are told together where they followed each other", async () => {
  const { said, held, set } = await judge(
    shared.filter((_, i) => ![inShared(1), inShared(2), inShared(3), inShared(8)].includes(i)),
  );
  assert.deepEqual(said, [
    "4: 3 entries from 4 to 8 are missing: their lines were taken out",
    "8: entry 21 is missing: its line was taken out",
  ]);
  assert.deepEqual([held, set.missing], [[3, 9, 10, 11, 20, 22], 4]);
});

test("a line that was changed, doubled, moved or put in fails alone", async () => {
  const at = inShared(4);
  const line = shared[at] as string;
  const others = INDEXES.toSpliced(4, 1);
  const changed: readonly (readonly [what: string, lines: readonly string[], held: readonly number[], said: RegExp])[] =
    [
      [
        "an event changed",
        shared.with(at, line.replace("invoice.approve", "invoice.approvf")),
        others,
        /^7: FAILED at step "leaf"/,
      ],
      [
        "an index of no entry",
        shared.with(at, line.replace('"index":9', '"index":7')),
        others,
        /^7: FAILED at step "bundle": index: expected 9/,
      ],
      [
        "another entry's index",
        shared.with(at, line.replace('"index":9', '"index":10')),
        others,
        /^7: FAILED at step "leaf"/,
      ],
      ["half a line", shared.with(at, line.slice(0, 50)), others, /^7: FAILED at step "bundle"/],
      ["twice", shared.toSpliced(at, 0, line), INDEXES.toSpliced(4, 0, 9), /^8: expected an index above 9, got 9/],
      ["an empty line more", shared.toSpliced(at, 0, ""), INDEXES, /^7: FAILED at step "bundle"/],
      ["an empty line before the last entry", shared.toSpliced(-2, 0, ""), INDEXES, /^12: FAILED at step "bundle"/],
    ];
  for (const [what, lines, held, said] of changed) {
    const found = await judge(lines);
    assert.deepEqual([found.held, found.set.cell.exitStatus], [held, 1], what);
    assert.match(found.said[0] ?? "", said, what);
  }
});

test("without its first line a set fails, and its entries are judged all the same", async () => {
  for (const lines of [shared, plain]) {
    const { held, said, set } = await judge(lines.slice(1));
    assert.deepEqual([held, set.failed, set.cell.exitStatus], [INDEXES, 0, 1]);
    assert.match(said[0] ?? "", /^1: expected holdfast\/set@1 or holdfast\/set@2 to begin/);
  }
});

test("without the shared proof its entries cannot be judged, and that is the reason", async () => {
  const { held, said } = await judge(shared.toSpliced(1, 1));
  assert.deepEqual(held, []);
  assert.match(said[0] ?? "", /^2: FAILED .*expected the shared proof of this entry in a line before it, got none/);
});

test("of whole bundles it is said how many are missing, and which when that follows", async () => {
  const counted = "of the 10 bundles that the set's last line counts";
  for (const [at, said] of [
    [[0], `1 ${counted} is missing: entry 3`],
    [[9], `1 ${counted} is missing: entry 22`],
    [[1], `1 ${counted} is missing, among entries 4, 6 to 7, 12 to 19`],
    [[7, 8, 9], `3 ${counted} are missing`],
  ] as const) {
    const gone = new Set<number>(at.map(inPlain));
    const { set, held, said: problems } = await judge(plain.filter((_, i) => !gone.has(i)));
    assert.equal(held.length, 10 - at.length);
    assert.equal(set.missing, at.length);
    assert.match(problems[0] ?? "", new RegExp(`^\\d+: ${said}`), String(at));
  }
});
