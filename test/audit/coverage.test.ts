/** What finished audits together say of a ledger: which entries were looked at how, and when that counts for something. */

import assert from "node:assert/strict";
import test from "node:test";
import { AuditRecords } from "../../src/audit/running/audit-records.ts";
import { type CoverageRange, type CoveringAudit, coverageOf } from "../../src/audit/running/coverage.ts";
import type { AuditReportDocument, SampleClaim } from "../../src/verify/report/audit-report.ts";
import { record, storeWithLedger } from "../ledger/fixtures.ts";

const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const NOW = 100 * DAY_MS;
const CLAIM: SampleClaim = { of: 100, drawn: 10, damaged: 1, foundPpm: 950_000 };

type Kind = CoveringAudit["audit"]["kind"];

/** @param day on which it ended */
function audit(
  id: string,
  kind: Kind,
  day: number,
  size: number,
  outcome: CoveringAudit["outcome"] = kind === "whole" ? "whole" : "partial",
): CoveringAudit {
  const finishedAt = day * DAY_MS;
  return {
    audit: { id, kind, reason: "schedule", startedAt: finishedAt - 1, finishedAt },
    outcome,
    ...(size > 0 && { checkpoint: { size, root: "0x", signedAt: 0, signature: "0x" } }),
    ...(kind === "sample" && { sample: CLAIM }),
  };
}

/** "0-100 w s" */
function words({ from, to, whole, sample }: CoverageRange): string {
  return [`${from}-${to}`, ...[whole, sample].flatMap((each) => each?.id ?? [])].join(" ");
}

const RANGES: readonly (readonly [title: string, size: number, finished: readonly CoveringAudit[], ranges: string])[] =
  [
    ["an empty ledger has no ranges", 0, [], ""],
    ["what no audit looked at is a range as well", 100, [], "0-100"],
    ["all of it", 100, [audit("w", "whole", 99, 100)], "0-100 w"],
    ["what came since a whole audit", 120, [audit("w", "whole", 99, 100)], "0-100 w, 100-120"],
    [
      "a sample since reaches further",
      130,
      [audit("s", "sample", 99, 120), audit("w", "whole", 98, 100)],
      "0-100 w s, 100-120 s, 120-130",
    ],
    [
      "a sample before the whole one is told of what it was about",
      120,
      [audit("w", "whole", 99, 100), audit("s", "sample", 98, 90)],
      "0-90 w s, 90-100 w, 100-120",
    ],
    [
      "of several of a kind the newest counts",
      100,
      [audit("w2", "whole", 99, 100), audit("w1", "whole", 90, 90), audit("w0", "whole", 80, 50)],
      "0-100 w2",
    ],
    [
      "an older audit of more than there is in the newest one, after a restored backup",
      70,
      [audit("w2", "whole", 99, 60), audit("w1", "whole", 90, 80)],
      "0-60 w2, 60-70 w1",
    ],
    ["an audit of more entries than the ledger has", 50, [audit("w", "whole", 99, 100)], "0-50 w"],
    ["one that had nothing to look at covers nothing", 10, [audit("n", "whole", 99, 0, "nothing")], "0-10"],
    ["one that found something has looked all the same", 10, [audit("d", "whole", 99, 10, "damaged")], "0-10 d"],
  ];

test("every entry is in one range, with the newest audits that were about all of it", () => {
  for (const [title, size, finished, ranges] of RANGES) {
    const covered = coverageOf(finished, { size, wholeMs: WEEK_MS, now: NOW });
    assert.equal(covered.ranges.map(words).join(", "), ranges, title);
  }
});

test("a range that was sampled says with which probability what would have been found", () => {
  const { ranges } = coverageOf([audit("s", "sample", 99, 100)], { size: 100, wholeMs: WEEK_MS, now: NOW });
  assert.deepEqual(ranges, [{ from: 0, to: 100, sample: { ...CLAIM, id: "s", finishedAt: 99 * DAY_MS } }]);
});

const STATES: readonly (readonly [title: string, finished: readonly CoveringAudit[], state: string, audit?: string])[] =
  [
    ["no audit", [], "never"],
    ["one that had nothing to look at", [audit("n", "whole", 99, 0, "nothing")], "never"],
    ["a sample alone", [audit("s", "sample", 99, 100)], "sampled", "s"],
    ["a whole one that looked at all", [audit("w", "whole", 99, 100)], "whole", "w"],
    ["a sample since says no more", [audit("s", "sample", 99, 100), audit("w", "whole", 98, 90)], "whole", "w"],
    ["a whole one that did not look at all", [audit("p", "whole", 99, 100, "partial")], "partial", "p"],
    ["a whole one with findings", [audit("d", "whole", 99, 100, "damaged")], "damaged", "d"],
    [
      "a sample with findings since",
      [audit("d", "sample", 99, 100, "damaged"), audit("w", "whole", 98, 90)],
      "damaged",
      "d",
    ],
    [
      "a sample that drew none of what the whole one found",
      [audit("s", "sample", 99, 100), audit("d", "whole", 98, 90, "damaged")],
      "damaged",
      "d",
    ],
    [
      "findings that a later whole one did not have any more",
      [audit("w", "whole", 99, 100), audit("d", "whole", 98, 90, "damaged")],
      "whole",
      "w",
    ],
    [
      "one over nothing does not stand for the one before",
      [audit("n", "whole", 99, 0, "nothing"), audit("d", "whole", 98, 90, "damaged")],
      "damaged",
      "d",
    ],
    ["a whole one of fourteen days ago", [audit("w", "whole", 86, 100)], "stale", "w"],
    [
      "an old whole one, whatever was sampled since",
      [audit("s", "sample", 99, 100), audit("w", "whole", 80, 90)],
      "stale",
      "w",
    ],
    ["a sample of fourteen days ago, where there is no whole one", [audit("s", "sample", 86, 100)], "stale", "s"],
    ["findings do not grow old", [audit("d", "whole", 10, 100, "damaged")], "damaged", "d"],
    ["one whose time is still to come", [audit("w", "whole", 101, 100)], "stale", "w"],
  ];

test("a ledger is whole only by a whole audit that looked at all, found nothing and is not old", () => {
  for (const [title, finished, state, id] of STATES) {
    const covered = coverageOf(finished, { size: 100, wholeMs: WEEK_MS, now: NOW });
    assert.deepEqual([covered.state, covered.audit], [state, id], title);
  }
  assert.equal(coverageOf([audit("w", "whole", 99, 100)], { size: 0, wholeMs: WEEK_MS, now: NOW }).state, "empty");
});

test("a whole audit is too old after twice the time between two, and after two weeks where none is made by schedule", () => {
  const finished = [audit("w", "whole", 90, 100)];
  const at = (wholeMs: number, day: number) => coverageOf(finished, { size: 100, wholeMs, now: day * DAY_MS });
  assert.equal(at(3 * DAY_MS, 90).staleAt, 96 * DAY_MS);
  assert.deepEqual([at(3 * DAY_MS, 95.9).state, at(3 * DAY_MS, 96).state], ["whole", "stale"]);
  assert.deepEqual([at(0, 103.9).state, at(0, 104).state], ["whole", "stale"]);
});

test("however many samples there were since, the last whole audit is kept; a later whole one takes its place", async () => {
  const store = await storeWithLedger();
  const open = () => AuditRecords.open(store, record.id);
  const records = await open();
  const finish = async (each: CoveringAudit) => {
    const report = each as AuditReportDocument;
    const { id, kind, reason } = report.audit;
    await records.finish({ id, kind, reason, share: 1, askedAt: 0 }, report);
  };
  const ids = async (kind: Kind) =>
    (await open()).finished.flatMap(({ report }) => (report.audit.kind === kind ? report.audit.id : []));
  await finish(audit("w1", "whole", 1, 10));
  for (let at = 0; at < 300; at++) await finish(audit(`s${at}`, "sample", 2 + at, 10));
  assert.deepEqual(await ids("whole"), ["w1"]);
  assert.equal((await ids("sample")).length, 249);
  await finish(audit("w2", "whole", 400, 10));
  for (let at = 0; at < 5; at++) await finish(audit(`t${at}`, "sample", 401 + at, 10));
  assert.deepEqual(await ids("whole"), ["w2"]);
});

test("an audit that ended under a clock that was ahead hides no later one, before a start and after it", async () => {
  const store = await storeWithLedger();
  const records = await AuditRecords.open(store, record.id);
  for (const each of [audit("ahead", "whole", 4000, 10), audit("bad", "whole", 99, 10, "damaged")]) {
    const { id, kind, reason } = each.audit;
    await records.finish({ id, kind, reason, share: 1, askedAt: 0 }, each as AuditReportDocument);
  }
  await records.told(records.finished);
  for (const { finished } of [records, await AuditRecords.open(store, record.id)]) {
    assert.deepEqual(
      finished.map(({ report, isTold }) => [report.audit.id, isTold]),
      [
        ["bad", true],
        ["ahead", true],
      ],
    );
    const reports = finished.map(({ report }) => report);
    assert.equal(coverageOf(reports, { size: 10, wholeMs: WEEK_MS, now: NOW }).state, "damaged");
  }
});
