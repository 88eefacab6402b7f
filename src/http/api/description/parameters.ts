/** Parameters as OpenAPI has them, from the schemas that check them: of the path, the query and the headers. */

import type * as z from "zod";
import { FORMATS } from "../../../ingest/known-formats.ts";
import type { Operation } from "../operations.ts";
import { type DocumentPart, jsonSchema } from "./contents.ts";
import { IN_PATH, IN_QUERY } from "./examples.ts";

const text: DocumentPart = { type: "string" };

export function parametersOf(id: string, operation: Operation): readonly DocumentPart[] {
  const { path, query, headers, isTagged, foreign } = operation;
  return [
    ...fieldsOf(path).map(([name, schema]) => parameter("path", name, schema, IN_PATH[name])),
    ...fieldsOf(query).map(([name, schema]) => parameter("query", name, schema, IN_QUERY[`${id}.${name}`])),
    ...fieldsOf(headers).map(([name, schema]) => parameter("header", name, schema)),
    ...(isTagged === true
      ? [{ name: "If-None-Match", in: "header", description: "The ETag that is there already", schema: text }]
      : []),
    ...(foreign === undefined ? [] : foreignParameters(operation)),
  ];
}

function fieldsOf(schema: z.ZodObject | undefined): [string, z.ZodType][] {
  return Object.entries(schema?.shape ?? {}) as [string, z.ZodType][];
}

/** The limits are those of the value that the text stands for, so it is described as that value. */
function parameter(place: string, name: string, schema: z.ZodType, example?: unknown): DocumentPart {
  const { description, ...form } = jsonSchema(schema, "output");
  return {
    name,
    in: place,
    required: place === "path" || !schema.safeParse(undefined).success,
    ...(description !== undefined && { description }),
    schema: form,
    ...(example !== undefined && { example }),
  };
}

/** What a foreign sender may say beside its body. */
function foreignParameters({ foreign, method }: Operation): readonly DocumentPart[] {
  const { format, route, maySign, asks } = foreign ?? {};
  if (method === "get" && route === "query") {
    const schema = { type: "object", additionalProperties: true, minProperties: 1 };
    return [
      {
        name: "record",
        in: "query",
        required: true,
        style: "form",
        explode: true,
        description: "What is recorded.",
        schema,
      },
    ];
  }
  const channel = "Tells the sender's own acknowledgements from others";
  const ofHec = [
    { name: "channel", in: "query", description: channel, schema: text },
    { name: "X-Splunk-Request-Channel", in: "header", description: channel, schema: text },
  ];
  const read = format === undefined ? [] : (FORMATS[format]?.query ?? []);
  return [
    ...(maySign === true
      ? [
          {
            name: "source",
            in: "query",
            description: "Of a sender that signs: whose secret it signs with",
            schema: text,
          },
        ]
      : []),
    ...(asks === undefined ? read.map((name) => ({ name, in: "query", schema: text })) : []),
    ...(format === "hec" ? ofHec : []),
  ];
}
