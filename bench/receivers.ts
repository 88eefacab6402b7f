/**
 * How fast events of foreign senders get in, each receiver beside the native route in turns: the same events as a client of ours
 * would send them, and native events as long as the items are; in requests of as many, from two connections, through the
 * service as `npm start` runs it. Between two turns it waits until what goes on behind the answers (index, seals) is done.
 * `node bench/receivers.ts [seconds] [--rounds N] [--only NAME] [--json]`
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync, gzipSync } from "node:zlib";
import autocannon from "autocannon";
import { adaptItem } from "../src/ingest/adapt-item.ts";
import { FORMATS } from "../src/ingest/known-formats.ts";
import { median } from "./median.ts";
import { type Subject, startService, waitForQuiet } from "./subject.ts";

const { values: flags, positionals } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const SECONDS = Number(positionals[0] ?? 3);
const ROUNDS = Number(flags.rounds);
const BATCH = 500;
const CONNECTIONS = 2;
/** Who acts in native events. */
const ACTORS = 500;
const ROOT = join(import.meta.dirname, "..");
const BEGIN = Date.UTC(2026, 10, 27, 7, 40);

/** A request: what its sender would send, with its items told apart by number. */
type Sent = { readonly body: string | Buffer; readonly headers?: Readonly<Record<string, string>> };
type Receiver = {
  readonly name: string;
  readonly path: string;
  /** Of FORMATS; "native" for our own. */
  readonly format: string;
  /** Bytes of an item before compression. */
  readonly itemBytes: number;
  /** Its items have no ids and are recognised one by one, by what is in them: natively that takes an id of each. */
  readonly isItemByItem?: boolean;
  readonly send: (from: number, count: number) => Sent;
};

function each(from: number, count: number, spell: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, k) => spell(from + k));
}

const isoOf = (i: number): string => new Date(BEGIN + i).toISOString();
const LEDGER = "/v1/ledgers/main";
const JSON_TYPE = { "content-type": "application/json" };
const LINE = "user login ok user=alice role=auditor from 192.0.2.17 with a token that ends in 88f1";

const logRecord = (i: number): string =>
  JSON.stringify({
    date: (BEGIN + i) / 1000,
    level: "info",
    host: "vm-1",
    msg: `${LINE} ${i}`,
    pid: 4711,
    reqId: `r-${i}`,
  });
const hecEvent = (i: number): string =>
  JSON.stringify({
    event: { line: `${LINE} ${i}`, source: "stdout", tag: "payments/5f3c1d0a9b8e" },
    time: `${(BEGIN + i) / 1000}`,
    host: "vm-1",
  });
const kubeEvent = (i: number): string =>
  JSON.stringify({
    level: "Metadata",
    auditID: `53eae3a0-b9dc-4ff3-a81e-${String(i).padStart(12, "0")}`,
    stage: "ResponseComplete",
    requestURI: `/api/v1/namespaces/payments/configmaps/c-${i}`,
    verb: "get",
    user: { username: "system:serviceaccount:payments:deployer", groups: ["system:serviceaccounts"] },
    sourceIPs: ["10.0.0.7"],
    userAgent: "kubectl/v1.34.1",
    objectRef: { resource: "configmaps", namespace: "payments", name: `c-${i}`, apiVersion: "v1" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: isoOf(i),
    stageTimestamp: isoOf(i),
    annotations: { "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "" },
  });

const otlpRecord = (i: number): string =>
  JSON.stringify({
    timeUnixNano: `${BEGIN + i}000000`,
    severityNumber: 9,
    severityText: "INFO",
    body: { stringValue: `${LINE} ${i}` },
    attributes: [
      { key: "user.id", value: { stringValue: "alice" } },
      { key: "http.status_code", value: { intValue: "200" } },
    ],
  });
const cloudEvent = (i: number): string =>
  JSON.stringify({
    specversion: "1.0",
    id: `e-${i}`,
    source: "/payments",
    type: "com.example.user.login",
    time: isoOf(i),
    subject: "user/alice",
    data: { line: LINE },
  });
const trailRecord = (i: number): string =>
  JSON.stringify({
    eventVersion: "1.11",
    userIdentity: {
      type: "IAMUser",
      principalId: "AIDAEXAMPLE",
      arn: "arn:aws:iam::123456789012:user/alice",
      userName: "alice",
    },
    eventTime: `${isoOf(i).slice(0, 19)}Z`,
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    awsRegion: "eu-central-1",
    sourceIPAddress: "192.0.2.17",
    userAgent: "aws-cli/2.31",
    requestParameters: { bucketName: "evidence", key: `object-${i}` },
    eventID: `7f2b1c00-0000-4000-8000-${String(i).padStart(12, "0")}`,
    recipientAccountId: "123456789012",
  });
const azureRecord = (i: number): string =>
  JSON.stringify({
    time: isoOf(i),
    resourceId: `/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/V-${i}`,
    operationName: "MICROSOFT.KEYVAULT/VAULTS/WRITE",
    category: "Administrative",
    resultType: "Success",
    callerIpAddress: "192.0.2.17",
    correlationId: `c-${i}`,
    identity: { claims: { name: "alice" } },
  });
const journalEntry = (i: number): string =>
  [
    `__CURSOR=s=db7939d95722459cb853a315b9aae317;i=${i.toString(16)};b=0123456789abcdef0123456789abcdef`,
    `__REALTIME_TIMESTAMP=${BEGIN + i}000`,
    "_HOSTNAME=vm-1",
    "SYSLOG_IDENTIFIER=payments",
    "PRIORITY=6",
    `MESSAGE=${LINE} ${i}`,
    "",
    "",
  ].join("\n");

const RECEIVERS: readonly Receiver[] = [
  {
    name: "logs, NDJSON",
    format: "logs",
    path: `${LEDGER}/ingest/logs`,
    itemBytes: logRecord(9).length + 1,
    send: (from, count) => ({ body: each(from, count, logRecord).join("\n") }),
  },
  {
    name: "logs, NDJSON of syslog-ng (item by item)",
    format: "logs",
    path: `${LEDGER}/ingest/logs`,
    itemBytes: logRecord(9).length + 1,
    isItemByItem: true,
    send: (from, count) => ({
      body: each(from, count, logRecord).join("\n"),
      headers: { "user-agent": "syslog-ng 3.38.1/libcurl 7.88.1" },
    }),
  },
  {
    name: "Docker's splunk driver",
    format: "hec",
    path: "/services/collector/event/1.0",
    itemBytes: hecEvent(9).length + 1,
    isItemByItem: true,
    send: (from, count) => ({
      body: each(from, count, hecEvent).join(""),
      headers: { "user-agent": "Go-http-client/1.1" },
    }),
  },
  {
    name: "Splunk HEC, gzip",
    format: "hec",
    path: "/services/collector/event/1.0",
    itemBytes: hecEvent(9).length + 1,
    send: (from, count) => ({
      body: gzipSync(each(from, count, hecEvent).join("\n")),
      headers: { "user-agent": "splunk-handler", "content-encoding": "gzip" },
    }),
  },
  {
    name: "Kubernetes audit",
    format: "kubernetes",
    path: `${LEDGER}/ingest/kubernetes`,
    itemBytes: kubeEvent(9).length + 1,
    send: (from, count) => ({
      body: `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${each(from, count, kubeEvent).join()}]}`,
      headers: JSON_TYPE,
    }),
  },
  {
    name: "OTLP, JSON",
    format: "otlp",
    path: `${LEDGER}/ingest/otlp/v1/logs`,
    itemBytes: logRecord(9).length + 1,
    send: (from, count) => ({
      body: `{"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"scope":{},"logRecords":[${each(from, count, otlpRecord).join()}]}]}]}`,
      headers: JSON_TYPE,
    }),
  },
  {
    name: "CloudEvents, batched",
    format: "cloudevents",
    path: `${LEDGER}/ingest/cloudevents`,
    itemBytes: cloudEvent(9).length + 1,
    send: (from, count) => ({
      body: `[${each(from, count, cloudEvent).join()}]`,
      headers: { "content-type": "application/cloudevents-batch+json" },
    }),
  },
  {
    name: "CloudTrail records",
    format: "aws",
    path: `${LEDGER}/ingest/aws`,
    itemBytes: trailRecord(9).length + 1,
    send: (from, count) => ({ body: `{"Records":[${each(from, count, trailRecord).join()}]}`, headers: JSON_TYPE }),
  },
  {
    name: "Azure records",
    format: "azure",
    path: `${LEDGER}/ingest/azure`,
    itemBytes: azureRecord(9).length + 1,
    send: (from, count) => ({ body: `{"records":[${each(from, count, azureRecord).join()}]}`, headers: JSON_TYPE }),
  },
  {
    name: "journal export",
    format: "journal",
    path: `${LEDGER}/ingest/journal`,
    itemBytes: journalEntry(9).length + 1,
    send: (from, count) => ({ body: each(from, count, journalEntry).join("") }),
  },
];

/** Native events with what such events usually have, as long as the items of a receiver, so that the bytes are the same. */
function nativeLike({ itemBytes }: Receiver): Receiver {
  const spell = (i: number): string => {
    const event = {
      action: "user.login",
      time: isoOf(i),
      // As many as an application has, each of whom gets a key of the store's once.
      actor: { type: "user", id: `u-${i % ACTORS}` },
      outcome: "success",
      message: "",
      ...(itemBytes > 250 && { targets: [{ type: "document", id: `d-${i}` }], context: { ip: "192.0.2.17" } }),
    };
    const missing = Math.max(1, itemBytes - 1 - JSON.stringify(event).length);
    return JSON.stringify({ ...event, message: "x".repeat(missing) });
  };
  return {
    name: "native",
    format: "native",
    path: `${LEDGER}/events`,
    itemBytes,
    send: (from, count) => ({
      body: each(from, count, spell).join("\n"),
      headers: { "content-type": "application/x-ndjson" },
    }),
  };
}

/** The events that a receiver makes of its items, sent as a client of ours would send them. */
function sameNatively({ format: name, itemBytes, isItemByItem = false, send }: Receiver): Receiver {
  const format = FORMATS[name];
  if (format === undefined) throw new Error(`expected the name of a format, got ${name}`);
  return {
    name: "same events",
    format: "native",
    path: `${LEDGER}/events`,
    itemBytes,
    send: (from, count) => {
      const { body, headers = {} } = send(from, count);
      const bytes = headers["content-encoding"] === "gzip" ? gunzipSync(body as Buffer) : Buffer.from(body);
      const items = [...format.items(bytes, { headers, query: {} }, () => undefined)];
      const events = items.map((item, i) => {
        const { event } = adaptItem({ format: name, source: "bench" }, item, BEGIN);
        return JSON.stringify(isItemByItem ? { id: `line-${from + i}`, ...event } : event);
      });
      return { body: events.join("\n"), headers: { "content-type": "application/x-ndjson" } };
    },
  };
}

/** Numbers that no request has had: a body that comes again is recognised, which is not what is measured. */
let next = 0;

type Measured = { readonly perSecond: number; readonly processorUs: number };

/** Bodies are made before the clock runs, so that making them is not measured. */
async function measure(subject: Subject, { path, send }: Receiver, seconds: number): Promise<Measured> {
  const prepared: Sent[] = [];
  const wanted = Math.ceil(seconds * 300);
  for (let i = 0; i < wanted; i++) {
    prepared.push(send(next, BATCH));
    next += BATCH;
  }
  let at = 0;
  const before = subject.processorUs() ?? Number.NaN;
  const result = await autocannon({
    url: subject.url,
    connections: CONNECTIONS,
    duration: seconds,
    requests: [
      {
        method: "POST",
        path,
        setupRequest: (request) => {
          const { body, headers = {} } = prepared[at++ % prepared.length] as Sent;
          return { ...request, body, headers: { ...headers, authorization: `Bearer ${subject.key}` } };
        },
      },
    ],
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`expected only answers of 2xx, got ${result.non2xx} others`);
  if (at > prepared.length) throw new Error(`expected at most ${prepared.length} requests, got ${at}: prepare more`);
  await waitForQuiet(subject);
  const events = result.requests.total * BATCH;
  const processorUs = ((subject.processorUs() ?? Number.NaN) - before) / events;
  return { perSecond: events / result.duration, processorUs };
}

const rows: object[] = [];
for (const receiver of RECEIVERS) {
  if (flags.only !== undefined && !receiver.name.includes(flags.only)) continue;
  // A service each: what one leaves behind for the store to put in order is not paid for by the next.
  const subject = await startService(ROOT);
  try {
    const subjects = { receiver, same: sameNatively(receiver), native: nativeLike(receiver) };
    const kinds = ["receiver", "same", "native"] as const;
    const turns: Record<(typeof kinds)[number], Measured[]> = { receiver: [], same: [], native: [] };
    for (const kind of kinds) await measure(subject, subjects[kind], 1);
    for (let i = 0; i < ROUNDS; i++) {
      for (const kind of i % 2 === 0 ? kinds : kinds.toReversed()) {
        turns[kind].push(await measure(subject, subjects[kind], SECONDS));
      }
    }
    const rateOf = (kind: (typeof kinds)[number]) => Math.round(median(turns[kind].map(({ perSecond }) => perSecond)));
    const costOf = (kind: (typeof kinds)[number]) =>
      Number(median(turns[kind].map(({ processorUs }) => processorUs)).toFixed(1));
    const ratioTo = (other: "same" | "native"): number => {
      const ratios = turns.receiver.map(({ perSecond }, i) => perSecond / (turns[other][i] as Measured).perSecond);
      return Number(median(ratios).toFixed(2));
    };
    rows.push({
      receiver: receiver.name,
      "bytes of an item": receiver.itemBytes,
      "events/s": rateOf("receiver"),
      "same events natively": rateOf("same"),
      "native, as long": rateOf("native"),
      "of the same": ratioTo("same"),
      "of as long": ratioTo("native"),
      "µs of processor": costOf("receiver"),
      "… same": costOf("same"),
      "… as long": costOf("native"),
    });
  } finally {
    await subject.stop();
  }
}
if (flags.json)
  console.log(JSON.stringify({ bench: "receivers", node: process.version, seconds: SECONDS, rounds: ROUNDS, rows }));
else console.table(rows);
