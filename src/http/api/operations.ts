/**
 * The table of what the API can do: path, method, who may, parameters, bodies and answers. Routing, checking of
 * parameters and the published description all come from it, so that they cannot disagree.
 * Why: docs/decisions/0050.
 */

import * as z from "zod";
import type { Trace } from "../../access/trace.ts";
import type { Permission } from "../auth/roles.ts";
import { type Code, OF_BODY, OF_KEY, OF_LEDGER, OF_RECORDING } from "./codes.ts";
import { EXPORT_OPERATION } from "./export-operation.ts";
import { FOREIGN_OPERATIONS } from "./foreign-operations.ts";
import { ENCRYPTION_OPERATIONS } from "./governance/encryption-operations.ts";
import { ERASURE_OPERATIONS } from "./governance/erasure-operations.ts";
import { RETENTION_OPERATIONS } from "./governance/retention-operations.ts";
import { RULE_OPERATIONS } from "./governance/rule-operations.ts";
import { IDEMPOTENCY_KEY, ledgerInPath, limit, names, whole } from "./param-forms.ts";
import type { SchemaName } from "./schemas.ts";
import { SEARCH_OPERATIONS } from "./search-operations.ts";
import { ALERT_OPERATIONS } from "./watching/alert-operations.ts";
import { AUDIT_OPERATIONS } from "./watching/audit-operations.ts";
import { STANDING_OPERATION } from "./watching/standing-operation.ts";
import { WATCHER_OPERATIONS } from "./watching/watcher-operations.ts";

/** The form of an answer: a schema of http/api/schemas.ts, or something that is not of this API's own making. */
export type AnswerForm =
  | SchemaName
  | "tile"
  | "protobuf"
  | "text"
  | "openapi"
  | "eventStream"
  | "export"
  | "archive"
  | "nothing";

/**
 * A route that a foreign sender is pointed at: its key may stand where the sender can put one, its ledger is that of the path or of
 * the key, and its answers are those of its protocol.
 */
export type ForeignRoute = {
  /** Where the path does not name it. */
  readonly format?: string;
  /** Which of the routes of its format it is, see Delivery. */
  readonly route?: string;
  /** A signature over what was sent may stand for a key, of the source that the parameter `source` names. */
  readonly maySign?: true;
  /** It brings nothing, but asks whether what was brought is safe. */
  readonly asks?: "acks";
};

/** One operation; `path` and `query` parameters arrive as texts and are checked by their schemas. */
export type Operation = {
  readonly method: "get" | "post" | "put" | "delete";
  readonly route: string;
  readonly summary: string;
  /** What the key must allow; absent means that no key is needed. */
  readonly permission?: Permission;
  /** What it leaves behind in the ledger of accesses. */
  readonly trace: Trace;
  readonly path?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** Headers that have a meaning besides those of all operations; whoever answers checks them. */
  readonly headers?: z.ZodObject;
  readonly body?: { readonly types: readonly string[]; readonly schema: SchemaName };
  readonly answers: Readonly<Record<number, AnswerForm | readonly AnswerForm[]>>;
  /** Headers of its answers that have a meaning besides HTTP's own. */
  readonly answerHeaders?: Readonly<Record<string, string>>;
  readonly codes: readonly Code[];
  /** Of a foreign protocol; `format` is the one whose protocol it is, where the path does not name it. */
  readonly foreign?: ForeignRoute;
  /** Whether its answers bear a validator, so that whoever has one already is told so with 304. */
  readonly isTagged?: true;
  /** Whether the answer may be compressed on its way. */
  readonly compress?: boolean;
  /** Whether it is so much work, or so large, that only some are worked on at once. */
  readonly takesTurn?: boolean;
};

const ledger = z.object({ ledger: ledgerInPath });
const ofEvents: readonly Code[] = [
  "event_invalid",
  "event_too_large",
  "event_too_many_members",
  "event_reserved_name",
  "member_misspelt",
  "schema_violated",
  "requirement_unmet",
  "batch_empty",
  "batch_too_large",
  "idempotency_conflict",
  ...OF_RECORDING,
];
export const OPERATIONS = {
  appendEvents: {
    method: "post",
    route: "/v1/ledgers/{ledger}/events",
    trace: { none: "What is appended is in the ledger itself, with the key that sent it." },
    summary: "Append one event, or several: all of them or none. The answer leaves when they are durable.",
    permission: "append",
    path: ledger,
    headers: z.object({
      "Idempotency-Key": z
        .string()
        .regex(IDEMPOTENCY_KEY)
        .optional()
        .meta({ description: "Makes sending the whole request again harmless" }),
    }),
    body: { types: ["application/json", "application/x-ndjson"], schema: "Event" },
    answerHeaders: { "Holdfast-Warning": "What was recorded and is perhaps not what was meant" },
    answers: { 201: ["Bundle", "Receipts"], 200: ["Bundle", "Receipts"] },
    codes: [...OF_KEY, ...OF_LEDGER, ...OF_BODY, ...ofEvents, "parameter_invalid"],
  },
  ...FOREIGN_OPERATIONS,
  ...RULE_OPERATIONS,
  ...RETENTION_OPERATIONS,
  ...ERASURE_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...WATCHER_OPERATIONS,
  ...SEARCH_OPERATIONS,
  ...EXPORT_OPERATION,
  readEvent: {
    method: "get",
    route: "/v1/ledgers/{ledger}/events/{index}",
    trace: { leaves: "read" },
    summary: "Read one event. A writer may read those of its own source.",
    permission: "readOwn",
    path: ledger.extend({ index: whole("an index") }),
    answers: { 200: "StoredEvent" },
    isTagged: true,
    codes: [...OF_KEY, ...OF_LEDGER, "event_unknown", "event_pruned", "event_forbidden", "parameter_invalid"],
  },
  proveEvent: {
    method: "get",
    route: "/v1/ledgers/{ledger}/events/{index}/bundle",
    trace: { leaves: "read" },
    summary: "Get what proves an event. A writer may get it for events of its own source.",
    permission: "readOwn",
    path: ledger.extend({ index: whole("an index") }),
    query: z.strictObject({
      size: whole("a size").optional(),
      omit: names
        .optional()
        .meta({ description: "Names of members, parted by commas; a comma in a name is written \\," }),
      prefer: z.literal("final").optional(),
    }),
    answers: { 200: "Bundle" },
    isTagged: true,
    codes: [
      ...OF_KEY,
      ...OF_LEDGER,
      "event_unknown",
      "event_pruned",
      "event_forbidden",
      "checkpoint_unknown",
      "member_unknown",
    ],
    compress: true,
    takesTurn: true,
  },
  listLedgers: {
    method: "get",
    route: "/v1/ledgers",
    trace: { none: "It says names and sizes of the ledgers that the key is for." },
    summary: "List the ledgers that the key is for.",
    permission: "ledgersRead",
    answers: { 200: "Ledgers" },
    isTagged: true,
    codes: OF_KEY,
    compress: true,
  },
  createLedger: {
    method: "post",
    route: "/v1/ledgers",
    trace: { leavesFirst: "change", tells: ["id", "name"] },
    summary: "Make a ledger.",
    permission: "ledgersCreate",
    body: { types: ["application/json"], schema: "LedgerRequest" },
    answers: { 201: "Ledger" },
    answerHeaders: { Location: "Its path" },
    codes: [...OF_KEY, ...OF_BODY, "request_invalid", "ledger_exists"],
  },
  listSources: {
    method: "get",
    route: "/v1/ledgers/{ledger}/sources",
    trace: { none: "It says who sends how much, and nothing of any event." },
    summary: "See who sends to a ledger: with which keys, how much, when last, and what could not be read.",
    permission: "sourcesRead",
    path: ledger,
    answers: { 200: "Sources" },
    codes: [...OF_KEY, ...OF_LEDGER],
    compress: true,
  },
  readLedger: {
    method: "get",
    route: "/v1/ledgers/{ledger}",
    trace: { none: "What a tree discloses is for everybody, and nothing of any event." },
    summary: "See how far a ledger is recorded, anchored and final.",
    path: ledger,
    answers: { 200: "Ledger" },
    isTagged: true,
    codes: OF_LEDGER,
  },
  readCheckpoint: {
    method: "get",
    route: "/v1/ledgers/{ledger}/checkpoint",
    trace: { none: "What a tree discloses is for everybody, and nothing of any event." },
    summary: "Get the newest checkpoint.",
    path: ledger,
    answers: { 200: "Checkpoint" },
    isTagged: true,
    codes: [...OF_LEDGER, "checkpoint_unknown"],
  },
  readCheckpointOfSize: {
    method: "get",
    route: "/v1/ledgers/{ledger}/checkpoint/{size}",
    trace: { none: "What a tree discloses is for everybody, and nothing of any event." },
    summary: "Get the checkpoint of exactly this size.",
    path: ledger.extend({ size: whole("a size") }),
    answers: { 200: "Checkpoint" },
    isTagged: true,
    codes: [...OF_LEDGER, "checkpoint_unknown", "parameter_invalid"],
  },
  proveConsistency: {
    method: "get",
    route: "/v1/ledgers/{ledger}/consistency",
    trace: { none: "What a tree discloses is for everybody, and nothing of any event." },
    summary: "Get what proves that the tree of one size begins with the tree of another.",
    path: ledger,
    query: z.strictObject({ from: whole("a size"), to: whole("a size").optional() }),
    answers: { 200: "Consistency" },
    isTagged: true,
    codes: [...OF_LEDGER, "parameter_invalid"],
    takesTurn: true,
  },
  listAnchors: {
    method: "get",
    route: "/v1/ledgers/{ledger}/anchors",
    trace: { none: "What a tree discloses is for everybody, and nothing of any event." },
    summary: "List the checkpoints that chains have taken.",
    path: ledger,
    query: z.strictObject({
      chainId: whole("a chain id").optional(),
      order: z.enum(["asc", "desc"]).default("asc"),
      after: whole("the `next` of an answer").optional(),
      limit: limit(1000, 100),
    }),
    answers: { 200: "Anchors" },
    isTagged: true,
    codes: [...OF_LEDGER, "parameter_invalid"],
    compress: true,
    takesTurn: true,
  },
  readTile: {
    method: "get",
    route: "/v1/ledgers/{ledger}/tile/{level}/{n}",
    trace: { none: "What a tree discloses is for everybody, and nothing of any event." },
    summary: "Get 256 neighbouring hashes of the tree, 8192 bytes; only full tiles are there.",
    path: ledger.extend({ level: whole("a level"), n: whole("a number") }),
    answers: { 200: "tile" },
    isTagged: true,
    codes: [...OF_LEDGER, "tile_unknown", "parameter_invalid"],
    takesTurn: true,
  },
  createKey: {
    method: "post",
    route: "/v1/keys",
    trace: { leavesFirst: "change", tells: ["id", "source", "roles", "ledgers", "expiresAt"] },
    summary: "Make an API key. It is shown in the answer and never again.",
    permission: "keysWrite",
    body: { types: ["application/json"], schema: "KeyRequest" },
    answers: { 201: "NewKey" },
    codes: [...OF_KEY, ...OF_BODY, "request_invalid", "source_keys_max"],
  },
  listKeys: {
    method: "get",
    route: "/v1/keys",
    trace: { leaves: "read" },
    summary: "List API keys, without the keys themselves.",
    permission: "keysRead",
    answers: { 200: "Keys" },
    codes: OF_KEY,
    compress: true,
  },
  readOwnKey: {
    method: "get",
    route: "/v1/key",
    trace: { leaves: "sign_in" },
    summary: "See what the key of the request is for.",
    permission: "ownKeyRead",
    answers: { 200: "OwnKey" },
    codes: OF_KEY,
  },
  revokeKey: {
    method: "delete",
    route: "/v1/keys/{id}",
    trace: { leavesFirst: "change", tells: ["id", "source", "roles", "ledgers"] },
    summary: "End an API key for good.",
    permission: "keysWrite",
    path: z.object({ id: z.string().meta({ pattern: "^[0-9a-f]{16}$", description: "Id of an API key" }) }),
    answers: { 200: "Key" },
    codes: [...OF_KEY, "key_unknown", "key_last_admin"],
  },
  ...ENCRYPTION_OPERATIONS,
  ...ALERT_OPERATIONS,
  ...STANDING_OPERATION,
  status: {
    method: "get",
    route: "/v1/status",
    trace: { none: "It says how the service is, and nothing of any event." },
    summary: "See how anchoring does on each chain: how far, what is on its way, what it costs, and why not.",
    permission: "status",
    answers: { 200: "Status" },
    codes: OF_KEY,
    compress: true,
  },
  alive: {
    method: "get",
    route: "/healthz",
    trace: { none: "It says how the service is, and nothing of any event." },
    summary: "Whether the process answers.",
    answers: { 200: "Alive" },
    codes: [],
  },
  ready: {
    method: "get",
    route: "/readyz",
    trace: { none: "It says how the service is, and nothing of any event." },
    summary: "Whether the service can do its work, and if not, why.",
    answers: { 200: "Readiness", 503: "Readiness" },
    codes: [],
  },
  metrics: {
    method: "get",
    route: "/metrics",
    trace: { none: "It says how the service is, and nothing of any event." },
    summary: "Metrics for Prometheus.",
    permission: "metrics",
    answers: { 200: "text" },
    codes: OF_KEY,
    compress: true,
  },
  openapi: {
    method: "get",
    route: "/openapi.json",
    trace: { none: "It is the same for everybody." },
    summary: "This description.",
    answers: { 200: "openapi" },
    isTagged: true,
    codes: [],
    compress: true,
  },
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof OPERATIONS;

/** The operations of foreign protocols. */
export type ForeignId = {
  [Id in OperationId]: (typeof OPERATIONS)[Id] extends { readonly foreign: ForeignRoute } ? Id : never;
}[OperationId];
