/** Contradictions: every pair of statements that cannot both be true is found, and none that can. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Hex } from "../../src/merkle/bytes.ts";
import { BundleError } from "../../src/verify/bundle/bundle.ts";
import { compareStatements, relate } from "../../src/watch/fork.ts";
import {
  anchoredStatement,
  type Exhibit,
  plainStatement,
  readExhibit,
  readExhibits,
  type Statement,
  wholeNodes,
} from "../../src/watch/statement.ts";
import { History, LEDGER_ID, SIGNER } from "../cli/fork-proof/histories.ts";

const SIZE = 20;
const told = new History(SIZE);
const other = new History(SIZE, "other", 5);
const CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
const inContract = (history: History, size: number, chainId = 1): Statement =>
  anchoredStatement({ ledgerId: LEDGER_ID, size, root: history.tree.root(size), chainId, contract: CONTRACT });
const nodes = (history: History, from: number, to: number): readonly Hex[] =>
  wholeNodes(from, history.tree.root(from), history.tree.consistency(from, to));
const exhibit = (...statements: Statement[]): Exhibit => ({ ledgerId: LEDGER_ID, statements, leaves: [], paths: [] });
const found = (...exhibits: Exhibit[]) =>
  compareStatements(exhibits).contradictions.map(({ kind, a, b }) => [kind, a.size, b.size]);

test("two trees are told apart at every pair of sizes, and the same tree is not", () => {
  const all = (history: History) =>
    Array.from({ length: SIZE + 1 }, (_, size) => inContract(history, Math.max(size, 1)));
  const ours = all(told);
  const theirs = all(other);
  for (let to = 1; to <= SIZE; to++) {
    for (let from = 1; from <= to; from++) {
      const path = from === to ? undefined : nodes(told, from, to);
      const a = ours[from] as Statement;
      const stranger = theirs[from] as Statement;
      const b = ours[to] as Statement;
      assert.equal(relate(a, b, path), "extends", `${from} ${to}`);
      assert.equal(relate(stranger, b, path), from <= 5 ? "extends" : "contradicts", `${from} ${to}`);
    }
  }
});

test("a path that leads elsewhere, or is none, decides nothing", () => {
  const a = other.statement(7);
  const b = told.statement(12);
  const path = nodes(told, 7, 12);
  const wrong = [
    undefined,
    [],
    path.slice(1),
    path.slice(0, -1),
    [...path, a.root],
    path.toReversed(),
    nodes(other, 7, 12),
  ];
  for (const each of wrong) assert.equal(relate(a, b, each), "open");
  for (const i of path.keys()) assert.equal(relate(a, b, path.with(i, a.root)), "open");
});

test("one size with two roots is found, whoever says it", () => {
  for (const a of [told.statement(7), inContract(told, 7)]) {
    for (const b of [other.statement(7), inContract(other, 7, 2)]) {
      assert.deepEqual(found(exhibit(a), exhibit(b)), [["roots", 7, 7]]);
    }
  }
  assert.deepEqual(found(exhibit(told.statement(7)), exhibit(inContract(told, 7))), []);
});

test("a file of many stories of one signer is no more work than two of them", () => {
  const roots = Array.from({ length: 1000 }, (_, i): Hex => `0x${i.toString(16).padStart(64, "0")}`);
  const statements = roots.map((root) => ({ ...told.statement(1), root }));
  assert.equal(compareStatements([exhibit(...statements)]).contradictions.length, 1);
  // The tree of one entry has that entry's hash as its root.
  const leaves = roots.map((root) => ({ index: 0, leafHash: root, path: [], size: 1, root }));
  const kinds = compareStatements([{ ...exhibit(...statements), leaves }]).contradictions.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["roots", "leaves"]);
  const a = told.statement(3);
  const b = told.statement(8);
  const path = { from: 3, to: 8, nodes: wholeNodes(3, a.root, told.tree.consistency(3, 8)) };
  const lied = [a, b, ...roots.map((root) => ({ ...a, root }))];
  const flooded = compareStatements([{ ...exhibit(...lied), paths: [path] }]).contradictions;
  assert.deepEqual(
    flooded.map((each) => [each.a.size, each.b.size]),
    [
      [3, 3],
      [3, 8],
    ],
  );
});

test("of neighbouring sizes every one must be linked, and then all are one history", () => {
  const statements = [3, 8, 9, 20].map((size) => exhibit(told.statement(size)));
  const open = compareStatements(statements).open.map(([a, b]) => [a.size, b.size]);
  assert.deepEqual(open, [
    [3, 8],
    [8, 9],
    [9, 20],
  ]);
  const paths = open.map(([from, to]) => ({ from, to, nodes: nodes(told, from as number, to as number) }));
  assert.deepEqual(compareStatements(statements, paths as never), { contradictions: [], open: [] });
  const rewritten = [...statements, exhibit(other.statement(9))];
  const { contradictions } = compareStatements(rewritten, paths as never);
  assert.deepEqual(
    contradictions.map(({ a, b }) => [a.size, b.size]),
    [
      [9, 9],
      [9, 20],
    ],
  );
});

test("two entries at one index are found when each is proved in its own tree", () => {
  const read = (history: History, index: number, size: number) =>
    readExhibit(JSON.stringify(history.bundle(index, size)));
  assert.deepEqual(found(read(told, 6, 12), read(other, 6, 9)), [["leaves", 9, 12]]);
  assert.deepEqual(found(read(told, 6, 9), read(other, 6, 9)), [
    ["roots", 9, 9],
    ["leaves", 9, 9],
  ]);
  assert.deepEqual(found(read(told, 4, 12), read(other, 4, 9)), [], "the same entry");
  assert.deepEqual(found(read(told, 6, 12), read(other, 7, 9)), [], "two indexes");
  const forged = read(other, 6, 9);
  const leaves = forged.leaves.map((leaf) => ({ ...leaf, index: 5 }));
  assert.deepEqual(found(read(told, 5, 12), { ...forged, leaves }), [], "a path of another index");
});

test("statements are read from everything that people keep", () => {
  const checkpoint = told.checkpoint(7);
  const anchor = {
    ...checkpoint,
    chainId: 1,
    contract: CONTRACT,
    stage: "mined",
    gasUsed: 70_000,
    feeWei: "1",
    transactionHash: checkpoint.root,
    blockNumber: 1,
    blockHash: checkpoint.root,
    blockTime: 1,
  };
  const state = { format: "holdfast/watch@1", checkpoint, waiting: [] };
  const evidence = {
    format: "holdfast/evidence@1",
    ledgerId: LEDGER_ID,
    finding: "root",
    detail: "…",
    a: plainStatement(other.statement(7)),
    b: plainStatement(inContract(told, 12)),
    nodes: nodes(told, 7, 12),
  };
  const signed = told.statement(7);
  assert.deepEqual(readExhibit(JSON.stringify(checkpoint)).statements, [signed]);
  assert.deepEqual(readExhibit(JSON.stringify({ ...checkpoint, cosigned: [] })).statements, [signed]);
  assert.deepEqual(readExhibit(JSON.stringify(state)).statements, [signed]);
  assert.deepEqual(readExhibit(JSON.stringify(anchor)).statements, [signed, inContract(told, 7)]);
  assert.equal(readExhibit(JSON.stringify({ anchors: [anchor, anchor], next: null, chains: [] })).statements.length, 4);
  assert.deepEqual(found(readExhibit(JSON.stringify(evidence))), [["roots", 7, 12]]);
  const report = JSON.stringify({ format: "holdfast/watch-report@1", checkpoint: null });
  const lines = [report, JSON.stringify(state), JSON.stringify(state), ""].join("\n");
  assert.deepEqual(
    readExhibits(lines).map(({ statements }) => statements),
    [[signed]],
  );
  assert.deepEqual(
    readExhibits(JSON.stringify(told.bundle(3, 7), null, 2)).map(({ leaves }) => leaves.length),
    [1],
  );
  assert.equal(signed.signer, SIGNER);
});

test("what states nothing is refused with a reason", () => {
  const { signature: _, ...unsigned } = told.checkpoint(7);
  const bundle = told.bundle(3, 7);
  for (const value of [
    1,
    [],
    {},
    unsigned,
    { ...told.checkpoint(7), size: 0 },
    { ...bundle, extra: 1 },
    { checkpoint: {} },
  ]) {
    assert.throws(() => readExhibits(JSON.stringify(value)), BundleError, JSON.stringify(value).slice(0, 60));
  }
  assert.throws(() => readExhibits(""), BundleError);
  const broken = { ...told.checkpoint(7), signature: `0x${"11".repeat(65)}` };
  assert.throws(() => readExhibits(JSON.stringify(broken)), /expected a signed checkpoint/);
});
