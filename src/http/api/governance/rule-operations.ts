/** The part of the table of operations that is about rules: what a ledger demands of its events. */

import * as z from "zod";
import { SCHEMA_NAME, SCHEMA_NAME_RULE } from "../../../ingest/rules/rule-set.ts";
import { type Code, OF_BODY, OF_KEY, OF_RECORDING } from "../codes.ts";
import { ledgerInPath } from "../param-forms.ts";

const ledger = z.object({ ledger: ledgerInPath });
const schema = ledger.extend({
  schema: z.string().regex(SCHEMA_NAME, { error: SCHEMA_NAME_RULE }).meta({ description: "name@version" }),
});
const ofRules: readonly Code[] = [...OF_KEY, "ledger_unknown", "store_damaged"];
const ofChange: readonly Code[] = [...ofRules, ...OF_BODY, ...OF_RECORDING];

export const RULE_OPERATIONS = {
  listSchemas: {
    method: "get",
    route: "/v1/ledgers/{ledger}/schemas",
    trace: { none: "It says what a ledger demands or keeps, and nothing of any event." },
    summary: "List the schemas of a ledger, without the documents.",
    permission: "rulesRead",
    path: ledger,
    answers: { 200: "EventSchemas" },
    codes: ofRules,
    compress: true,
  },
  readSchema: {
    method: "get",
    route: "/v1/ledgers/{ledger}/schemas/{schema}",
    trace: { none: "It says what a ledger demands or keeps, and nothing of any event." },
    summary: "Get a schema of a ledger.",
    permission: "rulesRead",
    path: schema,
    answers: { 200: "EventSchema" },
    codes: [...ofRules, "schema_unknown", "parameter_invalid"],
    compress: true,
  },
  putSchema: {
    method: "put",
    route: "/v1/ledgers/{ledger}/schemas/{schema}",
    trace: { leavesFirst: "change", tells: ["name"] },
    summary: "Give a ledger a schema (JSON Schema 2020-12). Once it is used it never changes.",
    permission: "rulesWrite",
    path: schema,
    body: { types: ["application/json"], schema: "JsonSchema" },
    answers: { 201: "EventSchema", 200: "EventSchema" },
    codes: [...ofChange, "schema_invalid", "schema_in_use", "schemas_max", "parameter_invalid"],
  },
  readRequirements: {
    method: "get",
    route: "/v1/ledgers/{ledger}/requirements",
    trace: { none: "It says what a ledger demands or keeps, and nothing of any event." },
    summary: "See what a ledger demands of its events.",
    permission: "rulesRead",
    path: ledger,
    answers: { 200: "Requirements" },
    codes: ofRules,
    compress: true,
  },
  putRequirements: {
    method: "put",
    route: "/v1/ledgers/{ledger}/requirements",
    trace: { leavesFirst: "change", tells: ["version"] },
    summary: "Say what a ledger demands of its events from now on, all of it.",
    permission: "rulesWrite",
    path: ledger,
    body: { types: ["application/json"], schema: "RequirementsRequest" },
    answers: { 200: "Requirements" },
    codes: [...ofChange, "request_invalid", "requirements_changed"],
  },
  previewRules: {
    method: "post",
    route: "/v1/ledgers/{ledger}/rules/preview",
    trace: { leaves: "search" },
    summary: "See what of the newest events would be refused or quarantined by other rules. Nothing is changed.",
    permission: "rulesWrite",
    path: ledger,
    body: { types: ["application/json"], schema: "RulesPreviewRequest" },
    answers: { 200: "RulesPreview" },
    codes: [...ofRules, ...OF_BODY, "request_invalid", "schema_invalid", "schema_in_use", "schemas_max"],
  },
  listViolations: {
    method: "get",
    route: "/v1/ledgers/{ledger}/violations",
    trace: { none: "It says what a ledger demands or keeps, and nothing of any event." },
    summary: "See which rules were not kept since the service started: how often, when last, and by whom.",
    permission: "rulesRead",
    path: ledger,
    answers: { 200: "Violations" },
    codes: ofRules,
    compress: true,
  },
  checkEvents: {
    method: "post",
    route: "/v1/ledgers/{ledger}/check",
    trace: { none: "It tells a sender about its own events, and records nothing." },
    summary: "See which of these events would be refused if they were appended, and why. Nothing is recorded.",
    permission: "append",
    path: ledger,
    body: { types: ["application/json", "application/x-ndjson"], schema: "Event" },
    answers: { 200: "Examined" },
    codes: [
      ...OF_KEY,
      "ledger_unknown",
      ...OF_BODY,
      "batch_empty",
      "batch_too_large",
      "event_too_large",
      "not_recorded",
    ],
  },
} as const;
