/** What is no proof is told apart from a proof that was damaged, and named for what it is. */

import assert from "node:assert/strict";
import test from "node:test";
import { hasSigns, otherThanProof } from "../../../src/verify/bundle/no-proof.ts";
import { SetPacker } from "../../../src/verify/set/pack.ts";
import { verifyText } from "../../../src/verify/verify.ts";
import { TestLedger } from "../fixture.ts";

const ledger = new TestLedger(13);
const text = JSON.stringify(ledger.bundle(5));
const { checkpoint, ledger: record } = ledger.bundle(5);
const receipt = { index: 1, recordedAt: 1_790_000_000_000, leafHash: `0x${"ab".repeat(32)}`, duplicate: false };
const event = { action: "user.login", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u1" } };

const OTHERS: readonly (readonly [what: string, text: string, said: RegExp])[] = [
  ["nothing", "", /^It is empty\.$/],
  ["spaces and line breaks", " \r\n\t\n", /^It is empty\.$/],
  ["prose", "Dear auditor,\nplease find attached", /^It is not JSON/],
  ["a page", "<!doctype html><title>502</title>", /^It is not JSON/],
  [
    "the answer to a batch",
    JSON.stringify({ ledger: record, checkpoint, receipts: [receipt] }),
    /receipts of a batch.*holdfast prove/,
  ],
  [
    "a file of receipts",
    `${JSON.stringify(receipt)}\n${JSON.stringify(receipt)}\n`,
    /These are receipts.*holdfast prove/,
  ],
  [
    "an export",
    `${JSON.stringify({ index: 0, recordedAt: 1, leafHash: receipt.leafHash, event, salts: [] })}\n{"holdfast_export":{}}\n`,
    /^It is an export\..*--check.*holdfast prove/,
  ],
  ["a checkpoint", JSON.stringify({ ledgerId: record.id, ...checkpoint }), /It is a checkpoint.*holdfast prove/],
  ["an event", JSON.stringify(event), /It is an event without its proof.*holdfast prove/],
  ["a batch of events", JSON.stringify([event, event]), /It is an event without its proof/],
  ["a page of events", JSON.stringify({ events: [{ index: 0, event }] }), /events without their proofs/],
  [
    "a refusal",
    JSON.stringify({ type: "about:blank", title: "No key", status: 401, code: "key_missing" }),
    /why it gave no proof/,
  ],
  ["what a watcher keeps", JSON.stringify({ format: "holdfast/watch@2", ledger: "main" }), /holdfast fork-proof/],
  ["other JSON", '{"a":[1,2,{"b":null}]}', /^It is JSON of another kind\.$/],
  ["a number", "12", /^It is JSON of another kind\.$/],
];

test("what is no proof is called that, and what it is instead", async () => {
  for (const [what, other, said] of OTHERS) {
    assert.match(otherThanProof(other) ?? "a proof", said, what);
    const { cell, outcome, checks, summary, event: shown } = await verifyText(other);
    assert.deepEqual([cell.name, cell.exitStatus, outcome, checks], ["noProof", 3, "no-proof", "failed"], what);
    assert.match(summary, /^Nothing was verified\. /, what);
    assert.equal(shown, undefined);
  }
});

test("a proof that was cut, changed anywhere, or stands in other text is a proof that fails", async () => {
  const packer = new SetPacker(ledger.record.id);
  const set = [3, 4, 5].flatMap((index) => packer.add(ledger.bundle(index))).concat(packer.end());
  const damaged = [
    text.slice(0, 40),
    text.slice(30),
    text.replace("holdfast/bundle@1", "holdfast/bundle@2"),
    text.replace("holdfast", "haltfest"),
    text.replaceAll('"', "'"),
    `HTTP/1.1 200 OK\r\n\r\n${text}`,
    JSON.stringify([ledger.bundle(5)]),
    JSON.stringify({ bundle: ledger.bundle(5) }, null, 2),
    text.replace("holdfast/", "holdfast\\/").replace('"path"', '"paht"'),
    ...set,
  ];
  for (const each of damaged) {
    assert.equal(otherThanProof(each), undefined, each.slice(0, 60));
    const { cell } = await verifyText(each);
    assert.deepEqual([cell.name, cell.exitStatus], ["failed", 1], each.slice(0, 60));
  }
});

test("no single character hides that a text was a proof", () => {
  for (let place = 0; place < text.length; place++) {
    const mutant = `${text.slice(0, place)}~${text.slice(place + 1)}`;
    assert.ok(hasSigns(mutant), mutant.slice(Math.max(0, place - 20), place + 20));
  }
});
