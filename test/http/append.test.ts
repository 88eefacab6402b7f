/** Appending over HTTP: what is accepted, what is refused with which code, and that a refused request leaves nothing. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { parseBundle } from "../../src/verify/bundle/parse.ts";
import { verifyBundle } from "../../src/verify/verify.ts";
import { ask, codeOf, event, type Question, type Running, startService } from "./service.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const NDJSON = "application/x-ndjson";
const KIB = 1024;

/** One takes all bodies in at once, the other hands all of them to a thread. */
let service: Running;
let threaded: Running;
let writer: string;
let otherWriter: string;
let reader: string;

before(async () => {
  const limits = { requestBytesMax: 1024 * KIB, batchMax: 100 };
  service = await startService({ limits: { ...limits, atOnceBytesMax: Number.POSITIVE_INFINITY } });
  threaded = await startService({ limits: { ...limits, atOnceBytesMax: -1 } });
  writer = await service.key(["writer"], "billing");
  otherWriter = await threaded.key(["writer"], "billing");
  reader = await service.key(["reader"], "desk");
});
after(async () => {
  await service.close();
  await threaded.close();
});

function size(): number {
  return service.ledgers.get("main")?.size ?? -1;
}

function post(question: Question, target = EVENTS): ReturnType<typeof ask> {
  return ask(service, target, { key: writer, ...question });
}

/** A JSON text with so many arrays in one another. */
function nested(depth: number): string {
  return `${"[".repeat(depth)}${"]".repeat(depth)}`;
}

test("one event is answered with 201 and a bundle that verifies by itself", async () => {
  const answer = await post({ body: event({ id: "first" }) });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  const bundle = answer.as("Bundle");
  assert.equal(bundle.status, "recorded");
  assert.equal(bundle.entry.recordedAt, service.clock.now);
  assert.deepEqual(parseBundle(answer.text), bundle);
  const verdict = await verifyBundle(parseBundle(answer.text), { offline: true });
  const failed = verdict.steps.filter(({ state }) => state === "failed");
  assert.deepEqual(failed, []);
  assert.ok(verdict.steps.some(({ name, state }) => name === "signature" && state === "passed"));
});

test("the entry says which key and source it came through", async () => {
  const bundle = (await post({ body: event() })).as("Bundle");
  const texts = bundle.entry.members.map((member) => ("text" in member ? member.text : ""));
  const id = service.keys.list().find(({ source }) => source === "billing")?.id;
  assert.ok(texts.includes(`"_source":{"format":"native","key":"${id}","source":"billing"}`));
});

test("an array is answered with a receipt for each event, in its order", async () => {
  const from = size();
  const answer = await post({ body: [event({ id: "a" }), event(), event({ id: "c" })] });
  assert.equal(answer.status, 201);
  const { receipts, checkpoint } = answer.as("Receipts");
  assert.deepEqual(
    receipts.map(({ index, id, duplicate }) => [index, id, duplicate]),
    [
      [from, "a", false],
      [from + 1, undefined, false],
      [from + 2, "c", false],
    ],
  );
  assert.equal(checkpoint.size, from + 3);
});

test("every event of a request with thousands of members is stored as it was hashed", async () => {
  const more = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`m${i}`, i]));
  const sent = await post({ body: Array.from({ length: 100 }, () => event(more)) });
  const admin = await service.key(["admin"], "operations");
  for (const { index, leafHash } of sent.as("Receipts").receipts) {
    const answer = await ask(service, `GET /v1/ledgers/main/events/${index}/bundle`, { key: admin });
    assert.equal(answer.as("Bundle").entry.leafHash, leafHash);
    const { checks, summary } = await verifyBundle(parseBundle(answer.text), { offline: true });
    assert.equal(checks, "passed", summary);
  }
});

test("lines are answered like an array; empty ones do not count, and the last needs no newline", async () => {
  const from = size();
  const lines = [JSON.stringify(event({ id: "l1" })), "", "  \r", JSON.stringify(event({ id: "l2" }))].join("\n");
  for (const type of [NDJSON, "application/ndjson; charset=UTF-8"]) {
    const { receipts } = (await post({ type, body: lines })).as("Receipts");
    assert.deepEqual(
      receipts.map(({ index, id }) => [index, id]),
      [
        [from, "l1"],
        [from + 1, "l2"],
      ],
    );
  }
});

test("bodies may be compressed with gzip, deflate and brotli", async () => {
  const text = JSON.stringify(event());
  const bodies = {
    gzip: gzipSync(text),
    "X-GZIP": gzipSync(text),
    deflate: deflateSync(text),
    br: brotliCompressSync(text),
  };
  for (const [encoding, body] of Object.entries(bodies)) {
    const answer = await post({ body, headers: { "Content-Encoding": encoding } });
    assert.equal(answer.status, 201, `${encoding}: ${answer.text}`);
  }
  const lines = gzipSync(`${text}\n`.repeat(100));
  const answer = await post({ type: NDJSON, body: lines, headers: { "Content-Encoding": "gzip" } });
  assert.equal(answer.as("Receipts").receipts.length, 100);
});

const gzip = { "Content-Encoding": "gzip" };
const members = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}`, i]));
const good = JSON.stringify(event());

/** Requests that are refused: what it is, the request, the status and code. */
const REFUSED: readonly (readonly [what: string, question: Question, expected: string, target?: string])[] = [
  ["no JSON", { body: "{action" }, "400 json_invalid"],
  ["an empty body", { body: "" }, "400 json_invalid"],
  ["JSON that is no object", { body: "42" }, "400 event_invalid"],
  ["invalid UTF-8", { body: Buffer.from(good.replace("u1", "u\xff"), "latin1") }, "400 utf8_invalid"],
  ["an unsafe integer", { body: good.replace('"u1"', '"u1","n":9007199254740993') }, "400 json_unsafe_integer"],
  ["a number beyond all", { body: good.replace('"u1"', '"u1","n":1e999') }, "400 json_unsafe_integer"],
  ["a name twice", { body: good.replace('"u1"', '"u1","id":"u2"') }, "400 json_duplicate_name"],
  ["a lone surrogate", { body: good.replace("u1", "u\\ud800") }, "400 json_lone_surrogate"],
  ["__proto__", { body: good.replace("{", '{"__proto__":{"admin":true},') }, "400 json_invalid"],
  ["nesting of 10,000", { body: `{"action":${nested(10_000)}}` }, "400 json_depth"],
  ["nesting of 10,000 in an array", { body: nested(10_000) }, "400 json_depth"],
  ["no action", { body: { ...event(), action: undefined } }, "400 event_invalid"],
  ["no time", { body: { ...event(), time: undefined } }, "400 event_invalid"],
  ["a day that does not exist", { body: event({ time: "2026-02-30T00:00:00Z" }) }, "400 event_invalid"],
  ["no actor", { body: { ...event(), actor: undefined } }, "400 event_invalid"],
  ["an actor without id", { body: event({ actor: { type: "user" } }) }, "400 event_invalid"],
  ["an unknown outcome", { body: event({ outcome: "fine" }) }, "400 event_invalid"],
  ["65 members", { body: event(members(62)) }, "400 event_too_many_members"],
  ["64 members, which leaves no room for the service's", { body: event(members(61)) }, "400 event_too_many_members"],
  ["a member of the service", { body: event({ _source: {} }) }, "400 event_reserved_name"],
  ["an event over 64 KiB", { body: event({ message: "x".repeat(64 * KIB) }) }, "413 event_too_large"],
  ["a request over its limit", { body: event({ message: "x".repeat(1024 * KIB) }) }, "413 request_too_large"],
  ["an empty array", { body: [] }, "400 batch_empty"],
  ["lines without an event", { type: NDJSON, body: "\n \n" }, "400 batch_empty"],
  ["an array of 101 where 100 are allowed", { body: Array(101).fill(event()) }, "413 batch_too_large"],
  ["101 lines where 100 are allowed", { type: NDJSON, body: `${good}\n`.repeat(101) }, "413 batch_too_large"],
  ["a bad event in an array", { body: [event(), event(), {}] }, "400 event_invalid"],
  ["a bad line", { type: NDJSON, body: `${good}\n{"action":\n${good}\n` }, "400 json_invalid"],
  ["a text longer than any event", { body: `{"action":"${"\\u0061".repeat(100 * KIB)}"}` }, "413 event_too_large"],
  ["an array of 300,000 where 100 are allowed", { body: Array(300_000).fill({}) }, "413 batch_too_large"],
  ["a line over all limits", { type: NDJSON, body: `${good}\n${" ".repeat(600 * KIB)}\n` }, "413 event_too_large"],
  ["a line of invalid UTF-8", { type: NDJSON, body: Buffer.from(`${good}\n"\xff"`, "latin1") }, "400 utf8_invalid"],
  ["another content type", { type: "text/plain", body: good }, "415 content_type_unsupported"],
  ["no content type", { type: "", body: good }, "415 content_type_unsupported"],
  ["another charset", { type: "application/json; charset=latin1", body: good }, "415 content_type_unsupported"],
  ["another encoding", { body: good, headers: { "Content-Encoding": "zstd" } }, "415 encoding_unsupported"],
  ["two encodings", { body: good, headers: { "Content-Encoding": "gzip, gzip" } }, "415 encoding_unsupported"],
  ["gzip that is none", { body: good, headers: gzip }, "400 encoding_invalid"],
  ["gzip cut short", { body: gzipSync(good).subarray(0, -6), headers: gzip }, "400 encoding_invalid"],
  [
    "something behind the gzip",
    { body: Buffer.concat([gzipSync(good), Buffer.from("more")]), headers: gzip },
    "400 encoding_invalid",
  ],
  ["a gzip bomb", { body: gzipSync(Buffer.alloc(64 * KIB * KIB)), headers: gzip }, "413 request_too_large"],
  [
    "a bomb of lines",
    { type: NDJSON, body: gzipSync("\n".repeat(64 * KIB * KIB)), headers: gzip },
    "413 request_too_large",
  ],
  [
    "an idempotency key that is not ASCII",
    { body: good, headers: { "Idempotency-Key": "é" } },
    "400 parameter_invalid",
  ],
  ["an unknown ledger", { body: good }, "404 ledger_unknown", "POST /v1/ledgers/other/events"],
  ["a path that does not decode", { body: good }, "400 request_invalid", "POST /v1/ledgers/%ff/events"],
  ["an unknown path", { body: good }, "404 route_unknown", "POST /v1/ledgers/main/event"],
  ["another method", { body: good }, "405 method_not_allowed", "PUT /v1/ledgers/main/events"],
];

for (const [what, question, expected, target] of REFUSED) {
  test(`${what} is refused with ${expected}, and nothing is recorded`, async () => {
    const from = size();
    const answer = await post(question, target);
    assert.equal(codeOf(answer), expected);
    assert.equal(size(), from);
    const other = await ask(threaded, target ?? EVENTS, {
      key: otherWriter,
      ...question,
    });
    assert.deepEqual([other.status, other.text], [answer.status, answer.text]);
    assert.equal(threaded.ledgers.get("main")?.size, 0);
  });
}

test("keys are looked at before anything else", async () => {
  const from = size();
  const cases: [Question, string][] = [
    [{ body: "{" }, "401 key_missing"],
    [{ body: "{", key: "hf_wrong" }, "401 key_invalid"],
    [{ body: "{", headers: { Authorization: "Basic eDp5" } }, "401 key_invalid"],
    [{ body: "{", key: reader }, "403 role_insufficient"],
    [{ body: "{", key: await service.key(["writer"], "elsewhere", ["other"]) }, "403 ledger_forbidden"],
  ];
  for (const [question, expected] of cases) {
    const answer = await ask(service, EVENTS, question);
    assert.equal(codeOf(answer), expected);
    assert.equal(answer.headers.has("www-authenticate"), answer.status === 401);
  }
  assert.equal(size(), from);
});

test("a problem says where in the request it is", async () => {
  const bad = { ...event(), outcome: "ok" };
  const alone = (await post({ body: bad })).as("Problem");
  assert.deepEqual(alone.errors, [
    { path: "/outcome", expected: "one of success, failure, denied, unknown", got: '"ok"' },
  ]);
  const inArray = (await post({ body: [event(), bad] })).as("Problem");
  assert.equal(inArray.errors?.[0]?.path, "/1/outcome");
  assert.match(inArray.detail, /event 1 of the array/);
  const inLines = (await post({ type: NDJSON, body: `${good}\n\n${JSON.stringify(bad)}\n${good}` })).as("Problem");
  assert.equal(inLines.line, 3);
  assert.equal(inLines.errors?.[0]?.path, "/outcome");
  assert.match(inLines.detail, /line 3/);
});

test("HEAD and OPTIONS answer 200 without a key", async () => {
  for (const method of ["HEAD", "OPTIONS"]) {
    const answer = await ask(service, `${method} /v1/ledgers/main/events`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("allow"), "GET, HEAD, OPTIONS, POST");
    assert.equal(answer.text, "");
  }
  const refused = await post({ body: good }, "PATCH /v1/ledgers/main/events");
  assert.equal(refused.headers.get("allow"), "GET, HEAD, OPTIONS, POST");
});

test("concurrent requests get different indexes without a gap", async () => {
  const from = size();
  const answers = await Promise.all(Array.from({ length: 64 }, () => post({ body: event() })));
  const indexes = answers.map((answer) => answer.as("Bundle").entry.index).sort((a, b) => a - b);
  assert.deepEqual(
    indexes,
    Array.from({ length: 64 }, (_, i) => from + i),
  );
});

test("whatever was refused or failed, the service logged no error and holds what it accepted", async () => {
  for (const { logged } of [service, threaded]) {
    assert.deepEqual(
      logged.filter(({ level }) => level === "error"),
      [],
    );
  }
  assert.equal((await post({ body: event() })).status, 201);
});
