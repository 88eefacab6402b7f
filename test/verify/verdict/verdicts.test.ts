/** The table of verdicts, walked: every cell comes about, says only what was checked, and is the one in docs/verify.md. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { before } from "node:test";
import type { BundleAnchor } from "../../../src/verify/bundle/bundle.ts";
import { verifySet } from "../../../src/verify/set/check-set.ts";
import { FORK_TABLE, type ForkGiven, forkCellOf } from "../../../src/verify/verdict/fork-table.ts";
import { claimsOf } from "../../../src/verify/verdict/short-claims.ts";
import {
  cellOf,
  EXIT_STATUSES,
  FOUNDS,
  type Found,
  GIVENS,
  type Given,
  leastOf,
  SAYINGS,
  TABLE,
} from "../../../src/verify/verdict/table.ts";
import { verifyText } from "../../../src/verify/verify.ts";
import { sealed } from "../../vectors/bundle-world.ts";
import { type CellCase, cellCases, optionsOf } from "../cells.ts";
import { anchored, CHAIN_ID, KNOWN, TestChain, TestLedger } from "../fixture.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "verify.md"), "utf8");
let cases: readonly CellCase[];

before(async () => {
  cases = await cellCases();
});

/** The cells in which something is proved; whatever is not named here must never end with 0. */
const PROVED: readonly (readonly [Given, Found])[] = [
  ["chain", "final"],
  ["chain", "anchored"],
  ["chain", "forked"],
  ["development-chain", "final"],
  ["development-chain", "anchored"],
  ["development-chain", "forked"],
  ["development-chain", "development"],
  ["development-chain", "development-forked"],
  ["block", "final"],
  ["development-block", "final"],
  ["development-block", "development"],
  ["signer", "recorded"],
];

test("every cell that can be comes about as it is written, in a bundle and in a set of it", async () => {
  assert.ok(cases.length > 40, `${cases.length}`);
  for (const each of cases) {
    const expected = cellOf(each.given, each.found);
    const verdict = await verifyText(each.text, optionsOf(each));
    assert.deepEqual(verdict.cell, expected, verdict.summary);
    assert.equal(verdict.outcome, expected.outcome);
    const begin = JSON.stringify({ format: "holdfast/set@1", ledgerId: JSON.parse(each.text).ledger.id });
    const set = await verifySet(sealed([begin, each.text], [5]).trimEnd().split("\n"), optionsOf(each));
    const inSet =
      each.found === "malformed" || each.found === "no-proof" ? cellOf(each.given, "contradicted") : expected;
    assert.deepEqual(set.cell, inSet, set.summary);
    assert.equal(set.summary.startsWith("Proved"), expected.exitStatus === 0, set.summary);
    assert.deepEqual(set.notes, verdict.notes, "what there is to know of a bundle is said of its set");
  }
});

test("only what a chain that counts, a trusted block or a known signer says ends with 0", () => {
  for (const given of GIVENS) {
    for (const found of FOUNDS) {
      const isProved = PROVED.some(([g, f]) => g === given && f === found);
      const isFailed = found === "malformed" || found === "contradicted";
      const isNoProof = found === "no-proof";
      const { exitStatus, outcome, mark, name } = cellOf(given, found);
      assert.equal(exitStatus, isProved ? 0 : isFailed ? 1 : isNoProof ? 3 : 2, `${given}, ${found}`);
      assert.equal(outcome, isProved ? "verified" : isFailed ? "failed" : isNoProof ? "no-proof" : "undecided");
      if (mark === "good") assert.ok(isProved && !/development|forked/.test(found), `${given}, ${found}`);
      assert.equal(mark === "bad", isFailed);
      if (TABLE[found][given] === "never") assert.equal(name, "unanswered", "nothing is claimed");
    }
  }
});

test("each cell's sentence begins with what it is, and claims nothing that was not checked", async () => {
  for (const each of cases) {
    const verdict = await verifyText(each.text, optionsOf(each));
    const { summary, brief, cell, subject, witness } = verdict;
    const what = `${each.given}, ${each.found}: ${summary}`;
    const begin = { 0: /^Proved/, 1: /^FAILED at step/, 2: /^Could not tell/, 3: /^Nothing was verified/ }[
      cell.exitStatus
    ];
    assert.match(summary, begin, what);
    assert.equal(
      /proves? nothing to others/.test(summary + brief),
      /^Holds on|on a development chain/.test(cell.word),
      what,
    );
    assert.equal(/nobody vouched for/.test(summary), cell.name === "unvouched", what);
    assert.equal(/forked/.test(summary), cell.name === "forked" || cell.name === "developmentForked", what);
    if (each.block !== undefined && subject !== undefined) {
      assert.doesNotMatch(summary, /of chain \d/, what);
      assert.equal(witness?.chainId, undefined, "a block hash does not say on which chain it is");
    }
    const isGood = claimsOf(verdict).some(({ mark }) => mark === "good");
    assert.equal(isGood, ["verified", "unfinal", "byBlock", "forked"].includes(cell.name), what);
  }
});

test("of several findings the one that says least counts", () => {
  assert.equal(leastOf(["final", "recorded", "anchored"]), "recorded");
  assert.equal(leastOf(["final", "development"]), "development");
  assert.equal(leastOf(["unanchored", "contradicted"]), "contradicted");
  assert.equal(leastOf([]), undefined);
});

/** Rows of the page's table that begins so: the first cell, then the others. */
function rowsUnder(head: string): Map<string, string[]> {
  const part = page.slice(page.indexOf(head)).split("\n\n")[0] ?? "";
  const rows = part.split("\n").filter((line) => line.startsWith("| "));
  return new Map(
    rows.map((row) => {
      const [first = "", ...rest] = row
        .split("|")
        .map((text) => text.trim())
        .slice(1, -1);
      return [first.replaceAll("`", ""), rest];
    }),
  );
}

test("docs/verify.md has this table, cell by cell", () => {
  const sayings = rowsUnder("| name | word |");
  for (const [name, { word, mark, outcome }] of Object.entries(SAYINGS)) {
    const [said, shape, status] = sayings.get(name) ?? [];
    assert.deepEqual([said, shape, status], [word, mark, `${EXIT_STATUSES[outcome]}`], name);
  }
  const rows = rowsUnder("| found |");
  for (const found of FOUNDS) {
    const columns = rows.get(found);
    assert.equal(columns?.length, GIVENS.length, found);
    for (const [i, given] of GIVENS.entries()) {
      const name = TABLE[found][given];
      assert.equal(columns?.[i], name === "never" ? "–" : name, `${given}, ${found}`);
    }
  }
});

test("statements that contradict each other are a proof only by a chain that counts or a known signer", () => {
  const said: Readonly<Record<ForkGiven, readonly number[]>> = {
    chain: [0, 2, 1, 2],
    "development-chain": [0, 0, 1, 2],
    signer: [0, 2, 1, 2],
    nothing: [2, 2, 1, 2],
  };
  for (const [given, statuses] of Object.entries(said)) {
    const found = Object.keys(FORK_TABLE) as (keyof typeof FORK_TABLE)[];
    assert.deepEqual(
      found.map((each) => forkCellOf(given as ForkGiven, each).exitStatus),
      statuses,
      given,
    );
  }
});

test("a ledger of the same name and owner, signed with a stranger's key, is nobody's word but the stranger's", async () => {
  const victim = new TestLedger(5);
  const stranger = new TestLedger(5, { key: new Uint8Array(32).fill(7) });
  assert.equal(stranger.record.id, victim.record.id, "name and owner are anybody's to write");
  const { id: ledgerId, owner } = victim.record;
  const text = JSON.stringify(stranger.bundle(2));
  for (const expected of [{}, { ledgerId }, { owner }, { ledgerId, owner }]) {
    const { cell, summary, brief } = await verifyText(text, { expected });
    assert.deepEqual([cell.name, cell.exitStatus], ["unvouched", 2]);
    assert.doesNotMatch(summary + brief, /Proved/);
  }
  const known = await verifyText(text, { expected: { ledgerId, signers: [victim.record.signer] } });
  assert.deepEqual([known.outcome, known.steps.at(-1)?.name], ["failed", "expected"]);
});

/** A bundle with anchors on two chains, the later one of which was said to have forked, or is final. */
async function onTwoChains(change: (later: TestChain, blockNumber: number) => void, ids = [CHAIN_ID, 10]) {
  const ledger = new TestLedger(13);
  const [first, later] = ids.map((id, i) => {
    const chain = new TestChain(i === 0 ? 70 : 5000);
    chain.id = id;
    return chain;
  }) as [TestChain, TestChain];
  const anchors = [await first.anchor(ledger, 13), await later.anchor(ledger, 13)];
  change(later, anchors[1]?.blockNumber as number);
  const bundle = anchored(ledger.bundle(5), anchors);
  const set = sealed(
    [JSON.stringify({ format: "holdfast/set@1", ledgerId: ledger.record.id }), JSON.stringify(bundle)],
    [5],
  );
  const options = { ...KNOWN, chain: [first, later] };
  return {
    bundle,
    options,
    anchors,
    verdict: await verifyText(JSON.stringify(bundle), options),
    set: await verifySet(set.trimEnd().split("\n"), options),
  };
}

test("a fork that is marked on the chain of a later anchor is said as loudly as on the first one's", async () => {
  const found = await onTwoChains((later) => {
    later.forked = true;
  });
  for (const { cell, notes, summary, forkedOn } of [found.verdict, found.set]) {
    assert.deepEqual([cell.name, cell.mark, cell.exitStatus], ["forked", "warn", 0]);
    assert.match(notes.join(" "), /Beware: .*, on chain 10\./);
    assert.match(summary, /the ledger is marked as forked on chain 10/);
    assert.deepEqual(forkedOn, [10]);
  }
  const warned = found.verdict.steps.filter(({ isWarning }) => isWarning);
  assert.deepEqual(
    warned.map(({ name, anchor, state }) => [name, anchor, state]),
    [["fork", 1, "passed"]],
  );
  const { bundle, options } = found;
  const lie = anchored(bundle, [bundle.anchors[1], { ...bundle.anchors[0], blockTime: 1 }] as BundleAnchor[]);
  const failed = await verifyText(JSON.stringify(lie), options);
  assert.equal(failed.outcome, "failed");
  assert.match(failed.notes.join(" "), /Beware: .*, on chain 10\./, "also of a bundle that fails elsewhere");
  const silent = await verifyText(JSON.stringify(bundle), { ...options, chain: options.chain.slice(1) });
  assert.deepEqual([silent.cell.name, /on chain 10/.test(silent.notes.join())], ["unasked", true]);
});

test("a bundle whose later anchor is final is final, and says of each block whether it is", async () => {
  const { verdict, set, anchors } = await onTwoChains((later, blockNumber) => {
    later.finalUpTo = blockNumber;
  });
  assert.deepEqual([verdict.status, verdict.cell.name, verdict.cell.word], ["final", "verified", "Verified"]);
  const [early, late] = anchors.map(({ blockNumber }) => blockNumber);
  assert.match(
    verdict.summary,
    new RegExp(
      `block ${early} of chain ${CHAIN_ID}, which is not final yet, and no .* block ${late} of chain 10, which is final`,
    ),
  );
  assert.equal(set.blockTime, anchors[1]?.blockTime, "the block that is final");
  assert.match(set.summary, /; all those blocks are final\./);
});

test("an anchor on a chain that counts is what a verdict rests on, whatever a development chain says", async () => {
  const ids = [31337, CHAIN_ID];
  const { verdict, set, anchors } = await onTwoChains(() => undefined, ids);
  assert.deepEqual([verdict.cell.name, set.cell.name, verdict.status], ["unfinal", "unfinal", "anchored"]);
  assert.deepEqual([verdict.witness?.chainId, verdict.witness?.blockTime], [CHAIN_ID, anchors[1]?.blockTime]);
  assert.equal(set.blockTime, anchors[1]?.blockTime);
  assert.match(verdict.notes.join(" "), /Chain 31337 is a development chain/);
  assert.doesNotMatch(verdict.summary, /31337/);
});
