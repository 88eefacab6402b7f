/**
 * Escaped names through the whole service: whatever other senders sent before, to this ledger or another, what is
 * recorded, searched, shown and compared is what was sent. The answers are read by an independent reader.
 */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { verifyText } from "../../src/verify/verify.ts";
import { type Model, randomObject, readIndependently, seeded } from "../json/independent.ts";
import { poisoned } from "../json/poison.ts";
import { type Answer, ask, codeOf, type Running, startService } from "./service.ts";

const NDJSON = "application/x-ndjson";
const BASE = '"action":"x.y","time":"2026-11-27T03:30:54Z","actor":{"type":"user","id":"q"}';

let service: Running;
let admin: string;
/** Keys of two senders, each for a ledger of its own. */
let mallory: string;
let alice: string;

before(async () => {
  service = await startService();
  admin = await service.key(["admin"], "admin");
  for (const name of ["hers", "his"]) {
    assert.equal((await ask(service, "POST /v1/ledgers", { key: admin, body: { name } })).status, 201);
  }
  mallory = await service.key(["writer", "reader"], "mallory", ["his"]);
  alice = await service.key(["writer", "reader"], "alice", ["hers"]);
});
after(() => service.close());

function model(answer: Answer): ReadonlyMap<string, Model> {
  return readIndependently(answer.text) as ReadonlyMap<string, Model>;
}

/** The names and values under a path of an answer. */
function at(value: Model | undefined, ...steps: readonly (string | number)[]): Model | undefined {
  let found = value;
  for (const step of steps)
    found = (found as ReadonlyMap<string | number, Model>).get?.(step) ?? (found as Model[])[step as number];
  return found;
}

function eventWith(more: string): string {
  return `{${BASE},${more}}`;
}

async function send(
  key: string,
  ledger: string,
  body: string | Uint8Array,
  type = "application/json",
): Promise<Answer> {
  return ask(service, `POST /v1/ledgers/${ledger}/events`, { key, body, type });
}

function indexIn(answer: Answer): number {
  const found = at(model(answer), "entry", "index") as number;
  assert.equal(answer.status, 201, answer.text);
  return found;
}

/** An event as a search finds it, once the index has it. */
async function findEvent(index: number): Promise<Model | undefined> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const answer = await ask(service, "GET /v1/ledgers/hers/events?actor=user:q&limit=10", { key: alice });
    assert.equal(answer.status, 200, answer.text);
    const found = (at(model(answer), "events") as Model[]).find((event) => at(event, "index") === index);
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`expected entry ${index} to be found`);
}

/** Asserts that an event is recorded, shown, found and proved with these members. */
async function assertRecorded(index: number, more: string): Promise<void> {
  const expected = readIndependently(`{${more}}`) as ReadonlyMap<string, Model>;
  const path = `/v1/ledgers/hers/events/${index}`;
  const stored = await ask(service, `GET ${path}`, { key: alice });
  const found = await findEvent(index);
  const bundle = await ask(service, `GET ${path}/bundle`, { key: alice });
  const texts = (at(model(bundle), "entry", "members") as Model[]).map((member) => at(member, "text") as string);
  const proved = readIndependently(`{${texts.join(",")}}`);
  for (const [name, value] of expected) {
    assert.deepEqual(at(found, "event", name), value);
    assert.deepEqual(at(model(stored), "event", name), value, stored.text);
    assert.deepEqual(at(proved, name), value, bundle.text);
  }
  assert.notEqual((await verifyText(bundle.text)).outcome, "failed");
}

test("an event is recorded as it was sent, within one request, between requests and between ledgers", async () => {
  const inOne = '"a":{"zq1":1,"\\\\":1},"b":{"zq1":1,"\\n":1}';
  await assertRecorded(indexIn(await send(alice, "hers", eventWith(inOne))), inOne);
  const turned = '"b":{"!":1,"\\"":2},"a":{"!":1,"\\\\":2}';
  await assertRecorded(indexIn(await send(alice, "hers", eventWith(turned))), turned);
  assert.equal((await send(mallory, "his", eventWith('"a":{"zq2":1,"\\\\":1}'))).status, 201);
  const between = '"b":{"zq2":1,"\\n":1}';
  await assertRecorded(indexIn(await send(alice, "hers", eventWith(between))), between);
});

test("a refused request leads nobody astray", async () => {
  assert.equal(codeOf(await send(mallory, "his", '{"zq3":1,"\\\\":1}')), "400 event_invalid");
  assert.equal(
    codeOf(await ask(service, "POST /v1/ledgers", { key: mallory, body: '{"zq3":1,"\\\\":1}' })),
    "403 role_insufficient",
  );
  const more = '"b":{"zq3":1,"\\"":1}';
  await assertRecorded(indexIn(await send(alice, "hers", eventWith(more))), more);
});

test("the same id with a name that only an escape tells apart is a conflict", async () => {
  assert.equal((await send(alice, "hers", eventWith('"id":"same","a":{"zq4":1,"\\\\":1}'))).status, 201);
  const other = await send(alice, "hers", eventWith('"id":"same","a":{"zq4":1,"\\n":1}'));
  assert.equal(codeOf(other), "409 idempotency_conflict");
  const again = await send(alice, "hers", eventWith('"a":{"\\\\":1,"\\u007aq4":1},"id":"same"'));
  assert.equal(again.status, 200, "another spelling of the same names is the same event");
});

test("large bodies, which threads read, are recorded as they were sent", async () => {
  const filler = eventWith(`"filler":"${"x".repeat(50_000)}"`).replace('"id":"q"', '"id":"other"');
  const trap = eventWith(`"a":{"zq5":1,"\\\\":1}`);
  const more = '"b":{"zq5":1,"\\n":1}';
  for (const key of [mallory, alice]) {
    const ledger = key === mallory ? "his" : "hers";
    for (const [body, type] of [
      [`[${trap},${trap},${filler}]`, undefined],
      [`${trap}\n${filler}\n`, NDJSON],
    ] as const) {
      assert.equal((await send(key, ledger, body, type)).status, 201);
    }
  }
  const array = await send(alice, "hers", `[${eventWith(more)},${filler}]`);
  await assertRecorded(at(model(array), "receipts", 0, "index") as number, more);
  const lines = await send(alice, "hers", `${eventWith(more)}\n${filler}\n`, NDJSON);
  await assertRecorded(at(model(lines), "receipts", 0, "index") as number, more);
});

test("three hundred random events of two senders are recorded as they were sent", async () => {
  const random = seeded(20_261_127);
  const sent = Array.from({ length: 300 }, () => `"a":${randomObject(random)},"b":${randomObject(random)}`);
  for (let from = 0; from < sent.length; from += 100) {
    const events = sent.slice(from, from + 100).map(eventWith);
    assert.equal((await send(mallory, "his", `[${events.join()}]`)).status, 201);
    assert.equal((await send(alice, "hers", `[${events.reverse().join()}]`)).status, 201);
  }
  const size = service.ledgers.get("hers")?.size ?? 0;
  for (let index = size - 300; index < size; index++) {
    const place = index - (size - 300);
    const more = sent[100 * Math.floor(place / 100) + 99 - (place % 100)] as string;
    const stored = await ask(service, `GET /v1/ledgers/hers/events/${index}`, { key: alice });
    const expected = readIndependently(`{${more}}`);
    for (const name of ["a", "b"]) assert.deepEqual(at(model(stored), "event", name), at(expected, name), more);
  }
});

test("requests that make keys and ledgers mean what their names say", async () => {
  const key = poisoned('{"source":"poisoned","roles":["writer"],"note":"n"}');
  const made = await ask(service, "POST /v1/keys", { key: admin, body: key });
  assert.equal(made.status, 201, made.text);
  assert.equal(
    service.keys.list().some(({ source, note }) => source === "poisoned" && note === "n"),
    true,
  );
  const label = `0x${"5".repeat(64)}`;
  const ledger = await ask(service, "POST /v1/ledgers", {
    key: admin,
    body: poisoned(`{"name":"poisoned","label":"${label}"}`),
  });
  assert.equal(ledger.status, 201, ledger.text);
  assert.equal(service.ledgers.get("poisoned")?.record.label, label);
});

test("a delivery of GitHub is mapped by the names that it has", async () => {
  const text = poisoned('{"ref":"x","action":"opened","sender":{"login":"ada","id":7,"type":"User"}}');
  const headers = { "X-GitHub-Event": "issues" };
  const answer = await ask(service, "POST /v1/ledgers/hers/ingest/github", { key: alice, body: text, headers });
  const index = at(model(answer), "receipts", 0, "index") as number;
  const stored = await ask(service, `GET /v1/ledgers/hers/events/${index}`, { key: alice });
  assert.equal(at(model(stored), "event", "action"), "com.github.issues.opened");
  assert.equal(at(model(stored), "event", "actor", "name"), "ada");
  assert.equal(at(model(stored), "event", "_raw"), text);
});
