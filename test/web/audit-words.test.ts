/** What the page about integrity says of audits: never a good word where something was not looked at, and a way out for each finding. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { COVERAGE_STATES } from "../../src/audit/running/coverage.ts";
import {
  checkWords,
  claimWords,
  findingWords,
  outcomeMark,
  placeWords,
  standingWords,
} from "../../src/web/ledger-pages/watching/integrity/audit-words.ts";
import { BAR_WIDTH, barParts, placeInBar } from "../../src/web/ledger-pages/watching/integrity/bar-parts.ts";
import type { CoverageRangeAnswer } from "../../src/web/ledger-pages/watching/integrity/integrity-answers.ts";

const AUDIT = { id: "a", finishedAt: 1_795_855_706_287 };
const CLAIM = { of: 100_000, drawn: 2990, damaged: 100, foundPpm: 950_099 };
const RANGES: readonly CoverageRangeAnswer[] = [
  { from: 0, to: 900, whole: AUDIT },
  { from: 900, to: 990, sample: { ...AUDIT, ...CLAIM } },
  { from: 990, to: 1000 },
];

test("how a ledger stands has a mark and words in each state, and the mark is good in one alone", () => {
  const good = COVERAGE_STATES.filter((state) => {
    const { kind, title, detail } = standingWords({ state, ranges: state === "empty" ? [] : RANGES, staleAt: 0 });
    assert.ok(title.length > 10 && detail.length > 10, state);
    return kind === "good";
  });
  assert.deepEqual(good, ["whole"]);
});

test("what came since the last whole audit is counted, whatever samples reached", () => {
  const words = standingWords({ state: "whole", ranges: RANGES });
  assert.match(words.title, /^Whole, as of 2026-11-28 /);
  assert.match(words.detail, /all of the 900 entries .* 100 entries came since, which no whole audit has looked at/);
  assert.match(standingWords({ state: "whole", ranges: RANGES.slice(0, 1) }).detail, /Nothing came since/);
});

test("what is too old is told by what it is, with the time until which it counted", () => {
  const whole = standingWords({ state: "stale", ranges: RANGES, staleAt: AUDIT.finishedAt });
  const sample = standingWords({ state: "stale", ranges: RANGES.slice(1), staleAt: AUDIT.finishedAt });
  assert.deepEqual([whole.title, sample.title], ["The last whole audit is too old", "The last sample is too old"]);
  for (const { detail } of [whole, sample])
    assert.match(detail, /^It ended 2026-11-28 \S+ UTC and counts until 2026-11-28 /);
});

test("every finding and every check of docs/audit.md is said in words, and every finding with what to do", () => {
  const docs = readFileSync(join(import.meta.dirname, "../../docs/audit.md"), "utf8");
  const rows = [...docs.matchAll(/^\| `(\w+)` \| .* \| ((?:`\w+`(?:, )?)+) \|$/gm)];
  const checks = rows.map(([, check = ""]) => check);
  const findings = rows.flatMap(([, , names = ""]) => [...names.matchAll(/`(\w+)`/g)].map(([, kind = ""]) => kind));
  assert.ok(checks.length >= 11 && findings.length >= 28, `${checks} ${findings}`);
  for (const check of checks) assert.notEqual(checkWords(check), check);
  for (const kind of findings) {
    assert.notEqual(findingWords(kind).what, kind);
    assert.ok(findingWords(kind).todo.length > 10, kind);
  }
  assert.equal(findingWords("toString").what, "toString", "one of a newer service goes by its name");
});

test("what a sample says is not rounded up, and an audit that found nothing in nothing is not good", () => {
  assert.match(claimWords(CLAIM), /^2,990 of 100,000 drawn: had 100 been damaged, .* found with 95\.00 %/);
  assert.match(claimWords({ ...CLAIM, foundPpm: 999_999 }), /99\.99 %/);
  const kinds = (["whole", "partial", "damaged", "nothing"] as const).map((outcome) => outcomeMark({ outcome }).kind);
  assert.deepEqual(kinds, ["good", "half", "bad", "none"]);
  assert.equal(outcomeMark({}).kind, "none");
});

test("places are told as people count them: the first and the last", () => {
  assert.deepEqual([placeWords(0, 1000), placeWords(7, 8)], ["0 to 999", "7"]);
});

test("the bar has a part for each range, as wide as its share, and none too small to be seen", () => {
  const parts = barParts(RANGES);
  assert.deepEqual(
    parts.map(({ kind, width }) => [kind, Math.round(width)]),
    [
      ["whole", 900],
      ["sampled", 90],
      ["never", 10],
    ],
  );
  const small = barParts([
    { from: 0, to: 1_000_000, whole: AUDIT },
    { from: 1_000_000, to: 1_000_001 },
  ]);
  assert.deepEqual(
    small.map(({ x, width }) => [x, width]),
    [
      [0, 992],
      [992, 8],
    ],
  );
  const many = barParts(Array.from({ length: 500 }, (_, from) => ({ from, to: from + 1 })));
  assert.equal(Math.round(many.reduce((sum, { width }) => sum + width, 0)), BAR_WIDTH);
});

test("a finding lies in the bar where its entry does, and one behind the end at the end", () => {
  assert.deepEqual(
    [0, 450, 945, 1000, 5000].map((index) => Math.round(placeInBar(RANGES, index))),
    [0, 450, 945, BAR_WIDTH, BAR_WIDTH],
  );
});
