/** The forms of what goes in and out about rules. */

import * as z from "zod";
import { FORMATS, NATIVE } from "../../../ingest/known-formats.ts";
import { ITEMS_MAX, REQUIREMENTS_MAX, SCHEMA_NAME, SCHEMA_NAME_RULE, stepsOf } from "../../../ingest/rules/rule-set.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const digest = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .meta({ description: "keccak256 of its canonical JSON (RFC 8785)" });
const listOf = <T extends z.ZodType>(item: T) => z.array(item).min(1).max(ITEMS_MAX);
const text = z.string().min(1).max(256);

const put = {
  digest,
  putAt: milliseconds,
  key: z.string().meta({ description: "Id of the API key that put it" }),
  source: z.string(),
  replaces: digest.optional().meta({ description: "Digest of what it took the place of" }),
};

const requirement = z.strictObject({
  name: text.meta({ description: "What it is called where it is not met" }),
  actions: listOf(text)
    .optional()
    .meta({ description: "Exact, or all that begin so: payment.*; every action when absent" }),
  formats: listOf(z.enum([NATIVE, ...Object.keys(FORMATS)]))
    .optional()
    .meta({ description: "Every format when absent" }),
  members: listOf(
    text.refine((path) => stepsOf(path) !== undefined, {
      error: "names parted by dots, such as context.ip, or an RFC 6901 pointer, such as /targets/0/id",
    }),
  )
    .optional()
    .meta({ description: "Must be there, and not null, blank or empty" }),
  schema: z
    .string()
    .regex(SCHEMA_NAME, { error: SCHEMA_NAME_RULE })
    .optional()
    .meta({ description: "A schema of this ledger that such events must satisfy, whether they name it or not" }),
  knownSchema: z
    .boolean()
    .optional()
    .meta({ description: "A schema that such an event names must be one of this ledger's" }),
});

const requirements = z
  .array(requirement)
  .max(REQUIREMENTS_MAX)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
    error: "a name of its own for each",
  });

/** Schemas of a preview: each may take half a second to compile. */
const PROPOSED_MAX = 8;
/** Entries that a preview looks at. */
const PREVIEWED_MAX = 10_000;
const PREVIEWED_USUAL = 1000;

const rule = {
  requirement: z.string().optional().meta({ description: "Its name" }),
  schema: z.string().optional().meta({ description: "One that the event names, or that the requirement asks for" }),
};
const violation = {
  code: z.string(),
  path: z.string().meta({ description: "Into the event, RFC 6901" }),
  expected: z.string(),
  got: z.string(),
  ...rule,
};

const schemaFields = {
  name: z.string(),
  ...put,
  isUsed: z.boolean().meta({ description: "Named by an event, a requirement or another schema: it never changes" }),
};

export const RULE_SCHEMAS = {
  JsonSchema: z
    .union([z.looseObject({}), z.boolean()])
    .meta({ description: "A schema of JSON Schema 2020-12 that an event has to satisfy" }),
  EventSchema: z.strictObject({ ...schemaFields, document: z.union([z.looseObject({}), z.boolean()]) }),
  EventSchemas: z.strictObject({ schemas: z.array(z.strictObject(schemaFields)) }),
  RequirementsRequest: z.strictObject({
    requirements,
    version: count
      .optional()
      .meta({ description: "Of the requirements that were read before: others that came meanwhile are not replaced" }),
  }),
  RulesPreviewRequest: z.strictObject({
    schemas: z
      .record(z.string().regex(SCHEMA_NAME, { error: SCHEMA_NAME_RULE }), z.union([z.looseObject({}), z.boolean()]))
      .refine((all) => Object.keys(all).length <= PROPOSED_MAX, { error: `at most ${PROPOSED_MAX} schemas` })
      .optional()
      .meta({ description: "As if these were put as well" }),
    requirements: requirements.optional().meta({ description: "Instead of those that the ledger has" }),
    last: z
      .int()
      .min(1)
      .max(PREVIEWED_MAX)
      .default(PREVIEWED_USUAL)
      .meta({ description: "So many of the newest entries" }),
  }),
  RulesPreview: z.strictObject({
    looked: count.meta({
      description: "Events that were looked at; the service's own, and what could not be read when it came, are none",
    }),
    from: count.meta({ description: "Index of the oldest entry that was reached" }),
    refused: count.meta({ description: "Native ones that would have been refused" }),
    quarantined: count.meta({ description: "Foreign ones that would have been quarantined" }),
    violations: z
      .array(z.strictObject({ index: count, format: z.string(), ...violation }))
      .meta({ description: "The newest of them, at most 100" }),
    complete: z
      .boolean()
      .meta({ description: "False when the time was up before all that was asked for was looked at" }),
  }),
  Examined: z.strictObject({
    events: count,
    refused: count.meta({
      description: "Events that would be refused, and with them the whole of a request that has one",
    }),
    refusals: z
      .array(
        z.strictObject({
          position: count.meta({ description: "Of the event in the body" }),
          line: count.optional().meta({ description: "Of a body of lines, from 1" }),
          ...violation,
        }),
      )
      .meta({ description: "The first of them, at most 100" }),
    warnings: z
      .array(
        z.strictObject({
          position: count,
          code: z.enum(["member_misspelt", "schema_unknown"]),
          path: z.string(),
          known: z.string().optional(),
          got: z.string().optional(),
        }),
      )
      .meta({ description: "What would be recorded and is perhaps not what was meant, at most 100" }),
  }),
  Violations: z.strictObject({
    since: milliseconds.meta({ description: "Since when is counted: the start of the service" }),
    violations: z.array(
      z.strictObject({
        ...rule,
        refused: count.meta({ description: "Native requests that were refused" }),
        quarantined: count.meta({ description: "Foreign events that were recorded as quarantined" }),
        lastAt: milliseconds,
        lastSource: z.string(),
      }),
    ),
  }),
  Requirements: z.strictObject({
    requirements: z.array(requirement),
    version: count.meta({ description: "Counts the changes; 0 while there were none" }),
    ...z.object(put).partial().shape,
  }),
} as const;
