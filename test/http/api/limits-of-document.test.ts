/**
 * The description held against a service: every example is sent and taken, and values at the limits of every parameter are
 * taken while those beyond them are refused.
 */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { keySigner } from "../../../src/keys/local-signer.ts";
import { verifyText } from "../../../src/verify/verify.ts";
import { type Described, type DescribedParameter, misfit } from "../described.ts";
import { exampleBodies, examplePath, exampleQuery, DESCRIBED_OPERATIONS as OPERATIONS } from "../example-requests.ts";
import { ask, event, type Running, startService } from "../service.ts";

let service: Running;
let key: string;
/** A key for one ledger, for routes that do not name it. */
let sender: string;

before(async () => {
  // The example of a word is of this watcher, of the time that is set there.
  const watcher = keySigner(new Uint8Array(32).fill(21)).address;
  service = await startService({ watchers: [{ ledger: "main", name: "outside", key: watcher, everyMs: 60_000 }] });
  key = await service.key(["admin", "privacy"], "desk");
  sender = await service.key(["writer"], "sender", ["main"]);
  for (let i = 0; i < 2; i++) await ask(service, "POST /v1/ledgers/main/events", { key, body: event() });
});
after(() => service.close());

const pathOf = (route: string, described: Described, given: Readonly<Record<string, string>> = {}) =>
  examplePath(route, described, { key: sender, ...given });
const queryOf = exampleQuery;

test("every example of a body is as its schema says, and is taken by its operation", async () => {
  let sent = 0;
  // One that is there: no other is lifted.
  const placed = await ask(service, "POST /v1/ledgers/main/holds", { key, body: { filter: "from=0", reason: "case" } });
  const hold = placed.as("Hold").id;
  await service.alerts.book.settle({ name: "r", title: "t", severity: "notice" }, [{ subject: "s", detail: "d" }]);
  const [{ id: alert } = assert.fail()] = service.alerts.book.firing();
  for (const { method, route, described, type, schema, name, value } of OPERATIONS.flatMap(exampleBodies)) {
    const where = `${described.operationId} ${type} ${name}`;
    assert.equal(misfit(schema, value), undefined, where);
    const body = typeof value === "string" ? value : JSON.stringify(value);
    const shown = route.startsWith("/services/") || route === "/v1/logs" ? sender : key;
    const headers: Record<string, string> = route.startsWith("/services/") ? { "X-Splunk-Request-Channel": "c1" } : {};
    const asked = { ...(!route.startsWith("/in/") && { key: shown }), body, type, headers };
    const { status, text } = await ask(service, `${method} ${pathOf(route, described, { hold, alert })}`, asked);
    assert.ok([200, 201, 202].includes(status), `${where}: ${status} ${text}`);
    sent++;
  }
  assert.ok(sent > 30, String(sent));
  const without = OPERATIONS.filter(({ described }) =>
    Object.entries(described.requestBody?.content ?? {}).some(
      ([type, { examples }]) => type.endsWith("json") && !examples,
    ),
  );
  assert.deepEqual(
    without.map(({ route }) => route),
    [],
  );
});

/** Of what these answer there is no example: what does not end, what is no JSON, and the description itself. */
const WITHOUT_EXAMPLE = [
  "exportEvents",
  "exportLedger",
  "tailEvents",
  "removeSearch",
  "readTile",
  "metrics",
  "openapi",
  // What only a watcher can say; what it is answered is one of those that listWatchers has.
  "takeWord",
];

test("every operation has an example of its answer, made from a real one, that is as its schema says", () => {
  const without: string[] = [];
  for (const { described } of OPERATIONS) {
    let count = 0;
    for (const { content = {} } of Object.values(described.responses)) {
      for (const { schema, examples = {} } of Object.values(content)) {
        for (const [name, { value }] of Object.entries(examples)) {
          assert.equal(misfit(schema, value), undefined, `${described.operationId} ${name}`);
          count++;
        }
      }
    }
    if (count === 0) without.push(described.operationId);
  }
  assert.deepEqual(without.sort(), [...WITHOUT_EXAMPLE].sort());
});

test("the bundles among the examples of answers verify", async () => {
  const bundles = OPERATIONS.flatMap(({ described }) =>
    Object.values(described.responses).flatMap(({ content = {} }) =>
      Object.values(content).flatMap(({ examples = {} }) => Object.values(examples)),
    ),
  ).filter(({ value }) => (value as { format?: string } | null)?.format === "holdfast/bundle@1");
  assert.equal(bundles.length, 2);
  for (const { value } of bundles) {
    const { steps } = await verifyText(JSON.stringify(value));
    assert.ok(steps.length > 4);
    assert.deepEqual(
      steps.filter(({ state }) => state === "failed"),
      [],
    );
  }
});

type Bounds = { readonly taken: readonly string[]; readonly refused: readonly string[] };

/** Texts at the limits of a schema, and beyond. */
function boundsOf({
  type,
  minimum,
  maximum,
  minLength,
  maxLength,
  pattern,
  enum: values,
  const: only,
  ...more
}: DescribedParameter["schema"]): Bounds {
  const { anyOf } = more as { anyOf?: readonly DescribedParameter["schema"][] };
  if (anyOf !== undefined) {
    return {
      taken: anyOf.flatMap((each) => boundsOf(each).taken),
      refused: ["yesterday", "1700000000", "2026-02-30", ""],
    };
  }
  const known = Array.isArray(values) ? values.map(String) : only === undefined ? undefined : [String(only)];
  if (known !== undefined) return { taken: known, refused: [`${known[0]}x`, ""] };
  if (type === "integer") {
    const most = Number(maximum);
    const beyond = most === Number.MAX_SAFE_INTEGER ? "9007199254740992" : String(most + 1);
    return { taken: [String(minimum), String(most)], refused: [String(Number(minimum) - 1), beyond, "1.5", "x"] };
  }
  if (more.format === "date-time") return { taken: ["2026-11-20T09:30:00Z"], refused: [] };
  if (more.format === "date") return { taken: ["2026-11-20"], refused: [] };
  const long = typeof maxLength === "number" ? [`${"a".repeat(maxLength)}a`] : [];
  const short = typeof minLength === "number" && minLength > 0 ? [""] : [];
  const other = typeof pattern === "string" ? ["§"] : [];
  return { taken: [], refused: [...long, ...short, ...other] };
}

/** What is refused although the schema of its parameter takes it, because something else is not so. */
const FOR_ANOTHER_REASON = [
  // Nothing is there, or what is there does not belong together.
  "checkpoint_unknown",
  "event_unknown",
  "tile_unknown",
  "schema_unknown",
  "format_unknown",
];

function isRefusedFor(name: string, text: string): boolean {
  const {
    code,
    errors = [],
    detail = "",
  } = JSON.parse(text) as { code: string; errors?: { path: string }[]; detail?: string };
  if (FOR_ANOTHER_REASON.includes(code)) return false;
  return errors.some(({ path }) => path === `/${name}`) || detail.includes(name);
}

test("values at the limits of a parameter of the query are taken, and those beyond are refused", async () => {
  let tried = 0;
  for (const { method, route, described } of OPERATIONS.filter(({ method }) => method === "GET")) {
    if (route.startsWith("/in/") || route.includes("/ingest/") || route.endsWith("/tail")) continue;
    for (const { name, schema } of described.parameters.filter((each) => each.in === "query")) {
      const { taken, refused } = boundsOf(schema);
      const send = (value: string) =>
        ask(service, `${method} ${pathOf(route, described)}?${queryOf(described, { [name]: value })}`, { key });
      for (const value of taken) {
        const { status, text } = await send(value);
        assert.ok(
          status < 400 || !isRefusedFor(name, text) || isOfAnOrder(name, text),
          `${route} ${name}=${value}: ${text}`,
        );
        tried++;
      }
      for (const value of refused) {
        const { status, text } = await send(value);
        assert.equal(status, 400, `${route} ${name}=${JSON.stringify(value)}: ${text}`);
        tried++;
      }
    }
  }
  assert.ok(tried > 250, String(tried));
});

/** One value may exclude another: an index that is beyond the end, a time that is before the beginning. */
function isOfAnOrder(name: string, text: string): boolean {
  return (
    ["from", "to", "size", "since", "until", "occurredSince", "occurredUntil", "columns"].includes(name) &&
    !/whole number|RFC 3339 time/.test(text)
  );
}

test("values beyond the limits of a parameter of the path are refused", async () => {
  let tried = 0;
  for (const { method, route, described } of OPERATIONS) {
    for (const { name, schema } of described.parameters.filter((each) => each.in === "path" && each.name !== "key")) {
      for (const value of boundsOf(schema).refused.filter((each) => each !== "")) {
        const { status, text } = await ask(
          service,
          `${method} ${pathOf(route, described, { [name]: value })}`,
          route.startsWith("/in/") ? {} : { key },
        );
        assert.ok([400, 403, 404, 405, 415].includes(status), `${method} ${route} ${name}=${value}: ${status} ${text}`);
        tried++;
      }
    }
  }
  assert.ok(tried > 50, String(tried));
});
