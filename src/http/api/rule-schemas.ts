/** The forms of what goes in and out about rules. */

import * as z from "zod";
import { FORMATS, NATIVE } from "../../ingest/known-formats.ts";
import { ITEMS_MAX, REQUIREMENTS_MAX, SCHEMA_NAME, SCHEMA_NAME_RULE, stepsOf } from "../../ingest/rules/rule-set.ts";

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
    requirements: z
      .array(requirement)
      .max(REQUIREMENTS_MAX)
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, {
        error: "a name of its own for each",
      }),
  }),
  Requirements: z.strictObject({
    requirements: z.array(requirement),
    version: count.meta({ description: "Counts the changes; 0 while there were none" }),
    ...z.object(put).partial().shape,
  }),
} as const;
