/** Bodies that threads take in: the same entries as at once, bounded memory, and what happens when a thread dies. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { EVENT_LIMITS } from "../../../src/entry/event.ts";
import { unpackMembers } from "../../../src/entry/packed.ts";
import { ownMembers, type Preparation, type PreparedEntry } from "../../../src/entry/prepare.ts";
import { BodyBudget, receiveBody } from "../../../src/http/intake/body.ts";
import { receiveEvents } from "../../../src/http/intake/receive.ts";
import { HTTP_LIMITS } from "../../../src/http/services.ts";
import { packBatch, unpackBatch } from "../../../src/ingest/intake/batch.ts";
import { type Form, openIntake } from "../../../src/ingest/intake/intake.ts";
import { createMemory } from "../../../src/ingest/intake/memory.ts";
import { IntakePool, type IntakePoolOptions, intakeThreads } from "../../../src/ingest/intake/pool.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { ask, codeOf, event, startService } from "../../http/service.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const NDJSON = "application/x-ndjson";
const RULES = { event: EVENT_LIMITS, batchMax: 1000 };
const DYING = new URL("./dying-thread.ts", import.meta.url);

const hash = await fastKeccak256();
const ofRequest = {
  own: ownMembers({ _source: { key: "k1" } }),
  contentKey: new Uint8Array(32).fill(5),
  contentOf: "ids",
} as const;
const preparation: Preparation = { ...ofRequest, hash, salts: createSalts(), memory: createMemory() };

function poolOf(t: TestContext, size = 1, options: IntakePoolOptions = {}): IntakePool {
  const pool = new IntakePool(size, options);
  t.after(() => pool.close());
  return pool;
}

/** Bytes that are given to a thread. */
function piece(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text));
}

/** Everything of an entry but what its salts decide. */
function lasting({ members, digests, content, id }: PreparedEntry): unknown {
  const texts = unpackMembers(members).map((member) => ("text" in member ? member.text : ""));
  return { texts, digests: digests.length, content, id };
}

const events = Array.from({ length: 300 }, (_, i) => event({ n: i, note: "é✓", ...(i % 3 === 0 && { id: `e${i}` }) }));
const bodies: readonly (readonly [Form, string])[] = [
  ["json", JSON.stringify(event({ id: "alone" }))],
  ["json", JSON.stringify(events)],
  ["lines", events.map((each) => JSON.stringify(each)).join("\n")],
];

test("a thread makes of a body what is made of it at once, in whatever pieces it comes", async (t) => {
  const pool = poolOf(t);
  for (const [form, text] of bodies) {
    const bytes = Buffer.from(text);
    const atOnce = openIntake(form, RULES, preparation);
    atOnce.push(bytes);
    const expected = atOnce.end();
    for (const length of [bytes.length, 1000, 17]) {
      const intake = pool.open(form, RULES, ofRequest);
      const last = Math.min(bytes.length - 1, 200 * length);
      for (let at = 0; at < last; at += length) await intake.push(new Uint8Array(bytes.subarray(at, at + length)));
      const { alone, entries } = await intake.end(new Uint8Array(bytes.subarray(Math.ceil(last / length) * length)));
      assert.equal(alone, expected.alone);
      assert.deepEqual(entries.map(lasting), expected.entries.map(lasting));
      for (const { members, digests } of entries) assert.equal(digests.length, 32 * (members[0] ?? 0));
      intake.close();
    }
  }
  assert.equal(pool.load, 0);
});

test("what is not asked for the whole request has a content only where it has an id", async (t) => {
  const intake = poolOf(t).open("json", RULES, { ...ofRequest, contentOf: "all" });
  const { entries } = await intake.end(piece(JSON.stringify(events)));
  assert.ok(entries.every(({ content }) => content?.length === 32));
});

test("no two of the salts of all threads are alike", async (t) => {
  const pool = poolOf(t, 2);
  const salts = new Set<string>();
  const take = async () => {
    const intake = pool.open("json", RULES, ofRequest);
    for (const { members } of (await intake.end(piece(JSON.stringify(events)))).entries) {
      for (const member of unpackMembers(members)) salts.add("salt" in member ? member.salt.join() : "");
    }
    intake.close();
  };
  await Promise.all([take(), take(), take(), take()]);
  assert.equal(salts.size, 4 * (6 * 300 + 100));
});

test("any entries come back from their batch", () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  const entry = fc.record(
    { digests: bytes(32), members: fc.uint8Array({ maxLength: 100 }), content: bytes(32), id: fc.string() },
    { noNullPrototype: true, requiredKeys: ["digests", "members"] },
  ) as fc.Arbitrary<PreparedEntry>;
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      assert.deepEqual(unpackBatch(structuredClone(packBatch(entries))), entries);
    }),
    { seed: 20_260_311, numRuns: 100 },
  );
});

test("memory is given out once, whatever the lengths", () => {
  const memory = createMemory();
  const taken = [1, 16_000, 70_000, 16_384, 16_385, 3, 16_000, 16_000, 16_000, 500].map((length) => memory(length));
  for (const [i, each] of taken.entries()) each.fill(i + 1);
  for (const [i, each] of taken.entries()) assert.ok(each.every((byte) => byte === i + 1));
});

test("a request whose thread dies is answered with 503, and the next one finds another thread", async (t) => {
  const deaths: unknown[] = [];
  const intakes = new IntakePool(1, { script: DYING, onDeath: (cause) => deaths.push(cause) });
  const service = await startService({ limits: { atOnceBytesMax: -1 }, intakes });
  t.after(() => service.close());
  const key = await service.key(["writer"], "billing");
  for (const word of ["die", "throw"]) {
    const answer = await ask(service, EVENTS, { key, body: event({ message: word }) });
    assert.equal(codeOf(answer), "503 not_recorded");
    assert.equal(answer.headers.get("retry-after"), "1");
    assert.equal(service.ledgers.get("main")?.size, word === "die" ? 0 : 1);
    assert.equal((await ask(service, EVENTS, { key, body: event() })).status, 201);
  }
  assert.deepEqual(
    deaths.map((cause) => (cause as Error).message),
    ["the thread ended with code 7", "the body told me to"],
  );
});

test("the other bodies of a thread that dies are refused with it, none waits for ever", async (t) => {
  const pool = poolOf(t, 1, { script: DYING });
  const first = pool.open("lines", RULES, ofRequest);
  const second = pool.open("lines", RULES, ofRequest);
  await first.push(piece("{"));
  const answers = await Promise.allSettled([second.push(piece("die")), first.push(piece("}"))]);
  const codes = answers.map((answer) => answer.status === "rejected" && answer.reason.code);
  assert.deepEqual(codes, ["not_recorded", "not_recorded"]);
  await assert.rejects(first.end(piece("")), { code: "not_recorded" });
  for (const intake of [first, second]) intake.close();
  assert.equal(pool.load, 0);
});

test("what nobody expected in a thread is an error with its cause, and the thread lives", async (t) => {
  const pool = poolOf(t);
  const broken = pool.open("json", { ...RULES, event: { ...EVENT_LIMITS, depthMax: -1 } }, ofRequest);
  await assert.rejects(
    broken.end(piece("{}")),
    ({ cause }: Error) => cause instanceof RangeError && /depthMax/.test(cause.message),
  );
  const intake = pool.open("json", RULES, ofRequest);
  assert.equal((await intake.end(piece(JSON.stringify(event())))).entries.length, 1);
});

test("a body that is given up is forgotten, and a pool that closes refuses what it had and what comes", async (t) => {
  const pool = poolOf(t);
  const given = pool.open("lines", RULES, ofRequest);
  await given.push(piece("{"));
  assert.equal(pool.load, 1);
  given.close();
  assert.equal(pool.load, 0);
  await assert.rejects(given.end(piece("}")), ({ cause }: Error) => /an open body/.test(String(cause)));
  const deaths: unknown[] = [];
  const other = poolOf(t, 1, { onDeath: (cause) => deaths.push(cause) });
  const waiting = other.open("lines", RULES, ofRequest).push(piece("{"));
  const closing = other.close();
  await assert.rejects(waiting, { code: "not_recorded" });
  await closing;
  assert.throws(() => other.open("lines", RULES, ofRequest), { code: "not_recorded" });
  assert.deepEqual(deaths, []);
});

test("nothing more of a body is read while a piece of it is being taken", async (t) => {
  const body = Buffer.alloc(3_000_000, "x");
  const server = createServer(async (req, res) => {
    const received: Buffer[] = [];
    let under = 0;
    let most = 0;
    await receiveBody(req, res, { bytesMax: 10_000_000 }, async (chunk) => {
      under++;
      most = Math.max(most, under);
      await new Promise((resolve) => setTimeout(resolve, 1));
      received.push(chunk);
      under--;
    });
    res.end(JSON.stringify({ most, under, equal: Buffer.concat(received).equals(body) }));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  for (const [sent, headers] of [
    [body, {}],
    [gzipSync(body), { "Content-Encoding": "gzip" }],
  ] as const) {
    const req = request({ port, method: "POST", headers, agent: false });
    req.end(sent);
    const [response] = await once(req, "response");
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    assert.deepEqual(JSON.parse(Buffer.concat(chunks).toString()), { most: 1, under: 0, equal: true });
  }
});

/** A server that only receives events, with a budget and a thread of its own. */
async function receiver(t: TestContext) {
  const budget = new BodyBudget(4_000_000);
  const intakes = poolOf(t, 1, { script: DYING });
  const ended: unknown[] = [];
  const server = createServer(async (req, res) => {
    const received = receiveEvents(req, res, { limits: HTTP_LIMITS, budget, intakes, preparation });
    ended.push(await received.then(({ entries }) => entries.length).catch((error) => error.code ?? error.name));
    assert.deepEqual([budget.held, intakes.load], [0, 0]);
    res.end();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const post = () => {
    const headers = { "Content-Type": NDJSON };
    return request({ port, method: "POST", headers, agent: false }).on("error", () => undefined);
  };
  return { budget, intakes, ended, post };
}

test("however a body ends, nothing of it stays in the budget or in a thread", async (t) => {
  const { budget, intakes, ended, post } = await receiver(t);
  const line = `${JSON.stringify(event())}\n`;
  const blank = "\n".repeat(1_200_000);
  for (const body of [
    line,
    line + blank,
    "{\n",
    `{\n${blank}`,
    `die${blank}`,
    `${line}${blank}die`,
    "\n".repeat(4_100_000),
  ]) {
    const req = post();
    req.end(body);
    const [response] = await once(req, "response");
    await once(response.resume(), "end");
  }
  for (const begun of [line, line + blank]) {
    const req = post();
    req.write(begun);
    while (budget.held < begun.length) await new Promise((resolve) => setTimeout(resolve, 1));
    req.destroy();
    while (budget.held > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const refused = ["json_invalid", "json_invalid", "not_recorded", "not_recorded", "service_busy"];
  assert.deepEqual(ended, [1, 1, ...refused, "DisconnectedError", "DisconnectedError"]);
  assert.equal(intakes.load, 0);
});

test("a small request is answered while a thread is busy with large ones", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const key = await service.key(["writer"], "billing");
  const line = JSON.stringify(event({ note: "x".repeat(1000) }));
  const order: string[] = [];
  const large = Array.from({ length: 3 }, async () => {
    const answer = await ask(service, EVENTS, { key, type: NDJSON, body: `${line}\n`.repeat(5000) });
    assert.equal(answer.status, 201);
    order.push("large");
  });
  assert.equal((await ask(service, EVENTS, { key, body: event() })).status, 201);
  order.push("small");
  await Promise.all(large);
  assert.deepEqual(order, ["small", "large", "large", "large"]);
});

test("nothing of a body is lost where much may be taken in at once", async (t) => {
  const service = await startService({ limits: { atOnceBytesMax: 4_000_000 } });
  t.after(() => service.close());
  const key = await service.key(["writer"], "billing");
  const line = `${JSON.stringify(event({ note: "x".repeat(1000) }))}\n`;
  const answer = await ask(service, EVENTS, { key, type: NDJSON, body: line.repeat(2000) });
  assert.equal(answer.as("Receipts").receipts.length, 2000);
});

test("one core is left to the service, and there are at most four threads", () => {
  assert.deepEqual([1, 2, 3, 5, 6, 64].map(intakeThreads), [1, 1, 2, 4, 4, 4]);
});

test("a bad line is answered while the client still sends, and its connection can be used again", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const key = await service.key(["writer"], "billing");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const post = (length?: number) => {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": NDJSON };
    const sized = length === undefined ? headers : { ...headers, "Content-Length": length };
    return request(`${service.url}/v1/ledgers/main/events`, { method: "POST", headers: sized, agent });
  };
  const bad = `${JSON.stringify(event())}\n{"action":\n`;
  const large = post();
  large.on("error", () => undefined);
  large.write(bad + "\n".repeat(1024 * 1024));
  const [refused] = await once(large, "response");
  assert.equal(refused.statusCode, 400);
  large.destroy();
  const small = post(40_000);
  small.end(bad.padEnd(40_000, "\n"));
  const [second] = await once(small, "response");
  assert.equal(second.statusCode, 400);
  await once(second.resume(), "end");
  const third = post();
  third.end(JSON.stringify(event()));
  assert.equal((await once(third, "response"))[0].statusCode, 201);
});

test("idempotency holds whoever takes a body in", async (t) => {
  const service = await startService({ limits: { atOnceBytesMax: 500 } });
  t.after(() => service.close());
  const key = await service.key(["writer"], "billing");
  const small = event({ id: "same" });
  const lines = (extra: object) => `${JSON.stringify({ ...small, ...extra })}\n${" ".repeat(600)}`;
  const first = await ask(service, EVENTS, { key, body: small });
  const again = await ask(service, EVENTS, { key, type: NDJSON, body: lines({}) });
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.equal(again.as("Receipts").receipts[0]?.index, first.as("Bundle").entry.index);
  assert.equal(
    codeOf(await ask(service, EVENTS, { key, type: NDJSON, body: lines({ n: 1 }) })),
    "409 idempotency_conflict",
  );
  const whole = { key, type: NDJSON, body: lines({ id: undefined }), headers: { "Idempotency-Key": "whole" } };
  assert.deepEqual(
    [(await ask(service, EVENTS, whole)).status, (await ask(service, EVENTS, whole)).status],
    [201, 200],
  );
});

test("a byte order mark changes nothing, in front of an event, an array or lines", () => {
  const preparation = { hash, salts: (n: number) => new Uint8Array(16 * n) };
  const rules = { event: EVENT_LIMITS, batchMax: 10_000 };
  const large = Array.from({ length: 4000 }, (_, i) => event({ message: `${"x".repeat(150)} ${i}` }));
  const deep = (depth: number): unknown => (depth === 0 ? 1 : { a: deep(depth - 1) });
  const bodies: readonly (readonly [form: "json" | "lines", text: string, count: number])[] = [
    ["json", JSON.stringify(event()), 1],
    ["json", JSON.stringify([event(), event()]), 2],
    ["json", JSON.stringify(large), 4000],
    ["json", JSON.stringify([event({ deep: deep(31) })]), 1],
    ["lines", `${JSON.stringify(event())}\n${JSON.stringify(event())}\n`, 2],
    ["lines", `\n${JSON.stringify(event())}\n`, 1],
  ];
  for (const [form, text, count] of bodies) {
    const [plain, marked] = [text, `\ufeff${text}`].map((each) => {
      const intake = openIntake(form, rules, preparation);
      intake.push(Buffer.from(each));
      return intake.end();
    });
    assert.equal(plain?.entries.length, count);
    assert.deepEqual(marked, plain);
  }
  assert.ok((bodies[2]?.[1].length ?? 0) > 8 * EVENT_LIMITS.bytesMax, "longer than one event may be spelled");
});
