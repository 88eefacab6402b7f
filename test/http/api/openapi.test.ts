/**
 * The published description: that it is a document of OpenAPI 3.1, that what it says of a path is what the path does,
 * and that its schemas take real answers.
 */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import * as z from "zod";
import { CODES } from "../../../src/http/api/codes.ts";
import { OPERATIONS } from "../../../src/http/api/operations.ts";
import { startPrefixProxy } from "../../web/prefix-proxy.ts";
import { ask, event, type Running, startService } from "../service.ts";

const parameter = z.strictObject({
  name: z.string(),
  in: z.enum(["path", "query", "header"]),
  required: z.boolean().optional(),
  schema: z.looseObject({}),
});
const content = z.record(z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/), z.strictObject({ schema: z.looseObject({}) }));
const operation = z.strictObject({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(parameter),
  requestBody: z.strictObject({ required: z.literal(true), content }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({ description: z.string(), content: content.default({}) }),
  ),
});
/** The part of OpenAPI 3.1 (§4.8) that the document uses, with nothing beside it. */
const openApi31 = z.strictObject({
  openapi: z.literal("3.1.0"),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    summary: z.string(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  jsonSchemaDialect: z.url(),
  servers: z.array(z.strictObject({ url: z.string() })),
  paths: z.record(z.string().startsWith("/"), z.partialRecord(z.enum(["get", "post", "put", "delete"]), operation)),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[A-Za-z]+$/), z.looseObject({})),
    securitySchemes: z.record(
      z.string(),
      z.strictObject({ type: z.literal("http"), scheme: z.literal("bearer"), description: z.string() }),
    ),
  }),
});

let service: Running;
let key: string;
let document: z.output<typeof openApi31>;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "desk");
  document = openApi31.parse(JSON.parse((await ask(service, "GET /openapi.json")).text));
});
after(() => service.close());

function operations() {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, described]) => ({ path, method, described })),
  );
}

test("every operation is described once, with the parameters of its path", () => {
  const ids = operations().map(({ described }) => described.operationId);
  assert.deepEqual(ids.sort(), Object.keys(OPERATIONS).sort());
  for (const { path, described } of operations()) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
    const declared = described.parameters.filter((each) => each.in === "path");
    assert.deepEqual(
      declared.map(({ name }) => name),
      inPath,
    );
    assert.ok(declared.every(({ required }) => required === true));
    const names = described.parameters.map((each) => `${each.in} ${each.name}`);
    assert.equal(new Set(names).size, names.length);
  }
});

test("every reference leads somewhere, and every security requirement is declared", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  assert.ok(references.length > 30);
  for (const [, name] of references) assert.ok(name !== undefined && name in document.components.schemas, name);
  const all = JSON.stringify(document).match(/"\$ref":/g)?.length;
  assert.equal(all, references.length);
  for (const { described } of operations()) {
    for (const requirement of described.security) assert.deepEqual(Object.keys(requirement), ["key"]);
  }
});

test("the server is where the document is, also under the prefix of a proxy", async () => {
  const proxy = await startPrefixProxy(service.url);
  try {
    for (const base of [service.url, proxy.url]) {
      const at = `${base}/openapi.json`;
      const { servers } = openApi31.parse(JSON.parse(await (await fetch(at)).text()));
      assert.deepEqual(
        servers.map(({ url }) => new URL(url, at).href),
        [`${base}/`],
      );
    }
  } finally {
    await proxy.close();
  }
});

test("a request without its key is refused where the description says that one is needed", async () => {
  for (const { path, method, described } of operations()) {
    const concrete = path.replace("{ledger}", "main").replaceAll(/\{\w+\}/g, "0");
    const { status } = await ask(service, `${method.toUpperCase()} ${concrete}`);
    assert.equal(status === 401, described.security.length > 0, `${method} ${path}`);
  }
});

test("only parameters that must be there are called required", () => {
  const parameters = document.paths["/v1/ledgers/{ledger}/consistency"]?.get?.parameters ?? [];
  const required = Object.fromEntries(parameters.map(({ name, required }) => [name, required]));
  assert.deepEqual(required, { ledger: true, from: true, to: false });
});

test("the codes of all problems are in the description", () => {
  const described = new Set(
    operations().flatMap(({ described }) =>
      Object.values(described.responses).flatMap(({ description }) => description.split(", ")),
    ),
  );
  // What the router and the server itself answer belongs to no operation.
  const elsewhere = [
    "route_unknown",
    "method_not_allowed",
    "request_timeout",
    "headers_too_large",
    "transfer_encoding_unsupported",
  ];
  const missing = Object.keys(CODES).filter((code) => !described.has(code) && !elsewhere.includes(code));
  assert.deepEqual(missing, []);
});

test("real answers fit the schemas that the document gives for them", async () => {
  const schema = (name: string) => z.fromJSONSchema(document.components.schemas[name] as z.core.JSONSchema.JSONSchema);
  const answers: [string, string][] = [
    ["Bundle", (await ask(service, "POST /v1/ledgers/main/events", { key, body: event() })).text],
    ["Receipts", (await ask(service, "POST /v1/ledgers/main/events", { key, body: [event()] })).text],
  ];
  const reads = {
    StoredEvent: "/v1/ledgers/main/events/0",
    Events: "/v1/ledgers/main/events",
    Ledger: "/v1/ledgers/main",
    Ledgers: "/v1/ledgers",
    Checkpoint: "/v1/ledgers/main/checkpoint",
    Consistency: "/v1/ledgers/main/consistency?from=1",
    Anchors: "/v1/ledgers/main/anchors",
    Keys: "/v1/keys",
    Alive: "/healthz",
    Readiness: "/readyz",
    Problem: "/v1/nothing",
  };
  for (const [name, path] of Object.entries(reads)) {
    answers.push([name, (await ask(service, `GET ${path}`, { key })).text]);
  }
  answers.push(["Event", JSON.stringify(event())]);
  for (const [name, text] of answers) {
    const parsed = schema(name).safeParse(JSON.parse(text));
    assert.ok(parsed.success, `${name}: ${parsed.error?.message}`);
  }
  assert.ok(!schema("Bundle").safeParse({ format: "holdfast/bundle@1" }).success);
  assert.ok(!schema("Event").safeParse({ action: "a" }).success);
});
