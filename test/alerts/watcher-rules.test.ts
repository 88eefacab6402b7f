/** What a service tells of watchers elsewhere. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Facts, WatcherSeen } from "../../src/alerts/facts.ts";
import { WatcherBlind } from "../../src/alerts/rules/watchers/watcher-blind.ts";
import { WatcherContradicts } from "../../src/alerts/rules/watchers/watcher-contradicts.ts";
import { WatcherSilent } from "../../src/alerts/rules/watchers/watcher-silent.ts";

const NOW = 1_790_000_000_000;
const SILENT_MS = 180_000;
const HEARD: WatcherSeen = {
  ledger: "main",
  name: "auditor",
  state: "good",
  lastAt: NOW - 1000,
  countsFrom: NOW - 1000,
  everyMs: SILENT_MS / 3,
  findings: [],
};

function factsOf(watchers?: readonly WatcherSeen[]): Facts {
  const facts: Facts = { now: NOW, conditions: [], countEvents: async () => 0 };
  return watchers === undefined ? facts : { ...facts, watchers };
}

const no = () => false;
const yes = () => true;

test("a watcher that is silent is told, and one that was never heard; a start of the service begins no silence and ends none", () => {
  const rule = new WatcherSilent();
  const silent: WatcherSeen = { ...HEARD, state: "silent", lastAt: NOW - SILENT_MS, countsFrom: NOW - SILENT_MS };
  const { lastAt: _, ...never } = { ...silent, state: "never_heard" } as const;
  const started = { ...silent, countsFrom: NOW - 1000 };
  const subjects = (watcher: WatcherSeen, isFiring = no) => {
    const judged = rule.judge(factsOf([watcher]), isFiring);
    return judged === "unknown" ? judged : judged.map(({ subject }) => subject);
  };
  assert.deepEqual(subjects(HEARD, yes), []);
  assert.deepEqual(subjects(silent), ["main/auditor"]);
  assert.deepEqual(subjects(never), ["main/auditor"]);
  assert.deepEqual(subjects(started), []);
  assert.deepEqual(subjects(started, yes), ["main/auditor"]);
  assert.equal(rule.judge(factsOf(), no), "unknown");
});

test("what a watcher says to be wrong holds while it is silent and while it cannot tell, and is critical where it is about the history", () => {
  const rule = new WatcherContradicts();
  const findings = [
    { code: "root", mark: "bad", detail: "another root" },
    { code: "lag", mark: "bad", detail: "waits" },
    { code: "of_a_later_version", mark: "bad", detail: "new" },
  ] as const;
  for (const state of ["contradicts", "silent"] as const) {
    const judged = rule.judge(factsOf([{ ...HEARD, state, findings }]), no);
    assert.deepEqual(judged !== "unknown" && judged.map(({ subject, severity }) => [subject, severity]), [
      ["main/auditor/root", "critical"],
      ["main/auditor/lag", "warning"],
      ["main/auditor/of_a_later_version", "critical"],
    ]);
  }
  const lost = factsOf([{ ...HEARD, findings: [{ code: "root", mark: "unknown", detail: "no answer" }] }]);
  assert.equal(rule.judge(lost, yes).length, 1);
  assert.deepEqual(rule.judge(lost, no), []);
});

test("a watcher that cannot tell for three hours is told", () => {
  const rule = new WatcherBlind();
  const findings = [{ code: "chain", mark: "unknown", detail: "no node answers" }] as const;
  const blind = (ms: number) => rule.judge(factsOf([{ ...HEARD, findings, unknownSince: NOW - ms }]));
  assert.deepEqual(blind(10_799_000), []);
  assert.equal(blind(10_800_000).length, 1);
  assert.deepEqual(rule.judge(factsOf([HEARD])), []);
});
