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
import { misfit } from "../described.ts";
import { ask, event, type Running, startService } from "../service.ts";

const text = z.looseObject({ description: z.string().optional(), schema: z.looseObject({}) });
const parameter = z.strictObject({
  name: z.string(),
  in: z.enum(["path", "query", "header"]),
  required: z.boolean().optional(),
  description: z.string().optional(),
  style: z.literal("form").optional(),
  explode: z.literal(true).optional(),
  example: z.unknown().optional(),
  schema: z.looseObject({}),
});
const examples = z.record(z.string().regex(/^[a-z]+$/), z.strictObject({ value: z.unknown() }));
const content = z.record(
  z.string().regex(/^[a-z]+\/[a-z0-9.+-]+$/),
  z.strictObject({ schema: z.looseObject({}), examples: examples.optional() }),
);
const operation = z.strictObject({
  operationId: z.string(),
  summary: z.string(),
  description: z.string().optional(),
  tags: z.array(z.string()).length(1),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(parameter),
  requestBody: z.strictObject({ description: z.string(), required: z.boolean(), content }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({
      description: z.string(),
      headers: z.record(z.string(), text).optional(),
      content: content.default({}),
    }),
  ),
});
const scheme = z.union([
  z.strictObject({ type: z.literal("http"), scheme: z.enum(["bearer", "basic"]), description: z.string() }),
  z.strictObject({
    type: z.literal("apiKey"),
    in: z.enum(["header", "query"]),
    name: z.string(),
    description: z.string(),
  }),
]);
/** The part of OpenAPI 3.1 (§4.8) that the document uses, with nothing beside it. */
const openApi31 = z.strictObject({
  openapi: z.literal("3.1.0"),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    summary: z.string(),
    description: z.string(),
    license: z.strictObject({ name: z.string(), identifier: z.string() }),
  }),
  jsonSchemaDialect: z.url(),
  servers: z.array(z.strictObject({ url: z.string() })),
  tags: z.array(z.strictObject({ name: z.string() })),
  paths: z.record(z.string().startsWith("/"), z.partialRecord(z.enum(["get", "post", "put", "delete"]), operation)),
  components: z.strictObject({
    schemas: z.record(z.string().regex(/^[A-Za-z]+$/), z.looseObject({})),
    securitySchemes: z.record(z.string(), scheme),
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
    const names = declared.map(({ name }) => name);
    assert.deepEqual(names, inPath);
    assert.ok(declared.every(({ required }) => required === true));
    const all = described.parameters.map((each) => `${each.in} ${each.name}`);
    assert.equal(new Set(all).size, all.length);
  }
});

test("every reference leads somewhere, and every security requirement is declared", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  assert.ok(references.length > 30);
  for (const [, name] of references) assert.ok(name !== undefined && name in document.components.schemas, name);
  const all = JSON.stringify(document).match(/"\$ref":/g)?.length;
  assert.equal(all, references.length);
  for (const { described } of operations()) {
    for (const requirement of described.security) {
      for (const name of Object.keys(requirement)) assert.ok(name in document.components.securitySchemes, name);
    }
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
    const isPublic = described.security.some((requirement) => Object.keys(requirement).length === 0);
    const isAsked = path.startsWith("/in/{key}") || (described.security.length > 0 && !isPublic);
    assert.equal(status === 401 || status === 403, isAsked, `${method} ${path}`);
  }
});

test("only parameters that must be there are called required", () => {
  const parameters = document.paths["/v1/ledgers/{ledger}/consistency"]?.get?.parameters ?? [];
  const required = Object.fromEntries(
    parameters.filter((each) => each.in !== "header").map(({ name, required }) => [name, required]),
  );
  assert.deepEqual(required, { ledger: true, from: true, to: false });
});

test("the codes of all problems are in the description", () => {
  const described = new Set(
    operations().flatMap(({ described }) =>
      Object.values(described.responses).flatMap(({ description }) =>
        description.replace("Not now; or ", "").split(", "),
      ),
    ),
  );
  // There is no operation where there is no path.
  const elsewhere = ["route_unknown"];
  const missing = Object.keys(CODES).filter((code) => !described.has(code) && !elsewhere.includes(code));
  assert.deepEqual(missing, []);
});

test("real answers fit the schemas that the document gives for them", async () => {
  const isA = (name: string, value: unknown) => misfit({ $ref: `#/components/schemas/${name}` }, value);
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
    assert.equal(isA(name, JSON.parse(text)), undefined, name);
  }
  assert.notEqual(isA("Bundle", { format: "holdfast/bundle@1" }), undefined);
  assert.notEqual(isA("Event", { action: "a" }), undefined);
});
