/** Which schemas a ledger takes, and that none of them can do harm: tables of documents, hostile ones, and random ones. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Event } from "../../../src/entry/event.ts";
import { EventError } from "../../../src/entry/event-error.ts";
import { Judge, type Violation } from "../../../src/ingest/rules/check-event.ts";
import { checkSchema } from "../../../src/ingest/rules/compiled-schemas.ts";
import type { RuleSet, SchemaDocument } from "../../../src/ingest/rules/rule-set.ts";

const EVENT = { action: "user.login", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u1" } } as const;

function refusal(document: unknown, schemas: RuleSet["schemas"] = {}): string | undefined {
  try {
    checkSchema("it@1", document, schemas);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof EventError, String(error));
    assert.equal(error.code, "schema_invalid");
    return `${error.path}: ${error.expected}`;
  }
}

/** What a judge with this schema says of an event with these members. */
function verdict(document: SchemaDocument, members: object, others: RuleSet["schemas"] = {}): Violation | undefined {
  const judge = new Judge({ digest: "0x00", schemas: { ...others, "it@1": document }, requirements: [] });
  return judge.look({ ...EVENT, ...members, schema: "it@1" } as Event, "native");
}

test("schemas of draft 2020-12 are taken", () => {
  const documents: readonly SchemaDocument[] = [
    true,
    false,
    {},
    { $schema: "https://json-schema.org/draft/2020-12/schema", $id: "https://example.com/anything", title: "T" },
    { properties: { actor: { type: ["object", "null"] } }, required: ["actor"], additionalProperties: true },
    { $defs: { id: { type: "string", format: "uuid" } }, properties: { id: { $ref: "#/$defs/id" } } },
    { prefixItems: [{ type: "string" }], items: false, contains: { const: 1 }, minContains: 2, uniqueItems: true },
    JSON.parse('{"if":{"required":["op"]},"then":{"required":["targets"]},"else":{"not":{"required":["changes"]}}}'),
    { dependentRequired: { a: ["b"] }, dependentSchemas: { a: { minProperties: 3 } }, unevaluatedProperties: false },
    { propertyNames: { pattern: "^[a-z_]+$" }, patternProperties: { "^x-": { type: "string" } } },
    { $comment: "a tree", properties: { kids: { items: { $ref: "#" } } } },
  ];
  for (const document of documents) assert.equal(refusal(document), undefined, JSON.stringify(document));
});

test("what is no schema, or means something that is not in the ledger, is refused with its place", () => {
  const cases: readonly [unknown, RegExp][] = [
    [null, /^: a schema/],
    [[], /^: a schema/],
    [{ properties: { a: 7 } }, /^\/properties\/a: a schema/],
    [{ type: "strin" }, /^\/type: a JSON Schema/],
    [{ unknownWord: 1 }, /unknown keywords/],
    [{ format: "no-such-format" }, /unknown keywords and formats/],
    [{ minLength: -1 }, /^\/minLength: a JSON Schema/],
    [{ $schema: "http://json-schema.org/draft-07/schema#" }, /^\/\$schema: https:/],
    [{ $ref: "https://example.com/schema.json" }, /^\/\$ref: a place in this document .* nothing is fetched/],
    [{ $ref: "file:///etc/passwd" }, /^\/\$ref: a place in this document/],
    [{ $ref: "other@1" }, /^\/\$ref: a schema that this ledger has/],
    [{ $ref: "it@1" }, /^\/\$ref: a schema that this ledger has/],
    [{ $ref: "#/$defs/none" }, /^\/\$ref: the place of a schema/],
    [{ const: { type: "string" }, $ref: "#/const" }, /^\/\$ref: the place of a schema/],
    [{ properties: { a: { $id: "b" } } }, /^\/properties\/a\/\$id: /],
    [{ $dynamicRef: "#a" }, /^\/\$dynamicRef: /],
    [{ $anchor: "a" }, /^\/\$anchor: /],
    [{ holdfastWork: 0 }, /^\/holdfastWork: /],
    [{ pattern: "(?=a)b" }, /a regular expression of RE2/],
    [{ pattern: "(a)\\1" }, /a regular expression of RE2/],
    [{ pattern: "(x{1000}){1000}" }, /a regular expression of RE2/],
    [{ pattern: "a".repeat(1001) }, /a pattern of at most 1000/],
    [{ patternProperties: { "(": {} } }, /regular expression|JSON Schema/],
    [{ allOf: [{ $ref: "#" }] }, /not round in a circle/],
    [{ $defs: { a: { $ref: "#/$defs/b" }, b: { not: { $ref: "#/$defs/a" } } } }, /not round in a circle/],
    [{ enum: Array.from({ length: 10_000 }, (_, i) => `e${i}`) }, /^: a schema of at most 65536 bytes/],
    [{ allOf: Array.from({ length: 500 }, () => ({})) }, /at most 500 schemas/],
    [chain(70), /at most 64 schemas that look at one value/],
  ];
  for (const [document, expected] of cases) {
    assert.match(refusal(document) ?? "taken", expected, JSON.stringify(document)?.slice(0, 100));
  }
});

/** A schema that leads to the next one in place, n times. */
function chain(n: number): SchemaDocument {
  const $defs: Record<string, unknown> = { [`d${n}`]: {} };
  for (let i = 0; i < n; i++) $defs[`d${i}`] = { $ref: `#/$defs/d${i + 1}` };
  return { $ref: "#/$defs/d0", $defs };
}

test("a schema refers to others of its ledger, whole or in part, and a chain through them is as long as one in itself", () => {
  const others = { "money@1": { $defs: { amount: { type: "integer" } }, required: ["tenant"] } };
  const document = { $ref: "money@1", properties: { metadata: { $ref: "money@1#/$defs/amount" } } };
  assert.deepEqual(checkSchema("it@1", document, others), ["money@1"]);
  assert.equal(verdict(document, { tenant: "t", metadata: 7 }, others), undefined);
  assert.equal(verdict(document, { tenant: "t", metadata: "7" }, others)?.path, "/metadata");
  assert.equal(verdict(document, {}, others)?.path, "/tenant");
  assert.match(refusal({ $ref: "long@1" }, { "long@1": chain(62) }) ?? "taken", /at most 64/);
  assert.equal(refusal({ $ref: "long@1" }, { "long@1": chain(20) }), undefined);
});

test("the format of a text that is longer than 4,096 characters is none", () => {
  const document = { properties: { message: { format: "uri" } } };
  assert.equal(verdict(document, { message: `https://x/${"a".repeat(4000)}` }), undefined);
  assert.equal(verdict(document, { message: `https://x/${"a".repeat(5000)}` })?.path, "/message");
});

test("own members alone count: a schema sees no toString where none was sent", () => {
  const document = { required: ["toString"] };
  assert.equal(verdict(document, {})?.path, "/toString");
  assert.equal(verdict(document, { toString: 1 }), undefined);
});

/** What nobody could finish: twice as much with each step, or thousands of schemas for thousands of items. */
const HOSTILE: Readonly<Record<string, SchemaDocument>> = {
  "two references in each of many steps": {
    $ref: "#/$defs/d0",
    $defs: Object.fromEntries(
      Array.from({ length: 31 }, (_, i) => {
        const next = { $ref: `#/$defs/d${i + 1}` };
        return [`d${i}`, i === 30 ? {} : { allOf: [next, next] }];
      }),
    ),
  },
  "two ways down in each level": {
    properties: { metadata: { $ref: "#/$defs/t" } },
    $defs: {
      t: { allOf: [{ properties: { a: { $ref: "#/$defs/t" } } }, { properties: { a: { $ref: "#/$defs/t" } } }] },
    },
  },
  "hundreds of schemas for each item": {
    properties: { changes: { items: { allOf: Array.from({ length: 400 }, () => ({ type: "number" })) } } },
  },
  "thousands of values for each item": {
    properties: { changes: { items: { not: { enum: Array.from({ length: 5000 }, (_, i) => `e${i}`) } } } },
  },
  "patterns at long texts": {
    properties: { message: { allOf: Array.from({ length: 60 }, (_, i) => ({ pattern: `(x+x+)+y{${i}}$` })) } },
  },
};

test("a hostile schema costs nobody more than a bounded count, and the event does not satisfy it", () => {
  let metadata: object = {};
  for (let i = 0; i < 28; i++) metadata = { a: metadata };
  const changes = Array.from({ length: 20_000 }, () => 1);
  const message = "x".repeat(60_000);
  for (const [name, document] of Object.entries(HOSTILE)) {
    assert.equal(refusal(document), undefined, name);
    const found = verdict(document, { metadata, changes, message });
    assert.equal(found?.expected, "an event that takes less work to look at (schema it@1)", name);
  }
});

test("items that have to be unique are told apart by value, in time that grows with their number", () => {
  const document = { properties: { changes: { uniqueItems: true } } };
  const changes = Array.from({ length: 8000 }, (_, i) => ({ a: [i], b: 1 }));
  assert.equal(verdict(document, { changes }), undefined);
  assert.equal(verdict(document, { changes: [...changes, { b: 1, a: [7] }] })?.path, "/changes");
});

const KEYWORDS = [
  "type",
  "properties",
  "items",
  "allOf",
  "anyOf",
  "not",
  "if",
  "then",
  "$ref",
  "$defs",
  "pattern",
  "format",
  "enum",
  "const",
  "required",
  "minimum",
  "multipleOf",
  "uniqueItems",
  "additionalProperties",
  "unevaluatedProperties",
  "dependentSchemas",
  "patternProperties",
  "prefixItems",
  "contains",
  "toString",
  "constructor",
];
const word = fc.oneof(
  fc.constantFrom(
    ...KEYWORDS,
    "#",
    "#/$defs/a",
    "#/properties/metadata",
    "string",
    "integer",
    "date-time",
    "^a+$",
    "(a|b)*",
  ),
  fc.string({ maxLength: 8, unit: "binary" }).map((text) => text.toWellFormed()),
);
const { document: anyDocument } = fc.letrec<{ document: unknown }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.oneof(word, fc.boolean(), fc.integer({ min: -5, max: 5 }), fc.constant(null)),
    fc.dictionary(word, tie("document"), { maxKeys: 5 }),
    fc.array(tie("document"), { maxLength: 4 }),
  ),
}));

test("no document, however it is made, ends in anything but a refusal or a verdict", () => {
  let taken = 0;
  const holds = fc.property(anyDocument, fc.jsonValue({ maxDepth: 4 }), (document, metadata) => {
    if (refusal(document) !== undefined) return;
    taken++;
    const found = verdict(document as SchemaDocument, { metadata });
    if (found !== undefined) assert.equal(found.code, "schema_violated");
    // Asked again, it says the same.
    assert.deepEqual(verdict(document as SchemaDocument, { metadata }), found);
  });
  fc.assert(holds, { seed: 157, numRuns: 400 });
  assert.ok(taken > 20, `expected some documents that are schemas, got ${taken}`);
});
