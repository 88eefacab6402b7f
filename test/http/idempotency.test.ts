/** Sending again: the same key and content give the original answer, other content a conflict, also after a restart. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { MemoryStore } from "../store/memory-store.ts";
import { type Answer, ask, codeOf, event, type Running, startService } from "./service.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const store = new MemoryStore();

let service: Running;
let writer: string;

before(async () => {
  service = await startService({ store });
  writer = await service.key(["writer"], "billing");
});
after(() => service.close());

function post(body: object, idempotencyKey?: string, key = writer): Promise<Answer> {
  const headers = idempotencyKey === undefined ? {} : { "Idempotency-Key": idempotencyKey };
  return ask(service, EVENTS, { key, body, headers });
}

async function restart(): Promise<void> {
  await service.close();
  service = await startService({ store });
}

test("an event sent again under its id gets the original bundle, byte for byte, with 200", async () => {
  const first = await post(event({ id: "e1" }));
  assert.equal(first.status, 201);
  await post(event());
  const again = await post({ id: "e1", ...event() });
  assert.equal(again.status, 200);
  assert.equal(again.text, first.text);
});

test("a request sent again under its Idempotency-Key gets the original bundle", async () => {
  const first = await post(event(), "order-1");
  const again = await post(event(), "order-1");
  assert.deepEqual([first.status, again.status], [201, 200]);
  assert.equal(again.text, first.text);
});

test("a batch sent again gets the original indexes", async () => {
  const batch = [event({ id: "b1" }), event(), event({ id: "b3" })];
  const first = (await post(batch, "batch-1")).as("Receipts");
  const again = await post(batch, "batch-1");
  assert.equal(again.status, 200);
  const { receipts } = again.as("Receipts");
  assert.deepEqual(
    receipts.map(({ index, leafHash, recordedAt, id }) => ({ index, leafHash, recordedAt, id })),
    first.receipts.map(({ index, leafHash, recordedAt, id }) => ({ index, leafHash, recordedAt, id })),
  );
  assert.ok(receipts.every(({ duplicate }) => duplicate));
});

test("of a batch, events that are there already are named duplicates and the others recorded", async () => {
  const { entry } = (await post(event({ id: "half" }))).as("Bundle");
  const answer = await post([event({ id: "half" }), event({ id: "other half" })]);
  assert.equal(answer.status, 201);
  const { receipts } = answer.as("Receipts");
  assert.deepEqual([receipts[0]?.index, receipts[0]?.duplicate, receipts[1]?.duplicate], [entry.index, true, false]);
});

test("another content under the same id is a conflict, and nothing of the request is recorded", async () => {
  const { entry } = (await post(event({ id: "c1" }))).as("Bundle");
  const from = service.ledgers.get("main")?.size;
  const answer = await post([event(), event({ id: "c1", outcome: "denied" })]);
  assert.equal(codeOf(answer), "409 idempotency_conflict");
  assert.deepEqual(answer.as("Problem").conflicts, [{ position: 1, index: entry.index }]);
  assert.equal(codeOf(await post(event({ outcome: "denied" }), "order-1")), "409 idempotency_conflict");
  assert.equal(service.ledgers.get("main")?.size, from);
});

test("ids are told apart by source, not by key", async () => {
  const other = await service.key(["writer"], "shipping");
  const second = await service.key(["writer"], "billing");
  const mine = (await post(event({ id: "shared" }))).as("Bundle");
  const theirs = await post(event({ id: "shared", outcome: "denied" }), undefined, other);
  assert.equal(theirs.status, 201);
  const rotated = await post(event({ id: "shared" }), undefined, second);
  assert.equal(rotated.status, 200);
  assert.equal(rotated.as("Bundle").entry.index, mine.entry.index);
});

test("after a restart the original answers are still given, and nothing accepted is lost", async () => {
  const first = await post(event({ id: "kept" }));
  const batch = [event({ id: "k2" }), event()];
  const receipts = (await post(batch, "kept-batch")).as("Receipts").receipts.map(({ leafHash }) => leafHash);
  const before = service.ledgers.get("main")?.head;
  await restart();
  assert.deepEqual(service.ledgers.get("main")?.head, before);
  const again = await post(event({ id: "kept" }));
  assert.equal(again.status, 200);
  assert.equal(again.text, first.text);
  const batchAgain = (await post(batch, "kept-batch")).as("Receipts").receipts.map(({ leafHash }) => leafHash);
  assert.deepEqual(batchAgain, receipts);
});
