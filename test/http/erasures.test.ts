/** Erasures over the API: who may, what a dry run says, what is refused, and that nothing shows afterwards. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { ask, codeOf, event, type Running, startService } from "./service.ts";

let service: Running;
let path: string;
const keys = new Map<string, string>();

before(async () => {
  service = await startService();
  for (const role of ["writer", "reader", "auditor", "privacy", "admin"] as const) {
    keys.set(role, await service.key([role], `the-${role}`));
  }
  path = "/v1/ledgers/main";
  for (let i = 0; i < 6; i++) {
    const body = event({ actor: { type: "user", id: i % 2 === 0 ? "ada" : "bob" }, message: `told-by-${i % 2}` });
    const answer = await ask(service, `POST ${path}/events`, { key: keyOf("writer"), body });
    assert.equal(answer.status, 201, answer.text);
  }
});
after(() => service.close());

const keyOf = (role: string): string => keys.get(role) ?? assert.fail(role);
const as = (role: string, what: string, body?: object) =>
  ask(service, what, { key: keyOf(role), ...(body !== undefined && { body }) });

test("what would be refused is refused with its place, and what is held by the name of its hold", async () => {
  const erase = (body: object) => as("privacy", `POST ${path}/erasures`, body);
  for (const body of [
    { reason: "r" },
    { reason: "r", subject: "user:ada" },
    { reason: "r", subject: "actor=user:*" },
    { reason: "r", subject: "actor=user:ada", indexes: "1" },
    { reason: "r", indexes: "5-1" },
    { reason: "r", filter: "actr=user:ada" },
    { subject: "actor=user:ada" },
    { reason: "r", subject: "actor=user:ada", members: [] },
  ])
    assert.equal(codeOf(await erase(body)), "400 request_invalid", JSON.stringify(body));
  assert.equal(codeOf(await erase({ reason: "r", subject: "actor=user:eve" })), "409 erasure_empty");
  assert.equal(codeOf(await erase({ reason: "r", indexes: "100-200" })), "409 erasure_empty");
  const placed = await as("privacy", `POST ${path}/holds`, { filter: "to=1", reason: "case 1" });
  const { id } = placed.as("Hold");
  const dry = await erase({ subject: "actor=user:ada", dryRun: true });
  assert.deepEqual(dry.as("ErasurePreview"), {
    events: 3,
    indexes: "0,2,4",
    held: [{ hold: id, held: 1 }],
    own: 0,
    archives: [],
  });
  const held = await erase({ reason: "r", subject: "actor=user:ada" });
  assert.equal(codeOf(held), "409 erasure_held");
  assert.ok(held.text.includes(id));
  assert.deepEqual((await as("auditor", `GET ${path}/erasures`)).as("Erasures"), { erasures: [] });
  assert.equal((await as("privacy", `POST ${path}/holds/${id}/lift`, { reason: "closed" })).status, 200);
});

test("an erasure is answered with its id, and nothing shows afterwards: lists, searches, counts, exports, bundles", async () => {
  const body = { subject: "actor=user:ada", reason: "request 31", ground: "GDPR Art. 17(1)(b)" };
  const begun = await as("privacy", `POST ${path}/erasures`, body);
  assert.equal(begun.status, 202, begun.text);
  const { id, events, indexes } = begun.as("Erasure");
  assert.deepEqual([events, indexes], [3, "0,2,4"]);
  const one = async () => (await as("auditor", `GET ${path}/erasures/${id}`)).as("Erasure");
  while ((await one()).state === "running") await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual([(await one()).state, (await one()).source], ["done", "the-privacy"]);
  assert.equal(codeOf(await as("auditor", `GET ${path}/erasures/0123456789abcdef`)), "404 erasure_unknown");
  const listed = await as("reader", `GET ${path}/events?order=asc`);
  assert.deepEqual(
    listed
      .as("Events")
      .events.slice(0, 2)
      .map((each) => each.event.message),
    [undefined, "told-by-1"],
  );
  for (const where of [
    "events?actor=user:ada",
    "events?text=told-by-0",
    "events/count?actor=user:ada",
    "stats?since=2026-09-01&until=2026-09-30",
    "export?format=csv",
    "export?format=jsonl",
    "events/0",
    "events/0/bundle",
  ]) {
    const answer = await as("auditor", `GET ${path}/${where}`);
    assert.doesNotMatch(answer.text, /told-by-0|"ada"|user:ada/, where);
  }
  const told = (await as("reader", `GET ${path}/events?action=holdfast.erasure`)).as("Events").events;
  assert.deepEqual(
    told.map((each) => each.event.reason),
    ["request 31"],
  );
  const own = await as("privacy", `POST ${path}/erasures`, { filter: "action=holdfast.*", reason: "traces" });
  assert.equal(codeOf(own), "409 erasure_empty");
});
