/** How everything stands, in one word: a service of which all is well, and each single thing that makes it another word. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Alert } from "../../../src/alerts/alert.ts";
import type { RuleStatus } from "../../../src/alerts/alerts.ts";
import type { KnownWatcher } from "../../../src/alerts/watchers/watcher-book.ts";
import type { AnchoringStatus, LedgerAnchorStatus } from "../../../src/anchor/status.ts";
import type { FinishedAudit } from "../../../src/audit/running/audit-records.ts";
import { COVERAGE_STATES, coverageOf } from "../../../src/audit/running/coverage.ts";
import type { Readiness } from "../../../src/http/routes/watching/readiness.ts";
import { lookAtAlerts } from "../../../src/http/routes/watching/standing/look-at-alerts.ts";
import { lookAtAnchoring } from "../../../src/http/routes/watching/standing/look-at-anchoring.ts";
import { lookAtAudits } from "../../../src/http/routes/watching/standing/look-at-audits.ts";
import { lookAtReadiness } from "../../../src/http/routes/watching/standing/look-at-readiness.ts";
import { lookAtWatchers } from "../../../src/http/routes/watching/standing/look-at-watchers.ts";
import {
  type ServiceStanding,
  type StandingLook,
  takeStanding,
} from "../../../src/http/routes/watching/standing/standing.ts";
import type { Hex } from "../../../src/merkle/bytes.ts";
import type { AuditOutcome, AuditReportDocument } from "../../../src/verify/report/audit-report.ts";
import { standingWords } from "../../../src/web/ledger-pages/watching/integrity/audit-words.ts";

const NOW = Date.UTC(2026, 10, 28, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ID: Hex = `0x${"ab".repeat(32)}`;

type AuditSeen = { readonly kind: "whole" | "sample"; readonly outcome: AuditOutcome; readonly skipped?: string };

/** All that is looked at. */
type World = {
  readonly size: number;
  readonly readOnly: boolean;
  /** The newest first, an hour apart. */
  readonly audits: readonly AuditSeen[];
  /** How long ago the newest one ended. */
  readonly agoMs: number;
  /** When the next one is due, from now on; undefined for never. */
  readonly dueMs: number | undefined;
  readonly firing: readonly Partial<Alert>[];
  readonly rules: readonly Partial<RuleStatus>[];
  readonly watchers: readonly ("good" | "unknown" | "silent" | "contradicts" | "never_heard")[];
  readonly isAlertsOn: boolean;
  readonly chain: Partial<AnchoringStatus>;
  readonly anchored: Partial<LedgerAnchorStatus>;
  readonly isOnChain: boolean;
  readonly reasons: Readiness["reasons"];
  readonly notices: Readiness["notices"];
  readonly broken: boolean;
};

const WELL: World = {
  size: 10,
  readOnly: false,
  audits: [{ kind: "whole", outcome: "whole" }],
  agoMs: HOUR,
  dueMs: HOUR,
  firing: [],
  rules: [{ judgedAt: NOW - MINUTE }],
  watchers: ["good"],
  isAlertsOn: true,
  chain: {},
  anchored: {},
  isOnChain: true,
  reasons: [],
  notices: [],
  broken: false,
};

const SAMPLE: AuditSeen = { kind: "sample", outcome: "partial" };

function auditSeen({ kind, outcome, skipped }: AuditSeen, i: number, agoMs: number): FinishedAudit {
  const at = NOW - agoMs - i * HOUR;
  const report = {
    audit: { id: `00${i}`, kind, reason: "schedule", startedAt: at, finishedAt: at },
    outcome,
    findings: outcome === "damaged" ? [{ kind: "value_changed", from: 3, to: 4, detail: "secret" }] : [],
    more: 0,
    skipped: skipped === undefined ? [] : [{ check: skipped, why: "it is not known where they are" }],
  } as unknown as AuditReportDocument;
  return { report, digest: "0x", isTold: true };
}

function finishedOf({ audits, agoMs }: World): FinishedAudit[] {
  return audits.map((each, i) => auditSeen(each, i, agoMs));
}

function reportsOf(world: World): AuditReportDocument[] {
  return finishedOf(world).map(({ report }) => report);
}

function alert(more: Partial<Alert>): Alert {
  const times = { firedAt: NOW - HOUR, seenAt: NOW };
  const what = {
    rule: "disk_filling",
    subject: "disk",
    title: "the disk fills",
    detail: "1 % is free",
    severity: "warning",
  } as const;
  return { id: "0123456789abcdef", ...what, ...times, changes: 1, ...more };
}

function watcherSeen(state: World["watchers"][number]) {
  const heard = state === "never_heard" ? undefined : ({ receivedAt: NOW - HOUR } as KnownWatcher["heard"]);
  return { name: "berlin", ledger: "main", state, heard };
}

function looksAt(world: World): StandingLook[] {
  const ledgers = () => [{ record: { id: ID, name: "main", readOnly: world.readOnly } }];
  const rules = world.rules.map(
    (each) => ({ name: "r", title: "a source is silent", severity: "warning", ...each }) as const,
  );
  const finished = finishedOf(world);
  const reports = reportsOf(world);
  const auditor = {
    list: () => ({ waiting: [], finished }),
    coverage: () => coverageOf(reports, { size: world.size, wholeMs: 7 * DAY, now: NOW }),
    soonestAt: () => (world.dueMs === undefined ? undefined : NOW + world.dueMs),
    nextAt: () => (world.dueMs === undefined ? undefined : NOW + world.dueMs),
  };
  const ledger = { name: "main", size: world.size, oldestUnanchoredS: 0, state: "anchored", ...world.anchored };
  const ofChain = { name: "sepolia", intervalMs: HOUR, latestBlock: 7, ledgers: world.isOnChain ? [ledger] : [] };
  const chain = { ...ofChain, ...world.chain } as AnchoringStatus;
  const alerts = { rules: () => rules, intervalMs: MINUTE, book: { firing: () => world.firing.map(alert) } };
  const hrefOf = (name: string) => `#/${name}/anchors`;
  return [
    lookAtAudits(auditor, ledgers, (name) => `#/${name}/integrity`),
    lookAtAnchoring(
      async () => {
        if (world.broken) throw new Error("a secret of the store");
        return [chain];
      },
      ledgers,
      { hrefOf, hrefOfChains: "#/main/overview" },
    ),
    lookAtWatchers({ all: () => world.watchers.map(watcherSeen) }, (name) => `#/${name}/integrity`),
    lookAtAlerts(world.isAlertsOn ? alerts : undefined, "#/main/alerts"),
    lookAtReadiness(async () => world),
  ];
}

const standingOf = (change: Partial<World>): Promise<ServiceStanding> =>
  takeStanding(looksAt({ ...WELL, ...change }), NOW, () => undefined);

const since = (code: "chain_unreachable" | "funds_insufficient") => ({
  code,
  message: "key=hunter2",
  since: NOW - HOUR,
});
const hand = { key: "k", source: "ada", at: NOW - MINUTE };

/** One change each of a service of which all is well, the word that it becomes, and what is said of it. */
const CASES: readonly (readonly [
  what: string,
  change: Partial<World>,
  state: ServiceStanding["state"],
  said: RegExp | undefined,
])[] = [
  ["nothing is wrong and all was looked at", {}, "good", undefined],
  ["an empty ledger has nothing to audit", { size: 0, audits: [] }, "good", undefined],
  ["a whole audit found nothing", { audits: [{ kind: "whole", outcome: "whole" }] }, "good", undefined],
  [
    "a whole audit after the damage was mended",
    {
      audits: [
        { kind: "whole", outcome: "whole" },
        { kind: "sample", outcome: "damaged" },
      ],
    },
    "good",
    undefined,
  ],
  [
    "an audit found damage",
    { audits: [{ kind: "whole", outcome: "damaged" }] },
    "critical",
    /main is damaged: audit 000 found one thing wrong \(value changed\)/,
  ],
  [
    "a sample found damage since the whole audit",
    {
      audits: [
        { kind: "sample", outcome: "damaged" },
        { kind: "whole", outcome: "whole" },
      ],
    },
    "critical",
    /is damaged/,
  ],
  [
    "a sample found nothing where the whole audit found damage",
    {
      audits: [
        { kind: "sample", outcome: "partial" },
        { kind: "whole", outcome: "damaged" },
      ],
    },
    "critical",
    /audit 001/,
  ],
  ["no audit yet", { audits: [] }, "unknown", /not audited yet; the first audit is due at 2026-11-28 13:00 UTC/],
  ["no audit, and none to come", { audits: [], dueMs: undefined }, "unknown", /none is scheduled/],
  [
    "an audit that found nothing because nothing was there",
    { audits: [{ kind: "sample", outcome: "nothing" }] },
    "unknown",
    /not audited yet/,
  ],
  [
    "the last whole audit is too old, whatever was sampled since",
    {
      audits: [
        { kind: "sample", outcome: "partial" },
        { kind: "whole", outcome: "whole" },
      ],
      agoMs: 14 * DAY - HOUR,
    },
    "unknown",
    /too old, it ended at 2026-11-14 12:00 UTC/,
  ],
  [
    "samples alone, which found nothing",
    { audits: [SAMPLE, SAMPLE] },
    "unknown",
    /main.*samples alone were looked at.*the first whole audit is due at 2026-11-28 13:00 UTC/,
  ],
  [
    "samples alone, and no whole audit to come",
    { audits: [SAMPLE], dueMs: undefined },
    "unknown",
    /no whole audit is scheduled/,
  ],
  ["the last sample is too old", { audits: [SAMPLE], agoMs: 14 * DAY }, "unknown", /too old/],
  [
    "an audit that is not too old yet, and the next one overdue, which a rule tells",
    { audits: [{ kind: "whole", outcome: "whole" }], agoMs: 14 * DAY - 1, dueMs: -6 * DAY },
    "good",
    undefined,
  ],
  [
    "a whole audit did not look at archives",
    { audits: [{ kind: "whole", outcome: "partial", skipped: "archives" }] },
    "unknown",
    /archives of the ledger main.*not known where/,
  ],
  ["an alert", { firing: [{}] }, "attention", /^the disk fills: 1 % is free$/],
  ["a notice", { firing: [{ severity: "notice" }] }, "attention", /the disk fills/],
  ["a critical alert", { firing: [{}, { rule: "anchor_lag", severity: "critical" }] }, "critical", /the disk fills/],
  ["an alert that somebody looks after", { firing: [{ acknowledged: hand }] }, "attention", /\(ada looks after it\)/],
  [
    "an alert that is silenced",
    { firing: [{ severity: "critical", silenced: { ...hand, until: NOW + HOUR } }] },
    "critical",
    /silenced by ada until 2026-11-28 13:00 UTC/,
  ],
  ["an alert whose silence is over", { firing: [{ silenced: { ...hand, until: NOW } }] }, "attention", /1 % is free$/],
  ["alerts are off", { isAlertsOn: false }, "unknown", /"alerts" is "off"/],
  ["rules did not judge yet", { rules: [{}] }, "unknown", /first look after the start is not done/],
  [
    "rules judged long ago",
    { rules: [{ judgedAt: NOW - 5 * MINUTE }] },
    "unknown",
    /last looked for at 2026-11-28 11:55 UTC/,
  ],
  ["rules judged in the future", { rules: [{ judgedAt: NOW + HOUR }] }, "unknown", /last looked for/],
  [
    "one rule could not judge",
    { rules: [{ judgedAt: NOW }, { judgedAt: NOW, unknownSince: NOW - MINUTE }] },
    "unknown",
    /whether a source is silent.*since 2026-11-28 11:59 UTC nobody could find out/,
  ],
  [
    "what a rule looks at is turned off",
    { rules: [{ judgedAt: NOW }, { off: "accesses are not recorded" }] },
    "unknown",
    /whether a source is silent: it is turned off: accesses are not recorded/,
  ],
  ["no watcher is set up", { watchers: [] }, "good", undefined],
  [
    "a watcher contradicts",
    { watchers: ["good", "contradicts"] },
    "critical",
    /the watcher berlin contradicts the ledger main/,
  ],
  ["a watcher is silent", { watchers: ["silent"] }, "unknown", /berlin.*heard last at 2026-11-28 11:00 UTC/],
  ["a watcher was never heard", { watchers: ["never_heard"] }, "unknown", /berlin.*never heard/],
  ["a watcher cannot tell", { watchers: ["unknown"] }, "unknown", /berlin.*cannot tell/],
  [
    "anchoring has halted",
    { anchored: { state: "halted", note: since("funds_insufficient") } },
    "critical",
    /anchoring of main on sepolia has halted: funds insufficient$/,
  ],
  [
    "anchoring is late",
    { anchored: { oldestUnanchoredS: 3 * 3600 + 601 } },
    "attention",
    /an entry of main waits for 3 hours/,
  ],
  ["anchoring is nearly late", { anchored: { oldestUnanchoredS: 3 * 3600 + 599 } }, "good", undefined],
  [
    "a chain was not asked yet",
    { chain: { latestBlock: undefined } as unknown as Partial<AnchoringStatus> },
    "unknown",
    /the chain sepolia.*not asked yet/,
  ],
  [
    "a chain cannot be reached",
    { chain: { note: since("chain_unreachable") } },
    "unknown",
    /the chain sepolia.*chain unreachable/,
  ],
  ["no chain has the ledger", { isOnChain: false }, "unknown", /anchors of the ledger main.*no chain has it/],
  [
    "a ledger that is only to be read is on no chain of this service",
    { isOnChain: false, readOnly: true },
    "good",
    undefined,
  ],
  [
    "the service cannot do its work",
    { reasons: [{ code: "store_not_writable", detail: "no write" }] },
    "critical",
    /no write/,
  ],
  [
    "a chain is late, as readiness says it",
    { reasons: [{ code: "anchor_late", detail: "waits 9 ms" }] },
    "attention",
    /waits 9 ms/,
  ],
  [
    "a part goes on failing",
    { notices: [{ code: "access_off", detail: "reads are not recorded" }] },
    "attention",
    /not recorded/,
  ],
  ["a look fails", { broken: true }, "unknown", /anchoring.*could not be looked at; the log/],
];

for (const [what, change, state, said] of CASES) {
  test(`${what}: ${state}`, async () => {
    const standing = await standingOf(change);
    const { reasons, notLookedAt } = standing;
    const texts = [...reasons.map(({ text }) => text), ...notLookedAt.map((each) => `${each.what}: ${each.why}`)];
    assert.equal(standing.state, state, texts.join("\n"));
    if (said === undefined) assert.deepEqual(texts, []);
    else
      assert.ok(
        texts.some((text) => said.test(text)),
        `expected ${said}, got ${texts.join("\n")}`,
      );
    for (const { href } of [...reasons, ...notLookedAt]) assert.match(href, /^(#\/main\/\w+|docs\/\w+\.md(#\w+)?)$/);
    assert.doesNotMatch(JSON.stringify(standing), /hunter2|secret/, "what nodes and errors say is not repeated");
  });
}

test("what is wrong is said before what is not known, and both are said", async () => {
  const standing = await standingOf({ firing: [{}], audits: [] });
  assert.equal(standing.state, "attention");
  assert.deepEqual([standing.reasons.length, standing.notLookedAt.length], [1, 1]);
});

test("one thing that two looks see is said once, and again where it is said to be worse", async () => {
  const condition = { rule: "condition", subject: "access_off", severity: "warning" } as const;
  const notices = [{ code: "access_off" as const, detail: "reads are not recorded" }];
  assert.equal((await standingOf({ firing: [condition], notices })).reasons.length, 1);
  const reasons = [{ code: "access_off" as const, detail: "worse" }];
  const worse = await standingOf({ firing: [condition], reasons });
  assert.deepEqual([worse.state, worse.reasons.map(({ severity }) => severity)], ["critical", ["critical", "warning"]]);
});

test("damage that an audit found is said once, however many speak of it", async () => {
  const audits = [{ kind: "whole", outcome: "damaged" }] as const;
  const firing = [{ rule: "audit", severity: "critical" }] as const;
  const notices = [{ code: "audit_finding" as const, detail: "an audit found something" }];
  assert.deepEqual(
    (await standingOf({ audits, firing, notices })).reasons.map(({ text }) => text.slice(0, 26)),
    ["the ledger main is damaged"],
  );
});

test("of a thousand alerts the worst are said, and how many there are besides", async () => {
  const firing = Array.from({ length: 60 }, (_, i): Partial<Alert> => ({ severity: i === 59 ? "critical" : "notice" }));
  const { reasons, more } = await standingOf({ firing });
  assert.deepEqual([reasons.length, reasons[0]?.severity, more], [50, "critical", 10]);
});

test("without a single look nothing is good", async () => {
  assert.equal((await takeStanding([], NOW, () => undefined)).state, "unknown");
});

test("the line is good by audits where the page about integrity is, and nowhere else", async () => {
  const byState: Readonly<Record<(typeof COVERAGE_STATES)[number], Partial<World>>> = {
    empty: { size: 0, audits: [] },
    never: { audits: [] },
    sampled: { audits: [SAMPLE] },
    damaged: { audits: [{ kind: "whole", outcome: "damaged" }] },
    stale: { agoMs: 14 * DAY },
    partial: { audits: [{ kind: "whole", outcome: "partial", skipped: "archives" }] },
    whole: {},
  };
  for (const state of COVERAGE_STATES) {
    const world = { ...WELL, ...byState[state] };
    const coverage = coverageOf(reportsOf(world), { size: world.size, wholeMs: 7 * DAY, now: NOW });
    assert.equal(coverage.state, state);
    const { kind } = standingWords(coverage);
    // In an empty ledger there is nothing to be good or bad.
    const isFine = kind === "good" || state === "empty";
    assert.equal((await standingOf(byState[state])).state === "good", isFine, state);
    assert.equal((await standingOf(byState[state])).state === "critical", kind === "bad", state);
  }
});
