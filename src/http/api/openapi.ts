/**
 * The description of the API for programs: OpenAPI 3.1, made from the table of operations and the zod schemas. Nothing
 * in it is written by hand, so nothing in it can be out of date.
 */

import * as z from "zod";
import { eventJsonSchema } from "../../entry/schema.ts";
import { MEDIA_TYPES } from "../../export/formats.ts";
import { rolesFor } from "../auth/roles.ts";
import { CODES, type Code } from "./codes.ts";
import { type AnswerForm, OPERATIONS, type Operation } from "./operations.ts";
import { SCHEMAS } from "./schemas.ts";

type Json = Readonly<Record<string, unknown>>;

/** Problems that any operation may have. */
const ALWAYS: readonly Code[] = ["internal", "deadline_exceeded"];

/** The whole document. */
export function openApi(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [id, operation] of Object.entries(OPERATIONS) as [string, Operation][]) {
    paths[operation.route] = { ...paths[operation.route], [operation.method]: describe(id, operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Holdfast",
      version,
      summary: "An audit log that nobody can quietly rewrite.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    // Beside the document: a proxy may serve all of it under a prefix.
    servers: [{ url: "." }],
    paths,
    components: {
      schemas: componentSchemas(),
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "An API key, see POST /v1/keys" } },
    },
  };
}

function componentSchemas(): Json {
  const { $schema: _, ...event } = eventJsonSchema();
  const rest = Object.entries(SCHEMAS).filter(([name]) => name !== "Event");
  return { Event: event, ...Object.fromEntries(rest.map(([name, schema]) => [name, jsonSchema(schema, "input")])) };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io });
  return rest;
}

function describe(id: string, operation: Operation): Json {
  const { summary, permission, body } = operation;
  return {
    operationId: id,
    summary,
    ...(permission === undefined
      ? { security: [] }
      : { security: [{ key: [] }], description: `Roles: ${rolesFor(permission).join(", ")}.` }),
    parameters: parametersOf(operation),
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content: Object.fromEntries(body.types.map((type) => [type, { schema: bodySchema(type, body.schema) }])),
      },
    }),
    responses: { ...answersOf(operation), ...problemsOf(codesOf(operation), operation) },
  };
}

function codesOf({ codes, takesTurn }: Operation): readonly Code[] {
  return [...codes, ...(takesTurn === true ? (["reads_full"] as const) : []), ...ALWAYS];
}

function bodySchema(type: string, name: string): Json {
  if (type !== "application/json") return { type: "string", description: `One ${name} on each line.` };
  if (name !== "Event") return reference(name);
  return { oneOf: [reference(name), { type: "array", items: reference(name), minItems: 1 }] };
}

function parametersOf({ method, path, query, headers }: Operation): readonly Json[] {
  const idempotencyKey = { name: "Idempotency-Key", in: "header", schema: { type: "string", maxLength: 255 } };
  return [
    ...fieldsOf(path).map(([name, schema]) => ({ name, in: "path", required: true, schema: plain(schema) })),
    ...fieldsOf(query).map(([name, schema]) => {
      return { name, in: "query", required: !schema.safeParse(undefined).success, schema: plain(schema) };
    }),
    ...fieldsOf(headers).map(([name, schema]) => ({ name, in: "header", required: false, schema: plain(schema) })),
    ...(method === "post" && path !== undefined ? [idempotencyKey] : []),
  ];
}

function fieldsOf(schema: z.ZodObject | undefined): [string, z.ZodType][] {
  return Object.entries(schema?.shape ?? {}) as [string, z.ZodType][];
}

/** The form that a parameter has on the wire. */
function plain(schema: z.ZodType): Json {
  return jsonSchema(schema, "input");
}

function answersOf({ answers }: Operation): Json {
  const described = Object.entries(answers).map(([status, answer]: [string, AnswerForm | readonly AnswerForm[]]) => {
    const names = Array.isArray(answer) ? (answer as readonly AnswerForm[]) : [answer as AnswerForm];
    if (names[0] === "nothing") return [status, { description: "Nothing" }];
    return [status, { description: names.join(" or "), content: contentOf(names) }];
  });
  return Object.fromEntries(described);
}

function contentOf(names: readonly AnswerForm[]): Json {
  const [name] = names;
  if (name === "tile") return { "application/octet-stream": { schema: { type: "string", format: "binary" } } };
  if (name === "eventStream") return { "text/event-stream": { schema: { type: "string" } } };
  if (name === "export") return exportContent();
  if (name === "text") return { "text/plain": { schema: { type: "string" } } };
  if (name === "openapi") return { "application/json": { schema: { type: "object" } } };
  const references = names.map(reference);
  return { "application/json": { schema: references.length === 1 ? references[0] : { oneOf: references } } };
}

function exportContent(): Json {
  const types = [...new Set(Object.values(MEDIA_TYPES).map((type) => type.split(";")[0] as string))];
  return Object.fromEntries(types.map((type) => [type, { schema: { type: "string" } }]));
}

function problemsOf(codes: readonly Code[], { answers, problems }: Operation): Json {
  const byStatus = new Map<number, Code[]>();
  for (const code of new Set(codes)) {
    const [status] = CODES[code];
    if (!Object.hasOwn(answers, status)) byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const content =
    problems === undefined
      ? { "application/problem+json": { schema: reference("Problem") } }
      : { "application/json": { schema: reference(problems) } };
  return Object.fromEntries([...byStatus].map(([status, list]) => [status, { description: list.join(", "), content }]));
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}
