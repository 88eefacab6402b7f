/** The shipped rules for Prometheus, judged by Prometheus' own tool: each fires when what it is about is wrong, and not before. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { SEVERITIES } from "../../src/alerts/rule.ts";
import { CONDITION_CODES } from "../../src/health.ts";
import { without } from "./program.ts";
import { hasSection, RULES_FILE, readRules } from "./shipped.ts";

/** Values of series, as promtool writes them: first, step, how often. Time begins at 0. */
type Series = Readonly<Record<string, string>>;
type Case = {
  readonly wrong: readonly Series[];
  readonly well: readonly Series[];
  readonly at: string;
};

const DAY = 86_400;
const condition = (code: string): Series => ({ [`holdfast_condition{code="${code}"}`]: "1x60" });

const CASES: Readonly<Record<string, Case>> = {
  HoldfastDown: {
    at: "10m",
    wrong: [{ 'up{job="holdfast"}': "0x60" }, { 'up{job="the-holdfast-of-ours"}': "0x60" }],
    well: [{ 'up{job="holdfast"}': "1x60" }, { 'up{job="node"}': "0x60" }],
  },
  HoldfastFails: {
    at: "5m",
    wrong: [condition("store_not_writable"), condition("root_differs")],
    well: [condition("clock_ahead"), {}],
  },
  HoldfastNeedsALook: {
    at: "30m",
    wrong: [condition("clock_ahead"), condition("tls_certificate_ending")],
    well: [condition("store_not_writable"), {}],
  },
  HoldfastLedgerStopped: {
    at: "5m",
    wrong: [{ 'holdfast_ledger_stopped{ledger="main"}': "1x60" }],
    well: [{ 'holdfast_ledger_stopped{ledger="main"}': "0x60" }],
  },
  HoldfastAnchorLate: {
    at: "30m",
    wrong: [{ 'holdfast_anchor_lag_seconds{ledger="main",chain="1"}': "10801x60" }],
    well: [{ 'holdfast_anchor_lag_seconds{ledger="main",chain="1"}': "10799x60" }],
  },
  HoldfastAccountTroubled: {
    at: "20m",
    wrong: [{ 'holdfast_account_troubled{chain="1",account="a"}': "1x60" }],
    well: [{ 'holdfast_account_troubled{chain="1",account="a"}': "0x60" }],
  },
  HoldfastPayerRunsDry: {
    at: "2h",
    // Two in as many hours, and nothing before.
    wrong: [
      {
        'holdfast_account_balance_ether{chain="1",account="a"}': "3x200",
        'holdfast_account_spent_ether{chain="1",account="a"}': "0+0.017x200",
      },
    ],
    well: [
      {
        'holdfast_account_balance_ether{chain="1",account="a"}': "20x200",
        'holdfast_account_spent_ether{chain="1",account="a"}': "0+0.017x200",
      },
      {
        'holdfast_account_balance_ether{chain="1",account="a"}': "0x200",
        'holdfast_account_spent_ether{chain="1",account="a"}': "5x200",
      },
    ],
  },
  HoldfastTransactionsRepeat: {
    at: "2h",
    wrong: [
      { 'holdfast_account_fee_bumps{chain="1",account="a"}': "0+1x200" },
      { 'holdfast_account_reorgs{chain="1",account="a"}': "0+1x200" },
    ],
    well: [{ 'holdfast_account_fee_bumps{chain="1",account="a"}': "7x200" }],
  },
  HoldfastAuditFinding: {
    at: "1m",
    wrong: [{ 'holdfast_audit_findings{ledger="main",kind="sample"}': "2x60" }],
    well: [{ 'holdfast_audit_findings{ledger="main",kind="sample"}': "0x60" }],
  },
  HoldfastAuditsDoNotEnd: {
    at: "2h",
    wrong: [{ 'holdfast_audit_finished_timestamp_seconds{ledger="main",kind="whole"}': `${-14 * DAY}x200` }],
    well: [
      {
        'holdfast_audit_finished_timestamp_seconds{ledger="main",kind="whole"}': `${-13 * DAY}x200`,
        'holdfast_audit_finished_timestamp_seconds{ledger="main",kind="sample"}': `${-20 * DAY}x200`,
      },
    ],
  },
  HoldfastAlert: {
    at: "1m",
    wrong: [{ 'holdfast_alerts_firing{rule="source_silent",severity="warning"}': "1x60" }],
    well: [
      {
        'holdfast_alerts_firing{rule="source_silent",severity="warning"}': "0x60",
        'holdfast_alerts_firing{rule="condition",severity="critical"}': "1x60",
      },
    ],
  },
  HoldfastAlertsUndelivered: {
    at: "1m",
    wrong: [{ 'holdfast_alert_deliveries{channel="hook",state="dead"}': "1x60" }],
    well: [{ 'holdfast_alert_deliveries{channel="hook",state="waiting"}': "1x60" }],
  },
  HoldfastSourceRefused: {
    at: "2h",
    // One that grew in the last hour, and one that was first seen then.
    wrong: [
      { 'holdfast_source_refused_requests{source="a"}': "3x90 4x90" },
      { 'holdfast_source_refused_requests{source="a"}': "_x90 1x90" },
    ],
    well: [
      { 'holdfast_source_refused_requests{source="a"}': "4x200" },
      { 'holdfast_source_refused_requests{source="a"}': "9x90 0x90" },
    ],
  },
  HoldfastKeyEnded: {
    at: "2h",
    wrong: [{ 'holdfast_key_refused_uses{key="k",source="a"}': "_x90 1x90" }],
    well: [{ 'holdfast_key_refused_uses{key="k",source="a"}': "4x200" }],
  },
  HoldfastSyslogLost: {
    at: "30m",
    wrong: [
      { 'holdfast_syslog_refused_total{listener="udp",what="datagram"}': "0x20 3x20" },
      { 'holdfast_syslog_dropped_datagrams{listener="udp"}': "0x20 3x20" },
    ],
    well: [{ 'holdfast_syslog_refused_total{listener="udp",what="datagram"}': "3x60" }],
  },
  HoldfastSyslogWaits: {
    at: "10m",
    wrong: [{ 'holdfast_syslog_waiting_messages{listener="tcp"}': "9x60" }],
    well: [{ 'holdfast_syslog_waiting_messages{listener="tcp"}': "9x4 0x60" }],
  },
  HoldfastCertificateEnds: {
    at: "1m",
    wrong: [{ holdfast_tls_certificate_end_seconds: `${13 * DAY}x60` }],
    well: [{ holdfast_tls_certificate_end_seconds: `${15 * DAY}x60` }],
  },
  HoldfastQueueFills: {
    at: "5m",
    wrong: [{ 'holdfast_queue_bytes{ledger="main"}': "200000000x60" }],
    well: [{ 'holdfast_queue_bytes{ledger="main"}': "100000000x60" }],
  },
  HoldfastSearchBehind: {
    at: "30m",
    wrong: [
      {
        'holdfast_recorded_entries{ledger="main"}': "50000x60",
        'holdfast_searchable_entries{ledger="main"}': "30000x60",
      },
    ],
    well: [
      {
        'holdfast_recorded_entries{ledger="main"}': "50000x60",
        'holdfast_searchable_entries{ledger="main"}': "49000x60",
      },
    ],
  },
  HoldfastRefuses: {
    at: "30m",
    wrong: [{ 'holdfast_http_answers_total{route="r",status="503"}': "0+1x60" }],
    well: [{ 'holdfast_http_answers_total{route="r",status="201"}': "0+1x60" }],
  },
  HoldfastInternalErrors: {
    at: "30m",
    wrong: [{ 'holdfast_http_problems_total{code="internal"}': "_x20 1x20" }],
    well: [
      { 'holdfast_http_problems_total{code="internal"}': "5x60" },
      { 'holdfast_http_problems_total{code="key_invalid"}': "_x20 1x20" },
    ],
  },
  HoldfastReadsWait: {
    at: "10m",
    wrong: [{ holdfast_http_reads_waiting: "101x60" }],
    well: [{ holdfast_http_reads_waiting: "99x60" }],
  },
  HoldfastAccessesUnrecorded: {
    at: "30m",
    wrong: [{ holdfast_accesses_unrecorded: "0x20 3x20" }],
    well: [{ holdfast_accesses_unrecorded: "3x60" }],
  },
  HoldfastWatchBad: {
    at: "1m",
    wrong: [{ 'holdfast_watch_check{ledger="main",check="size"}': "-1x60" }],
    well: [{ 'holdfast_watch_check{ledger="main",check="size"}': "0x60" }],
  },
  HoldfastWatchBlind: {
    at: "2h",
    wrong: [{ 'holdfast_watch_check{ledger="main",check="size"}': "0x200" }],
    well: [{ 'holdfast_watch_check{ledger="main",check="size"}': "0x80 1x5 0x90" }],
  },
  HoldfastWatchStopped: {
    at: "30m",
    wrong: [{ 'holdfast_watch_round_timestamp_seconds{ledger="main"}': "1x60" }],
    well: [{ 'holdfast_watch_round_timestamp_seconds{ledger="main"}': "0+60x60" }],
  },
  HoldfastWatchDisagrees: {
    at: "2h",
    wrong: [{ 'holdfast_watch_disagreements{ledger="main"}': "1x200" }],
    well: [{ 'holdfast_watch_disagreements{ledger="main"}': "0x200" }],
  },
};

/** What promtool takes; JSON is YAML. It is asked for what fires, for the texts of alerts are checked when the file is read. */
function unitTests(): object {
  const one = (alert: string, { at }: Case, series: Series, expected: (labels: string) => object[]) => ({
    interval: "1m",
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`,
        eval_time: at,
        exp_samples: expected("{}"),
      },
    ],
  });
  const tests = Object.entries(CASES).flatMap(([alert, all]) => [
    ...all.wrong.map((series) => one(alert, all, series, (labels) => [{ labels, value: 1 }])),
    ...all.well.map((series) => one(alert, all, series, (labels) => [{ labels, value: 0 }])),
  ]);
  return { rule_files: [RULES_FILE], evaluation_interval: "5m", tests };
}

test("promtool takes the rules as they are, and each fires when it should and not otherwise", {
  skip: without("promtool"),
}, (t) => {
  const checked = spawnSync("promtool", ["check", "rules", RULES_FILE], { encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  const folder = mkdtempSync(join(tmpdir(), "holdfast-rules-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "tests.yml");
  writeFileSync(file, JSON.stringify(unitTests()));
  const tested = spawnSync("promtool", ["test", "rules", file], { encoding: "utf8" });
  assert.equal(tested.status, 0, tested.stdout + tested.stderr);
});

test("every rule is tried when something is wrong and when all is well, and says how bad it is", () => {
  const rules = readRules();
  assert.deepEqual(
    rules.map(({ alert }) => alert),
    Object.keys(CASES),
  );
  for (const { alert, severity } of rules) {
    const { wrong, well } = CASES[alert] as Case;
    assert.ok(wrong.length > 0 && well.length > 0, alert);
    // That one has the severity of the service's own alert.
    if (alert === "HoldfastAlert") assert.equal(severity, undefined);
    else assert.ok((SEVERITIES as readonly (string | undefined)[]).includes(severity), alert);
  }
});

test("every rule leads to a section that there is, and one about conditions to that of each", () => {
  for (const { alert, runbook } of readRules()) {
    const paths = runbook.includes("{{")
      ? CONDITION_CODES.map((code) => runbook.replace("{{ $labels.code }}", code))
      : [runbook];
    for (const path of paths) assert.ok(hasSection(path), `${alert}: expected a section, there is no ${path}`);
  }
  assert.equal(hasSection("docs/operations.md#none-such"), false);
});

test("conditions that are worse are those of one rule, all others of the other", () => {
  const [fails, looks] = ["HoldfastFails", "HoldfastNeedsALook"].map((name) => {
    const { expr = "" } = readRules().find(({ alert }) => alert === name) ?? {};
    return /code[=!]~"([^"]*)"/.exec(expr)?.[1]?.split("|") ?? [];
  });
  assert.deepEqual(fails, looks);
  const codes: readonly string[] = CONDITION_CODES;
  assert.deepEqual(
    fails?.filter((code) => !codes.includes(code)),
    [],
  );
});
