/** Standard Webhooks: what is made of their payloads, and that none is refused. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { checkEvent } from "../../../src/entry/event.ts";
import { standardWebhooks } from "../../../src/ingest/formats/standard-webhooks.ts";
import { adaptAll, itemsOf, SOURCE } from "../deliveries.ts";

function adapt(payload: unknown, headers: Readonly<Record<string, string>> = { "webhook-id": "msg_1" }) {
  const body = payload instanceof Uint8Array || typeof payload === "string" ? payload : JSON.stringify(payload);
  const [adapted, ...others] = adaptAll(standardWebhooks, itemsOf(standardWebhooks, body, headers));
  assert.ok(adapted);
  assert.equal(others.length, 0);
  return adapted;
}

test("type, timestamp and data are action, time and metadata, and the id is that of the header", () => {
  const { event, notes } = adapt({
    type: "contact.created",
    timestamp: "2022-11-03T20:26:10.344522Z",
    data: { id: "1f81eb52-5198-4599-803e-771906343485", type: "contact", first_name: "John", tags: ["a", { b: 1 }] },
  });
  assert.deepEqual(notes, []);
  assert.deepEqual(event, {
    id: "msg_1",
    action: "contact.created",
    time: "2022-11-03T20:26:10.344522Z",
    actor: { type: "system", id: SOURCE },
    context: { request_id: "msg_1" },
    metadata: {
      id: "1f81eb52-5198-4599-803e-771906343485",
      type: "contact",
      first_name: "John",
      tags: ["a", { b: 1 }],
    },
  });
});

test("data that names who did it, to what, and from where, is taken at its word", () => {
  const actor = { type: "user", id: "u1", name: "Ann" };
  const { event } = adapt({
    type: "user.deleted",
    data: { actor, targets: [{ type: "user", id: "u2" }], outcome: "success", context: { ip: "10.0.0.1" } },
  });
  assert.deepEqual(
    [event.actor, event.targets, event.outcome, event.context],
    [actor, [{ type: "user", id: "u2" }], "success", { ip: "10.0.0.1", request_id: "msg_1" }],
  );
});

test("times are those of the standard, or seconds or milliseconds; without one the time of receipt stands in", () => {
  const timeOf = (timestamp: unknown) => adapt({ type: "a", timestamp }).event.time;
  assert.equal(timeOf(1_667_507_170), "2022-11-03T20:26:10Z");
  assert.equal(timeOf(1_667_507_170_344), "2022-11-03T20:26:10.344Z");
  assert.deepEqual(adapt({ type: "a", timestamp: "yesterday" }).notes, ["time_of_receipt"]);
});

test("what has another form is recorded all the same", () => {
  assert.equal(adapt({ event: "x", n: 1 }).event.action, "webhook.received");
  assert.deepEqual(adapt({ event: "x", n: 1 }).event.metadata, { event: "x", n: 1 });
  assert.equal(adapt({ type: "line\nbreak" }).event.action, "webhook.received");
  assert.equal(adapt({ type: "a", data: [1, 2] }, { "svix-id": "msg_2" }).event.id, "msg_2");
  assert.ok(adapt("no JSON").notes.includes("text_unreadable"));
});

test("whatever comes becomes an event", () => {
  const json = fc.jsonValue({ maxDepth: 5 });
  const payloads = fc.oneof(
    json,
    fc.record({ type: json, timestamp: json, data: json }),
    fc.uint8Array({ maxLength: 200 }),
  );
  fc.assert(
    fc.property(payloads, fc.string(), (payload, id) => {
      const { event } = adapt(payload ?? "null", { "webhook-id": id });
      assert.equal(checkEvent(event), event);
    }),
    { seed: 147, numRuns: 500 },
  );
});
