/** Periods, what rules let go when, and which changes of them shorten something. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Entry } from "../../src/entry/entry.ts";
import { RetentionJudge } from "../../src/retention/judge.ts";
import { addPeriod, isAtLeast, type Period, readPeriod } from "../../src/retention/period.ts";
import { isShortened, type RetentionRule, ruleFault } from "../../src/retention/policy.ts";
import { PRESETS } from "../../src/retention/presets.ts";

const DAY = 86_400_000;
const period = (text: string): Period => readPeriod(text) ?? assert.fail(text);
const at = (text: string): number => Date.parse(text);

test("a period is counted in the calendar, and ends with the month that has not its day", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["2024-02-29T10:00:00Z", "P1Y", "2025-02-28T10:00:00Z"],
    ["2024-02-29T10:00:00Z", "P4Y", "2028-02-29T10:00:00Z"],
    ["2025-01-31T23:59:59.999Z", "P1M", "2025-02-28T23:59:59.999Z"],
    ["2025-01-31T00:00:00Z", "P1M1D", "2025-03-01T00:00:00Z"],
    ["2025-11-15T00:00:00Z", "P3M", "2026-02-15T00:00:00Z"],
    ["2025-01-01T00:00:00Z", "P1W", "2025-01-08T00:00:00Z"],
    ["2025-01-01T00:00:00Z", "PT1H30M5S", "2025-01-01T01:30:05Z"],
    ["1969-12-31T23:00:00Z", "P1M", "1970-01-31T23:00:00Z"],
  ];
  for (const [from, text, to] of cases) assert.equal(addPeriod(at(from), period(text)), at(to), `${from} ${text}`);
});

test("what is no period is not taken for one", () => {
  for (const text of [
    "",
    "P",
    "PT",
    "P1",
    "1Y",
    "P-1Y",
    "P1.5Y",
    "P1YT",
    "p1y",
    "P1S",
    "P1D1M",
    "P2000Y",
    `P${"9".repeat(30)}D`,
  ]) {
    assert.equal(readPeriod(text), undefined, text);
  }
});

test("a period is called not shorter only where it is so from every day on", () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["P1Y", "P12M", true],
    ["P12M", "P1Y", true],
    ["P365D", "P1Y", false],
    ["P370D", "P1Y", true],
    ["P1Y", "P365D", false],
    ["P6Y", "P5Y", true],
    ["P1M", "P27D", false],
    ["P1M", "P26D", true],
    ["PT0S", "PT0S", true],
  ];
  for (const [a, b, expected] of cases) assert.equal(isAtLeast(period(a), period(b)), expected, `${a} ${b}`);
  for (let day = 0; day < 1500; day++) {
    const from = at("2023-01-01T00:00:00Z") + day * DAY;
    assert.ok(addPeriod(from, period("P1M")) >= addPeriod(from, period("P26D")));
    assert.ok(addPeriod(from, period("P370D")) >= addPeriod(from, period("P1Y")));
  }
});

/** An entry with these members. */
function entryOf(event: Readonly<Record<string, unknown>>, recordedAt = 0): Entry {
  const salt = new Uint8Array(16);
  const members = Object.entries(event).map(([name, value]) => ({ salt, text: `"${name}":${JSON.stringify(value)}` }));
  return { recordedAt, members };
}

const dueAt = (rules: readonly RetentionRule[], event: object): number =>
  new RetentionJudge(rules).judge(entryOf(event as Record<string, unknown>)).dueAt;

test("an event is under the rules that name its action, class, class of OCSF or source, and under those that name nothing", () => {
  const rule = (more: Partial<RetentionRule>): RetentionRule[] => [
    { name: "r", keepAtMost: "P1D", after: "prune", ...more },
  ];
  const login = { action: "user.login", actor: { type: "user", id: "u" }, source: "shop", class: "restricted" };
  const cases: readonly (readonly [Partial<RetentionRule>, boolean])[] = [
    [{}, true],
    [{ action: "user.*" }, true],
    [{ action: "user.login" }, true],
    [{ action: "user.log" }, false],
    [{ class: "restricted" }, true],
    [{ class: "public" }, false],
    [{ ocsf: 3002 }, true],
    [{ ocsf: 3 }, true],
    [{ ocsf: 6003 }, false],
    [{ source: "shop" }, true],
    [{ source: "desk" }, false],
    [{ action: "user.*", source: "desk" }, false],
  ];
  for (const [more, expected] of cases) {
    assert.equal(dueAt(rule(more), login) === DAY, expected, JSON.stringify(more));
  }
  const sent = { action: "user.login", _source: { format: "native", source: "desk", key: "k" } };
  assert.equal(dueAt(rule({ source: "desk" }), sent), DAY, "what came through a key is of the key's source");
});

test("the longest “at least” holds against every “at most”, whatever the order of the rules", () => {
  const minimal: RetentionRule = { name: "minimal", keepAtMost: "P30D", after: "prune" };
  const books: RetentionRule = { name: "books", action: "book.*", keepAtLeast: "P7Y" };
  for (const rules of [
    [minimal, books],
    [books, minimal],
  ]) {
    assert.equal(dueAt(rules, { action: "user.login" }), 30 * DAY);
    assert.equal(dueAt(rules, { action: "book.entry" }), addPeriod(0, period("P7Y")));
  }
  assert.equal(dueAt([books], { action: "book.entry" }), Number.POSITIVE_INFINITY, "nothing lets it go");
});

test("one rule that asks for an archive is enough, and it is kept for the longest time that one asks for", () => {
  const rules: RetentionRule[] = [
    { name: "a", keepAtMost: "P10D", after: "prune" },
    { name: "b", keepAtMost: "P20D", after: "archive_and_prune", archiveFor: "P60D" },
    { name: "c", keepAtMost: "P30D", after: "archive_and_prune", archiveFor: "P40D" },
  ];
  const verdict = new RetentionJudge(rules).judge(entryOf({ action: "x" }));
  assert.deepEqual(verdict, { dueAt: 10 * DAY, rule: 0, isArchived: true, archiveUntil: 60 * DAY });
});

test("what the service recorded itself is under rules that name it, and under no other", () => {
  const own = { action: "holdfast.heartbeat", _source: { format: "holdfast", source: "holdfast" } };
  const all: RetentionRule = { name: "all", keepAtMost: "P1D", after: "prune" };
  const beats: RetentionRule = { name: "beats", action: "holdfast.heartbeat", keepAtMost: "P2D", after: "prune" };
  assert.equal(dueAt([all], own), Number.POSITIVE_INFINITY);
  assert.equal(dueAt([all, beats], own), 2 * DAY);
  const claimed = { action: "holdfast.heartbeat", _source: { format: "native", source: "evil" } };
  assert.equal(dueAt([beats], claimed), Number.POSITIVE_INFINITY, "and nobody else's events pass for them");
});

test("a change shortens when something may go earlier, or into no archive, or out of it earlier", () => {
  const keep = (keepAtLeast: string, more: Partial<RetentionRule> = {}): RetentionRule => ({
    name: "k",
    keepAtLeast,
    ...more,
  });
  const prune = (keepAtMost: string, more: Partial<RetentionRule> = {}): RetentionRule => ({
    name: "p",
    keepAtMost,
    after: "prune",
    ...more,
  });
  const archive = (keepAtMost: string, archiveFor?: string): RetentionRule => ({
    ...prune(keepAtMost),
    after: "archive_and_prune",
    archiveFor,
  });
  const cases: readonly (readonly [boolean, RetentionRule[], RetentionRule[], string])[] = [
    [false, [], [keep("P1Y")], "to promise more"],
    [true, [], [prune("P1Y")], "to let go what was kept for ever"],
    [true, [], [prune("P100Y")], "however late"],
    [false, [prune("P1Y")], [], "to keep all for ever"],
    [false, [prune("P1Y")], [prune("P2Y")], "to let go later"],
    [true, [prune("P2Y")], [prune("P1Y")], "to let go earlier"],
    [false, [prune("P1Y")], [prune("P1Y", { action: "a.*" })], "to let go less"],
    [true, [prune("P1Y", { action: "a.*" })], [prune("P1Y")], "to let go more"],
    [false, [prune("P1Y", { action: "a.*" })], [prune("P1Y", { action: "a.b" })], "a part of it"],
    [true, [prune("P1Y", { action: "a.b" })], [prune("P1Y", { action: "a.*" })], "all of it"],
    [false, [prune("P1Y", { ocsf: 3 })], [prune("P1Y", { ocsf: 3002 })], "one class of a category"],
    [true, [prune("P1Y", { ocsf: 3002 })], [prune("P1Y", { ocsf: 3 })], "a whole category"],
    [true, [keep("P7Y")], [keep("P6Y")], "to promise less"],
    [true, [keep("P7Y")], [], "to promise nothing"],
    [true, [keep("P7Y")], [keep("P7Y", { source: "desk" })], "to promise it of fewer"],
    [false, [keep("P7Y", { source: "desk" })], [keep("P7Y")], "to promise it of more"],
    [true, [archive("P1Y")], [prune("P1Y")], "into no archive"],
    [false, [prune("P1Y")], [archive("P1Y")], "into one"],
    [true, [archive("P1Y", "P6Y")], [archive("P1Y", "P5Y")], "out of it earlier"],
    [false, [archive("P1Y", "P6Y")], [archive("P1Y", "P7Y")], "later"],
    [
      true,
      [prune("P1Y")],
      [prune("P1Y"), prune("P1Y", { action: "holdfast.heartbeat" })],
      "our own, which it did not reach",
    ],
    [true, [prune("P366D")], [prune("P1Y")], "where it cannot be told"],
  ];
  for (const [expected, before, after, what] of cases) assert.equal(isShortened(before, after), expected, what);
});

test("a rule that contradicts itself, or says nothing, is none", () => {
  const cases: readonly (readonly [Partial<RetentionRule>, string | undefined])[] = [
    [{}, "keepAtLeast"],
    [{ keepAtLeast: "P1Y" }, undefined],
    [{ keepAtMost: "P1Y" }, "after"],
    [{ after: "prune", keepAtLeast: "P1Y" }, "after"],
    [{ keepAtLeast: "P1Y", keepAtMost: "P6M", after: "prune" }, "keepAtMost"],
    [{ keepAtLeast: "P1Y", keepAtMost: "P1Y", after: "prune" }, undefined],
    [{ keepAtMost: "P1Y", after: "prune", archiveFor: "P6Y" }, "archiveFor"],
    [{ keepAtMost: "P1Y", after: "archive_and_prune", archiveFor: "P6M" }, "archiveFor"],
    [{ keepAtMost: "P1Y", after: "archive_and_prune", archiveFor: "P6Y" }, undefined],
    [{ keepAtLeast: "P1Y", action: "us*" }, "action"],
    [{ keepAtLeast: "P1Y", source: "a,b" }, "source"],
  ];
  for (const [more, member] of cases)
    assert.equal(ruleFault({ name: "r", ...more })?.member, member, JSON.stringify(more));
});

test("every preset is without a fault, names its paragraph, and says what it does not settle", () => {
  assert.deepEqual(
    PRESETS.map(({ id }) => id),
    ["pci-dss", "hipaa", "sox", "sec-17a-4", "soc2", "iso-27001", "gdpr-minimal"],
  );
  for (const { id, paragraphs, asks, rules, doesNotSettle } of PRESETS) {
    assert.ok(paragraphs.length > 0 && asks !== "" && doesNotSettle.length > 1, id);
    for (const rule of rules) assert.equal(ruleFault(rule), undefined, id);
  }
});
