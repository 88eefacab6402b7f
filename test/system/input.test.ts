/** What broken and hostile clients send to the real process: a clear refusal each, flat memory, and nothing lost. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import test, { after, before } from "node:test";
import { createGzip } from "node:zlib";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { event, type ServiceProcess, World } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** What a process may grow by while it refuses a gibibyte; it holds 16 MiB of a request at most. */
const GROWTH_MAX = 150 * MIB;

const NDJSON = { "Content-Type": "application/x-ndjson" };

const world = new World({ after });
let service: ServiceProcess;
let reader: string;

before(async () => {
  service = await world.start();
  const key = await service.json<{ key: string }>(201, "POST /v1/keys", { source: "desk", roles: ["reader"] });
  reader = key.key;
  await service.json(201, EVENTS, [event("a"), event("b")]);
});

/** Resident memory of the service, bytes; none where the system does not show it. */
function memory(): number {
  const status = process.platform === "linux" ? readFileSync(`/proc/${service.pid}/status`, "utf8") : "";
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
}

async function ledgerState(): Promise<{ size: number; root: string }> {
  const { size, root } = await service.json<{ size: number; root: string }>(200, "GET /v1/ledgers/main");
  return { size, root };
}

type Case = {
  readonly name: string;
  readonly expected: string;
  readonly body?: unknown;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

const valid = JSON.stringify(event("x"));
const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]));
const asReader = () => ({ Authorization: `Bearer ${reader}` });
const sixtyFive = { ...event("x"), ...members(61) };

/** Each is refused with this status and code. */
const cases = (): readonly Case[] => [
  { name: "not JSON", expected: "400 json_invalid", body: "{not json" },
  { name: "no body", expected: "400 json_invalid", body: "" },
  { name: "two values", expected: "400 json_invalid", body: `${valid} ${valid}` },
  { name: "65 members", expected: "400 event_too_many_members", body: sixtyFive },
  { name: "depth 10,000", expected: "400 json_depth", body: `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}` },
  { name: "depth 1,000,000", expected: "400 json_depth", body: `${"[".repeat(1e6)}${"]".repeat(1e6)}` },
  { name: "__proto__", expected: "400 json_invalid", body: valid.replace("{", '{"__proto__":{"a":1},') },
  { name: "a name of the service", expected: "400 event_reserved_name", body: event("x", { _raw: "x" }) },
  { name: "a name twice", expected: "400 json_duplicate_name", body: valid.replace("{", '{"action":"b",') },
  {
    name: "an unsafe integer",
    expected: "400 json_unsafe_integer",
    body: valid.replace("{", '{"n":9007199254740993,'),
  },
  { name: "half a surrogate pair", expected: "400 json_lone_surrogate", body: valid.replace("{", '{"s":"\\ud800",') },
  { name: "bytes that are no UTF-8", expected: "400 utf8_invalid", body: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) },
  { name: "an overlong NUL", expected: "400 utf8_invalid", body: Buffer.from([0x22, 0xc0, 0x80, 0x22]) },
  { name: "no action", expected: "400 event_invalid", body: event("x", { action: undefined }) },
  { name: "no time", expected: "400 event_invalid", body: event("x", { time: undefined }) },
  { name: "no actor", expected: "400 event_invalid", body: event("x", { actor: undefined }) },
  { name: "an actor without id", expected: "400 event_invalid", body: event("x", { actor: { type: "user" } }) },
  { name: "a time that is none", expected: "400 event_invalid", body: event("x", { time: "yesterday" }) },
  { name: "a number for an event", expected: "400 event_invalid", body: "7" },
  { name: "one bad of three", expected: "400 event_invalid", body: [event("x"), { action: "y" }, event("z")] },
  { name: "an empty array", expected: "400 batch_empty", body: "[]" },
  { name: "70 KiB in one event", expected: "413 event_too_large", body: event("x", { s: "x".repeat(70 * 1024) }) },
  { name: "an id with another content", expected: "409 idempotency_conflict", body: event("a", { outcome: "denied" }) },
  { name: "an unknown ledger", expected: "404 ledger_unknown", body: valid, target: "POST /v1/ledgers/none/events" },
  { name: "an unknown route", expected: "404 route_unknown", body: valid, target: "POST /v1/events" },
  { name: "a method", expected: "405 method_not_allowed", target: "DELETE /v1/ledgers/main/events" },
  { name: "a reader who writes", expected: "403 role_insufficient", body: valid, headers: asReader() },
  { name: "a wrong key", expected: "401 key_invalid", body: valid, headers: { Authorization: "Bearer hf_none" } },
  { name: "no key", expected: "401 key_missing", body: valid, headers: { Authorization: "" } },
  { name: "a text", expected: "415 content_type_unsupported", body: valid, headers: { "Content-Type": "text/plain" } },
  { name: "a form", expected: "415 content_type_unsupported", body: "a=1", headers: { "Content-Type": "x-www-form" } },
  { name: "an encoding", expected: "415 encoding_unsupported", body: valid, headers: { "Content-Encoding": "zstd" } },
  { name: "no gzip", expected: "400 encoding_invalid", body: valid, headers: { "Content-Encoding": "gzip" } },
];

test("bad input is refused with a clear 4xx each, and changes nothing", async () => {
  const from = await ledgerState();
  const wrong: string[] = [];
  for (const { name, expected, body, target = EVENTS, headers = {} } of cases()) {
    const answer = await service.ask(target, body, headers);
    const { status, code, detail } = JSON.parse(answer.text) as { status: number; code: string; detail: string };
    const isProblem = answer.headers.get("content-type") === "application/problem+json" && status === answer.status;
    const isClear = /expected .+, (?:but )?got .+/.test(detail);
    if (`${status} ${code}` !== expected || !isProblem || !isClear) wrong.push(`${name}: ${answer.text.slice(0, 300)}`);
  }
  assert.deepEqual(wrong, []);
  assert.deepEqual(await ledgerState(), from);
});

type Poured = { readonly status: number; readonly code: string; readonly bytesSent: number };

/** Sends pieces without end, until the answer is there, as a client does that looks up now and then. */
async function pour(headers: Readonly<Record<string, string>>, next: () => Buffer, total: number): Promise<Poured> {
  const req = request(`${service.url}/v1/ledgers/main/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${service.key}`, "Content-Type": "application/json", ...headers },
  });
  let isAnswered = false;
  const answer = once(req, "response");
  // The service may close the connection once it has answered; the answer has to have arrived.
  req.on("error", () => undefined);
  answer.then(() => {
    isAnswered = true;
  });
  let bytesSent = 0;
  while (bytesSent < total && !isAnswered) {
    const piece = next();
    bytesSent += piece.length;
    if (!req.write(piece)) await Promise.race([once(req, "drain"), answer]);
  }
  const [response] = (await answer) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  req.destroy();
  const { code } = JSON.parse(Buffer.concat(chunks).toString()) as { code: string };
  return { status: response.statusCode ?? 0, code, bytesSent };
}

test("a gibibyte in chunks is refused early, as JSON and as lines, one after another and at once", async () => {
  const from = await ledgerState();
  const piece = Buffer.alloc(MIB, "x");
  const lines = Buffer.from(`${JSON.stringify(event("x"))}\n`.repeat(2000));
  const pourAll = async (count: number, next: () => Promise<Poured>) => {
    for (let i = 0; i < count; i++) checkRefused(await next());
  };
  await pourAll(2, () => pour({}, () => piece, GIB));
  const before = memory();
  await pourAll(6, () => pour({}, () => piece, GIB));
  await pourAll(2, () => pour(NDJSON, () => piece, GIB));
  await pourAll(2, () => pour(NDJSON, () => lines, GIB));
  const grown = memory() - before;
  assert.ok(grown < GROWTH_MAX, `expected flat memory, got ${Math.round(grown / MIB)} MiB more`);
  await Promise.all(Array.from({ length: 6 }, () => pourAll(2, () => pour({}, () => piece, GIB))));
  const grownAtOnce = memory() - before;
  assert.ok(grownAtOnce < 2 * GROWTH_MAX, `expected bounded memory, got ${Math.round(grownAtOnce / MIB)} MiB more`);
  assert.deepEqual(await ledgerState(), from);
});

function checkRefused({ status, code, bytesSent }: Poured): void {
  assert.equal(status, 413, code);
  assert.match(code, /^(request|event|batch)_too_large$/);
  assert.ok(bytesSent < 256 * MIB, `expected an early answer, got it after ${bytesSent} bytes`);
}

test("a bomb of gzip is refused at the limit", async () => {
  const gzip = createGzip({ level: 9 });
  const pieces: Buffer[] = [];
  gzip.on("data", (piece: Buffer) => pieces.push(piece));
  const zeros = Buffer.alloc(16 * MIB, " ");
  for (let i = 0; i < 16; i++) if (!gzip.write(zeros)) await once(gzip, "drain");
  gzip.end();
  await once(gzip, "end");
  const before = memory();
  const answer = await service.ask(EVENTS, Buffer.concat(pieces), { "Content-Encoding": "gzip" });
  assert.equal(answer.status, 413);
  assert.ok(memory() - before < GROWTH_MAX);
});

test("after all of that, what was recorded is there, the next event too, and the log has no error", async () => {
  const { entry } = await service.json<Bundle>(201, EVENTS, event("last"));
  assert.equal(entry.index, 2);
  const found = await service.json<{ events: { event: { id: string } }[] }>(
    200,
    "GET /v1/ledgers/main/events?order=asc",
  );
  const ids = found.events.map((each) => each.event.id);
  assert.deepEqual(ids, ["a", "b", "last"]);
  assert.equal((await service.ask("GET /readyz")).status, 200);
  assert.equal((await service.stop()).status, 0);
  assert.doesNotMatch(service.output, /"level":"(error|fatal)"/);
});
