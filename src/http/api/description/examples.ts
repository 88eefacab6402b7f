/** Examples of the description: what is sent with each operation, so that it can be tried. A test sends all of them. */

import type { SchemaName } from "../schemas.ts";

type Examples = Readonly<Record<string, unknown>>;

const EVENT = {
  action: "user.login",
  time: "2026-11-20T09:30:00Z",
  actor: { type: "user", id: "u1", name: "Ada" },
  outcome: "success",
  context: { ip: "203.0.113.7" },
};
const DENIED = {
  action: "doc.write",
  time: "2026-11-20T09:32:00Z",
  actor: { type: "user", id: "u2" },
  targets: [{ type: "doc", id: "d9" }],
  outcome: "denied",
};
const REQUIREMENTS = [{ name: "who and where", actions: ["user.*"], members: ["context.ip"] }];

const WORD = {
  format: "holdfast/watcher-word@1",
  ledgerId: "0x5e4c1e2ae58fb2e0e5b2c338650c035b58afcc962ad485a0f98db10794b52053",
  number: 1_790_000_000_000,
  at: 1_790_000_000_000,
  outcome: "good",
  size: 1204,
  rootHash: `0x${"ab".repeat(32)}`,
  findings: [],
  signature:
    "0xbcac9b7c3879b459bafbe2f109f9997434ae7d73218197bd0e7b78c1d9380c8761a2ce6ac2f2cfcdf0a39f533cbf0489cf05b01c04133b9859609de2189673c71c",
};

/** Of parameters in the path, by their names. */
export const IN_PATH: Examples = {
  ledger: "main",
  index: 0,
  size: 1,
  schema: "payment@1",
  search: "denied logins",
  hold: "0123456789abcdef",
  erasure: "0123456789abcdef",
  alert: "0123456789abcdef",
  watcher: "outside",
  format: "logs",
};

/** Of parameters in the query that must be there. */
export const IN_QUERY: Examples = { "proveConsistency.from": 1 };

/** Bodies of JSON by their schema. */
export const BODIES: Readonly<Partial<Record<SchemaName, Examples>>> = {
  Event: { one: EVENT, several: [EVENT, DENIED] },
  LedgerRequest: { named: { name: "payroll" }, hidden: { name: "board", label: "random" } },
  KeyRequest: {
    writer: { source: "billing", roles: ["writer"], ledgers: ["main"] },
    reader: { source: "desk", roles: ["reader"], note: "for the auditors", expiresAt: "2036-01-01T00:00:00Z" },
  },
  JsonSchema: { amounts: { properties: { metadata: { properties: { amount: { type: "integer", minimum: 1 } } } } } },
  RequirementsRequest: { members: { requirements: REQUIREMENTS } },
  RetentionRequest: {
    logins: { rules: [{ name: "logins", action: "user.*", keepAtLeast: "P12M" }], reason: "our retention schedule" },
  },
  RetentionPreviewRequest: { own: {} },
  HoldRequest: { person: { filter: "actor=user:u1", reason: "case 2026-118" } },
  ErasureRequest: {
    person: { subject: "actor=user:u1", reason: "request 2026-31", ground: "GDPR Art. 17(1)(b)", dryRun: true },
  },
  AuditRequest: { sample: { kind: "sample", confidence: 0.95, damaged: 0.001 } },
  Word: { good: WORD },
  AcknowledgeRequest: { note: { note: "looking into it" } },
  SilenceRequest: { weekend: { until: "2026-12-07T06:00:00Z", note: "the sender is moved over the weekend" } },
  LiftRequest: { closed: { reason: "case 2026-118 is closed" } },
  SavedSearchRequest: { logins: { filter: "action=user.login&outcome=denied" } },
  RulesPreviewRequest: { members: { requirements: REQUIREMENTS, last: 500 } },
  Foreign: { record: { level: "info", time: "2026-11-20T09:30:00Z", msg: "signed in", user: "u1" } },
};

const HEC_EVENT = { time: 1763631000, host: "web-1", sourcetype: "app", event: { action: "login", user: "u1" } };
const OTLP = {
  resourceLogs: [
    {
      resource: { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] },
      scopeLogs: [
        {
          logRecords: [
            { timeUnixNano: "1763631000000000000", severityText: "INFO", body: { stringValue: "signed in" } },
          ],
        },
      ],
    },
  ],
};

/** The same of operations that take something of their own. */
export const BODIES_OF: Readonly<Record<string, Examples>> = {
  otlpLogs: { logs: OTLP },
  otlpLogsOfLedger: { logs: OTLP },
  otlpLogsWithKey: { logs: OTLP },
  hec: { event: HEC_EVENT },
  hecEvent: { event: HEC_EVENT },
  hecEventV1: { event: HEC_EVENT },
  hecAcks: { question: { acks: [0] } },
};

/** Bodies of other types. */
export const LINES: Readonly<Record<string, Examples>> = {
  "application/x-ndjson": { lines: `${JSON.stringify(EVENT)}\n${JSON.stringify(DENIED)}\n` },
  "text/plain": { line: "u1 signed in from 203.0.113.7" },
};
