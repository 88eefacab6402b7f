/** Bodies of requests and answers as OpenAPI has them: a media type and the schema of what is in it. */

import * as z from "zod";
import { ARCHIVE_TYPE } from "../../../archive/archive.ts";
import { eventJsonSchema } from "../../../entry/schema.ts";
import { MEDIA_TYPES } from "../../../export/formats.ts";
import type { AnswerForm, Operation } from "../operations.ts";
import { SCHEMAS, type SchemaName } from "../schemas.ts";
import { BODIES, BODIES_OF, LINES } from "./examples.ts";

/** A part of the document: an object of OpenAPI or JSON Schema. */
export type DocumentPart = Readonly<Record<string, unknown>>;

const JSON_TYPE = "application/json";
const PROTOBUF_TYPE = "application/x-protobuf";
const BINARY: DocumentPart = { type: "string", format: "binary" };
const TEXT: DocumentPart = { type: "string" };

/** Answers that are not of this API's own making. */
const OTHER_FORMS: Readonly<Record<string, readonly string[]>> = {
  tile: ["application/octet-stream"],
  protobuf: [PROTOBUF_TYPE],
  eventStream: ["text/event-stream"],
  text: ["text/plain"],
  archive: [ARCHIVE_TYPE],
  export: [...new Set(Object.values(MEDIA_TYPES).map((type) => type.split(";")[0] as string))],
};

/** Every schema of the API by its name. */
export function componentSchemas(): DocumentPart {
  const { $schema: _, ...event } = eventJsonSchema();
  const rest = Object.entries(SCHEMAS).filter(([name]) => name !== "Event");
  return { Event: event, ...Object.fromEntries(rest.map(([name, schema]) => [name, jsonSchema(schema, "input")])) };
}

/** @param io what is sent to the service, or what the service makes of it */
export function jsonSchema(schema: z.ZodType, io: "input" | "output"): DocumentPart {
  const { $schema: _, "~standard": __, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

export function reference(name: string): DocumentPart {
  return { $ref: `#/components/schemas/${name}` };
}

/** The body of a request. */
export function requestBody(id: string, { body, foreign }: Operation): DocumentPart | undefined {
  if (body === undefined) return undefined;
  const examples = BODIES_OF[id] ?? BODIES[body.schema];
  const content = body.types.map((type) => [
    type,
    { schema: bodySchema(type, body.schema), ...examplesOf(type, examples) },
  ]);
  return {
    description:
      foreign === undefined
        ? "Content-Encoding may be gzip, deflate or br."
        : "Of any content type. Content-Encoding may be gzip, deflate, br, zstd or snappy.",
    // A foreign sender that sends nothing is told so, or that nothing was recorded.
    required: foreign === undefined,
    content: Object.fromEntries(content),
  };
}

function examplesOf(type: string, examples: Readonly<Record<string, unknown>> | undefined): DocumentPart {
  const all = type === JSON_TYPE ? examples : LINES[type];
  return named(all);
}

/** Examples as OpenAPI has them. */
function named(examples: Readonly<Record<string, unknown>> | undefined): DocumentPart {
  if (examples === undefined) return {};
  return { examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])) };
}

function bodySchema(type: string, name: SchemaName): DocumentPart {
  if (name === "Foreign")
    return type === JSON_TYPE ? reference(name) : type === "text/plain" ? TEXT : foreignSchema(type);
  if (type !== JSON_TYPE) return { ...TEXT, description: `One ${name} on each line.` };
  if (name !== "Event") return reference(name);
  return { oneOf: [reference(name), { type: "array", items: reference(name), minItems: 1, maxItems: 10_000 }] };
}

function foreignSchema(type: string): DocumentPart {
  return type === "application/x-www-form-urlencoded" ? { type: "object" } : BINARY;
}

/**
 * The content of an answer that has one of several forms.
 * @param examples of its JSON, by their names
 */
export function contentOf(
  forms: readonly AnswerForm[],
  examples?: Readonly<Record<string, unknown>>,
): DocumentPart | undefined {
  const schemas = new Map<string, DocumentPart[]>();
  const add = (type: string, schema: DocumentPart) => schemas.set(type, [...(schemas.get(type) ?? []), schema]);
  for (const form of forms) {
    if (form === "nothing") continue;
    if (form === "openapi") add(JSON_TYPE, { type: "object" });
    else if (Object.hasOwn(OTHER_FORMS, form)) {
      for (const type of OTHER_FORMS[form] ?? []) add(type, type.startsWith("text/") ? TEXT : BINARY);
    } else add(JSON_TYPE, reference(form));
  }
  if (schemas.size === 0) return undefined;
  return Object.fromEntries(
    [...schemas].map(([type, list]) => [type, { schema: oneOf(list), ...(type === JSON_TYPE && named(examples)) }]),
  );
}

/** What has one of several forms; forms of foreign protocols may be alike. */
export function oneOf(schemas: readonly DocumentPart[]): DocumentPart {
  const [only, ...more] = schemas;
  return more.length === 0 ? (only as DocumentPart) : { anyOf: schemas };
}
