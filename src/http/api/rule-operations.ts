/** The part of the table of operations that is about rules: what a ledger demands of its events. */

import * as z from "zod";
import { SCHEMA_NAME, SCHEMA_NAME_RULE } from "../../ingest/rules/rule-set.ts";
import { type Code, OF_BODY, OF_KEY, OF_RECORDING } from "./codes.ts";

const ledger = z.object({ ledger: z.string() });
const schema = ledger.extend({
  schema: z.string().regex(SCHEMA_NAME, { error: SCHEMA_NAME_RULE }).meta({ description: "name@version" }),
});
const ofRules: readonly Code[] = [...OF_KEY, "ledger_unknown", "store_damaged"];
const ofChange: readonly Code[] = [...ofRules, ...OF_BODY, ...OF_RECORDING];

export const RULE_OPERATIONS = {
  listSchemas: {
    method: "get",
    route: "/v1/ledgers/{ledger}/schemas",
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
    summary: "Say what a ledger demands of its events from now on, all of it.",
    permission: "rulesWrite",
    path: ledger,
    body: { types: ["application/json"], schema: "RequirementsRequest" },
    answers: { 200: "Requirements" },
    codes: [...ofChange, "request_invalid"],
  },
} as const;
