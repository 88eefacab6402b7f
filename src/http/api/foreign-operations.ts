/**
 * The part of the table of operations that foreign senders are pointed at: paths of our own for any format, and those that
 * protocols have at the root of the port. What all of them have in common is said once, above the table.
 */

import * as z from "zod";
import { FORMATS } from "../../ingest/known-formats.ts";
import { type Code, OF_KEY, OF_RECORDING } from "./codes.ts";
import { formatInPath, keyInPath, ledgerInPath } from "./param-forms.ts";

const TYPES = [
  "application/json",
  "application/x-www-form-urlencoded",
  "application/x-ndjson",
  "application/x-protobuf",
  "application/octet-stream",
  "text/plain",
] as const;
const whatever = { types: TYPES, schema: "Foreign" } as const;
/** Where the path says which format it is, each format answers as its senders expect. */
const anyAnswer = ["ForeignReceipts", "FirehoseAnswer", "GridAnswer", "HecAnswer", "OtlpAnswer", "protobuf"] as const;
/** Of every route that takes something in, beside what is wrong with its path. */
const ofIntake: readonly Code[] = [...OF_KEY, "request_too_large", "service_busy", ...OF_RECORDING];

/** What is appended has the key that sent it in its entry. */
const OF_THE_ENTRY = { none: "What is appended is in the ledger itself, with the key that sent it." } as const;

const OF_SIGNATURE: readonly Code[] = ["signature_invalid", "signature_expired"];

/** Splunk's HTTP Event Collector: the key names the ledger, and answers have Splunk's form. */
const hec = <Route extends { readonly route: string } | { readonly asks: "acks" }>(
  path: string,
  summary: string,
  foreign: Route,
) =>
  ({
    method: "post",
    route: `/services/collector${path}`,
    summary,
    permission: "append",
    trace: OF_THE_ENTRY,
    body: "asks" in foreign ? ({ types: ["application/json"], schema: "HecQuestion" } as const) : whatever,
    answers: { 200: "asks" in foreign ? "HecAcks" : "HecAnswer" },
    codes: [...ofIntake, "ledger_unnamed", ...("asks" in foreign ? HEC_QUESTION : HEC_INTAKE)],
    foreign: { format: "hec", ...foreign },
  }) as const;
const HEC_INTAKE: readonly Code[] = ["batch_empty"];
const HEC_QUESTION: readonly Code[] = ["batch_empty", "channel_missing", "request_invalid"];
const hecHealth = (path: string) =>
  ({
    method: "get",
    route: `/services/collector${path}`,
    trace: { none: "It says whether events are taken in." },
    summary: "Whether events are taken in, as Splunk's clients and balancers ask.",
    answers: { 200: "HecAnswer", 503: "HecAnswer" },
    codes: [],
  }) as const;
/** OpenTelemetry's logs: exporters put v1/logs behind whatever endpoint they are given. */
const otlp = <Path extends z.ZodObject>(route: string, summary: string, path: Path, codes: readonly Code[]) =>
  ({
    method: "post",
    route,
    summary,
    permission: "append",
    trace: OF_THE_ENTRY,
    path,
    body: { types: ["application/json", "application/x-protobuf"], schema: "Foreign" },
    answers: { 200: ["OtlpAnswer", "protobuf"] },
    codes: [...ofIntake, ...codes],
    foreign: { format: "otlp" },
  }) as const;

export const FOREIGN_OPERATIONS = {
  ingestItem: {
    method: "post",
    route: "/v1/ledgers/{ledger}/ingest/{format}",
    summary: `Append what a foreign sender sends, the exact text of each item kept. Formats: ${Object.keys(FORMATS).join(", ")}.`,
    permission: "append",
    trace: OF_THE_ENTRY,
    path: z.object({ ledger: ledgerInPath, format: formatInPath }),
    body: whatever,
    answers: { 200: anyAnswer },
    codes: [...ofIntake, ...OF_SIGNATURE, "ledger_unknown", "store_damaged", "format_unknown", ...HEC_INTAKE],
    foreign: { maySign: true },
  },
  ingestWithKey: {
    method: "post",
    route: "/in/{key}/{format}",
    summary: "The same, for senders that know nothing but a URL: the key in the path, which names the ledger.",
    permission: "append",
    trace: OF_THE_ENTRY,
    path: z.object({ key: keyInPath, format: formatInPath }),
    body: whatever,
    answers: { 200: anyAnswer },
    codes: [...ofIntake, ...OF_SIGNATURE, "ledger_unnamed", "format_unknown", ...HEC_INTAKE],
    foreign: {},
  },
  otlpLogs: otlp("/v1/logs", "Append log records as OpenTelemetry's exporters send them.", z.object({}), [
    "ledger_unnamed",
  ]),
  otlpLogsOfLedger: otlp("/v1/ledgers/{ledger}/ingest/otlp/v1/logs", "The same.", z.object({ ledger: ledgerInPath }), [
    "ledger_unknown",
    "store_damaged",
  ]),
  otlpLogsWithKey: otlp("/in/{key}/otlp/v1/logs", "The same.", z.object({ key: keyInPath }), ["ledger_unnamed"]),
  ingestQuery: {
    method: "get",
    route: "/v1/ledgers/{ledger}/ingest/{format}",
    summary: "Append what a sender that can only GET says in its query (logs alone), or say that somebody listens.",
    permission: "append",
    trace: OF_THE_ENTRY,
    path: z.object({ ledger: ledgerInPath, format: formatInPath }),
    answers: { 200: ["ForeignReceipts", "OktaAnswer"] },
    codes: [...ofIntake, "ledger_unknown", "store_damaged", "format_unknown", "method_not_allowed"],
    foreign: { route: "query" },
  },
  ingestQueryWithKey: {
    method: "get",
    route: "/in/{key}/{format}",
    summary: "The same, with the key in the path.",
    permission: "append",
    trace: OF_THE_ENTRY,
    path: z.object({ key: keyInPath, format: formatInPath }),
    answers: { 200: ["ForeignReceipts", "OktaAnswer"] },
    codes: [...ofIntake, "ledger_unnamed", "format_unknown", "method_not_allowed"],
    foreign: { route: "query" },
  },
  journalUpload: {
    method: "post",
    route: "/v1/ledgers/{ledger}/ingest/journal/upload",
    summary: "Append journal entries; systemd-journal-upload puts /upload behind any URL.",
    permission: "append",
    trace: OF_THE_ENTRY,
    path: z.object({ ledger: ledgerInPath }),
    body: whatever,
    answers: { 200: "ForeignReceipts" },
    codes: [...ofIntake, "ledger_unknown", "store_damaged"],
    foreign: { format: "journal" },
  },
  journalUploadWithKey: {
    method: "post",
    route: "/in/{key}/journal/upload",
    summary: "The same, with the key in the path: systemd-journal-upload sends no headers of one's own.",
    permission: "append",
    trace: OF_THE_ENTRY,
    path: z.object({ key: keyInPath }),
    body: whatever,
    answers: { 200: "ForeignReceipts" },
    codes: [...ofIntake, "ledger_unnamed"],
    foreign: { format: "journal" },
  },
  hec: hec("", "Append events as Splunk's clients send them.", { route: "event" }),
  hecEvent: hec("/event", "The same.", { route: "event" }),
  hecEventV1: hec("/event/1.0", "The same; Docker's driver sends here.", { route: "event/1.0" }),
  hecRaw: hec("/raw", "Append lines of text as Splunk's clients send them.", { route: "raw" }),
  hecRawV1: hec("/raw/1.0", "The same.", { route: "raw" }),
  hecAcks: hec("/ack", "Ask which requests of a channel are safe.", { asks: "acks" }),
  hecHealth: hecHealth("/health"),
  hecHealthV1: hecHealth("/health/1.0"),
} as const;
