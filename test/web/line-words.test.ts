/** What the line at the head of the pages says: the service's word, and never that word without an answer that is fresh. */

import assert from "node:assert/strict";
import test from "node:test";
import { type LineSeen, lineOf } from "../../src/web/ledger-pages/frame/line-words.ts";
import type { StandingAnswer } from "../../src/web/ledger-pages/frame/standing-answer.ts";

const NOW = Date.UTC(2026, 10, 28, 12);
const GOOD: StandingAnswer = { state: "good", at: NOW, reasons: [], notLookedAt: [], more: 0 };
const WELL: LineSeen = {
  ledger: "pay/roll",
  hasKey: true,
  may: true,
  value: GOOD,
  error: undefined,
  answeredAt: NOW - 10_000,
  now: NOW,
};
const alert = { code: "disk_filling", severity: "warning", text: "the disk fills", href: "#/main/alerts" } as const;
const damage = {
  code: "audit_finding",
  severity: "critical",
  text: "it is damaged",
  href: "#/main/integrity",
  ledger: "main",
} as const;
const unseen = { what: "the ledger main", why: "it was not audited yet", href: "#/main/integrity", ledger: "main" };

test("a fresh answer that all is well is shown as good, with nothing to do", () => {
  const { state, links } = lineOf(WELL);
  assert.deepEqual([state, links], ["good", []]);
});

/** Each single thing after which nobody knows, whatever the last answer was. */
const UNKNOWN: readonly (readonly [what: string, change: Partial<LineSeen>, said: RegExp, link: string | undefined])[] =
  [
    ["nobody signed in", { hasKey: false }, /told to those who sign in/, "#/pay%2Froll/sign-in"],
    ["it is not known yet what the key may", { may: undefined, value: undefined }, /Asking/, undefined],
    ["the key may not know", { may: false }, /of all ledgers/, "#/pay%2Froll/sign-in"],
    ["there is no answer yet", { value: undefined, answeredAt: undefined }, /Asking/, undefined],
    [
      "the last request failed",
      { error: new Error("The service does not answer.") },
      /does not answer\. It is not known since 2026-11-28 11:59:50 UTC/,
      undefined,
    ],
    ["the answer is old", { answeredAt: NOW - 60_001 }, /last told at 2026-11-28 11:58:59 UTC/, undefined],
    ["the answer is of a time that is still to come", { answeredAt: NOW + 60_001 }, /last told/, undefined],
    [
      "not all was looked at",
      { value: { ...GOOD, state: "unknown", notLookedAt: [unseen] } },
      /not all was looked at: the ledger main: it was not audited yet\./,
      "#/main/integrity",
    ],
  ];
for (const [what, change, said, link] of UNKNOWN) {
  test(`${what}: not known, and never good`, () => {
    const line = lineOf({ ...WELL, ...change });
    assert.equal(line.state, "unknown");
    assert.equal(line.title, "Not known");
    assert.match(line.text, said);
    assert.equal(line.links[0]?.href, link);
  });
}

test("what is wrong is said with where to go: under the reader's own ledger, unless it is about another", () => {
  const needs = lineOf({ ...WELL, value: { ...GOOD, state: "attention", reasons: [alert] } });
  assert.deepEqual([needs.title, needs.text], ["Needs attention", "The disk fills."]);
  assert.deepEqual(needs.links, [{ href: "#/pay%2Froll/alerts", text: "See what to do" }]);
  const value: StandingAnswer = {
    ...GOOD,
    state: "critical",
    reasons: [damage, alert],
    notLookedAt: [unseen],
    more: 2,
  };
  const critical = lineOf({ ...WELL, value });
  assert.equal(critical.title, "Critical");
  assert.match(critical.text, /^It is damaged\. Besides, not all was looked at\.$/);
  assert.deepEqual(critical.links, [
    { href: "#/main/integrity", text: "See its integrity" },
    { href: "#/pay%2Froll/alerts", text: "All 5" },
  ]);
});
