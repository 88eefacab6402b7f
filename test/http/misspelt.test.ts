/** What a sender is told of members that look misspelt, and how a ledger refuses them. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { checkBundle } from "../../src/verify/bundle/parse.ts";
import { ask, codeOf, event, type Running, startService } from "./service.ts";

let service: Running;
let key: string;
const HEADER = "holdfast-warning";

before(async () => {
  service = await startService({ misspelt: (ledger) => (ledger === "strict" ? "refuse" : "warn") });
  key = await service.key(["admin"], "tests");
  await service.ledgers.create({ name: "strict" });
});
after(() => service.close());

const send = (ledger: string, body: object | string, type?: string) =>
  ask(service, `POST /v1/ledgers/${ledger}/events`, { key, body, ...(type !== undefined && { type }) });

test("a single event with a misspelt member is recorded, and a header says so; its bundle stays a bundle", async () => {
  const answer = await send("main", event({ target: { type: "order", id: "o-7" } }));
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get(HEADER), 'member_misspelt;path="/target";known="targets"');
  assert.doesNotThrow(() => checkBundle(JSON.parse(answer.text)));
  const other = await send("main", event({ 'outc"ome': "denied", tenänt: "t" }));
  const told = 'member_misspelt;path="/outc%22ome";known="outcome", member_misspelt;path="/ten%C3%A4nt";known="tenant"';
  assert.equal(other.headers.get(HEADER), told);
  assert.equal((await send("main", event({ order: 7 }))).headers.get(HEADER), null);
});

test("in a batch the receipt of each such event has its warnings, and the header says where they are", async () => {
  const plain = event({ targets: [{ type: "order", id: "o-7" }], outcome: "denied" });
  const wrong = event({ outcom: "denied", context: { userAgent: "x" } });
  const lines = [plain, wrong, plain].map((each) => JSON.stringify(each)).join("\n");
  for (const answer of [await send("main", [plain, wrong, plain]), await send("main", lines, "application/x-ndjson")]) {
    const receipts = answer.as("Receipts").receipts.map(({ warnings }) => warnings);
    const told = [
      { code: "member_misspelt", path: "/outcom", known: "outcome" },
      { code: "member_misspelt", path: "/context/userAgent", known: "user_agent" },
    ];
    assert.deepEqual(receipts, [undefined, told, undefined]);
    const header =
      'member_misspelt;path="/1/outcom";known="outcome", member_misspelt;path="/1/context/userAgent";known="user_agent"';
    assert.equal(answer.headers.get(HEADER), header);
  }
});

test("a request that a thread takes in is told the same, in a header of bounded length", async () => {
  const body = Array.from({ length: 500 }, () =>
    event({ target: { type: "order", id: "o" }, message: "x".repeat(100) }),
  );
  const answer = await send("main", body);
  const { receipts } = answer.as("Receipts");
  assert.ok(receipts.every(({ warnings }) => warnings?.length === 1));
  assert.match(answer.headers.get(HEADER) ?? "", /^member_misspelt;path="\/0\/target".*, more;count=492$/);
});

test("a repeated event is told again", async () => {
  const body = event({ target: {}, id: "e-1" });
  assert.equal((await send("main", body)).status, 201);
  const again = await send("main", body);
  assert.equal(again.status, 200);
  assert.match(again.headers.get(HEADER) ?? "", /known="targets"/);
});

test("a ledger that refuses them says which name was meant, and records nothing of the request", async () => {
  const size = () => service.ledgers.get("strict")?.size;
  const answer = await send("strict", event({ target: { type: "order", id: "o-7" } }));
  assert.equal(codeOf(answer), "400 member_misspelt");
  const { detail, errors } = answer.as("Problem");
  assert.match(detail, /^expected "targets", or a name that is not nearly that .* at \/target, got "target"$/);
  assert.equal(errors?.[0]?.path, "/target");
  const batch = await send("strict", [event(), event({ actor: { type: "agent", id: "a", onBehalfOf: {} } })]);
  assert.equal(codeOf(batch), "400 member_misspelt");
  assert.equal(batch.as("Problem").errors?.[0]?.path, "/1/actor/onBehalfOf");
  const lines = `${JSON.stringify(event())}\n${JSON.stringify(event({ Tenant: "t" }))}`;
  assert.equal((await send("strict", lines, "application/x-ndjson")).as("Problem").line, 2);
  assert.equal(size(), 0);
  assert.equal((await send("strict", event({ order: 7 }))).status, 201);
});

test("a metric counts such events by ledger and source, each once, and none that was refused", async () => {
  const own = await startService({ misspelt: (ledger) => (ledger === "strict" ? "refuse" : "warn") });
  try {
    await own.ledgers.create({ name: "strict" });
    const admin = await own.key(["admin"], "tests");
    const billing = await own.key(["writer"], "billing");
    const post = (by: string, ledger: string, body: object) =>
      ask(own, `POST /v1/ledgers/${ledger}/events`, { key: by, body });
    const counted = async () => {
      const { text } = await ask(own, "GET /metrics", { key: admin });
      return text.split("\n").filter((line) => line.startsWith("holdfast_events_misspelt_total"));
    };
    await post(admin, "main", event());
    await post(admin, "strict", event({ target: {} }));
    assert.deepEqual(await counted(), []);
    await post(admin, "main", event({ target: {} }));
    const batch = [event(), event({ outcom: "denied", Tenant: "t", id: "e-1" }), event({ target: {} })];
    await post(billing, "main", batch);
    await post(billing, "main", event({ outcom: "denied", Tenant: "t", id: "e-1" }));
    assert.deepEqual(await counted(), [
      'holdfast_events_misspelt_total{ledger="main",source="tests"} 1',
      'holdfast_events_misspelt_total{ledger="main",source="billing"} 2',
    ]);
  } finally {
    await own.close();
  }
});
