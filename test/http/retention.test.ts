/** Retention and legal holds over the API: who may what, what is told, and what a policy would do. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { toHex } from "../../src/merkle/bytes.ts";
import { addPeriod, readPeriod } from "../../src/retention/period.ts";
import { ask, codeOf, event, type Running, startService } from "./service.ts";

let service: Running;
const keys = new Map<string, string>();

before(async () => {
  service = await startService();
  for (const role of ["writer", "reader", "auditor", "privacy", "admin"] as const) {
    keys.set(role, await service.key([role], `the-${role}`));
  }
});
after(() => service.close());

let made = 0;
/** A ledger of its own for each test, with these events. */
async function ledgerWith(...events: readonly object[]): Promise<string> {
  made++;
  const name = `kept-${made}`;
  await service.ledgers.create({ name });
  for (const body of events) {
    const answer = await ask(service, `POST /v1/ledgers/${name}/events`, { key: keyOf("writer"), body });
    assert.equal(answer.status, 201, answer.text);
  }
  return name;
}

const keyOf = (role: string): string => keys.get(role) ?? assert.fail(role);
const as = (role: string, what: string, body?: object) =>
  ask(service, what, { key: keyOf(role), ...(body !== undefined && { body }) });
const eventsOf = async (name: string) =>
  (await as("reader", `GET /v1/ledgers/${name}/events?order=asc`)).as("Events").events.map((each) => each.event);

const KEEP = { name: "books", action: "book.*", keepAtLeast: "P7Y" };
const PRUNE = { name: "logins", action: "user.*", keepAtMost: "P30D", after: "prune" };

test("an administrator may promise more and not less; a key for privacy may do both, and what takes away waits", async () => {
  const name = await ledgerWith();
  const path = `/v1/ledgers/${name}/retention`;
  assert.deepEqual((await as("reader", `GET ${path}`)).as("Retention"), { delayS: 86_400 });
  const kept = (await as("admin", `PUT ${path}`, { rules: [KEEP] })).as("Retention");
  assert.deepEqual([kept.inForce?.version, kept.inForce?.shortens, kept.inForce?.source], [1, false, "the-admin"]);
  const refused = await as("admin", `PUT ${path}`, { rules: [KEEP, PRUNE] });
  assert.deepEqual([refused.status, codeOf(refused)], [403, "403 role_insufficient"]);
  const put = await as("privacy", `PUT ${path}`, { rules: [KEEP, PRUNE], reason: "our schedule", version: 1 });
  const { inForce, waiting } = put.as("Retention");
  assert.equal(inForce?.version, 1);
  assert.deepEqual([waiting?.version, waiting?.shortens, waiting?.reason], [2, true, "our schedule"]);
  assert.equal(waiting?.effectiveAt, service.clock.now + 86_400_000);
  const events = await eventsOf(name);
  assert.deepEqual(
    events.map(({ action }) => action),
    ["holdfast.retention.put", "holdfast.retention.put"],
  );
  assert.equal(events[1]?.reason, "our schedule");
  const late = await as("privacy", `PUT ${path}`, { rules: [], version: 1 });
  assert.deepEqual([late.status, codeOf(late)], [409, "409 retention_changed"]);
});

test("a rule that is wrong is refused with its place, and what would be right", async () => {
  const name = await ledgerWith();
  const wrong: readonly (readonly [object, string])[] = [
    [{ name: "r", keepAtLeast: "6 years" }, "/rules/0/keepAtLeast"],
    [{ name: "r", keepAtMost: "P1Y" }, "/rules/0/after"],
    [{ name: "r", keepAtLeast: "P1Y", action: "us*" }, "/rules/0/action"],
    [{ name: "r", keepAtLeast: "P1Y", ocsf: 4 }, "/rules/0/ocsf"],
    [{ name: "r", keepAtLeast: "P1Y", ofAll: true }, "/rules/0/ofAll"],
  ];
  for (const [rule, path] of wrong) {
    const answer = await as("privacy", `PUT /v1/ledgers/${name}/retention`, { rules: [rule] });
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.as("Problem").errors?.[0]?.path, path, answer.text);
  }
});

test("a preview tells what would go and what stops it, and changes nothing", async () => {
  const login = (id: string) => event({ action: "user.login", actor: { type: "user", id } });
  const name = await ledgerWith(
    login("ada"),
    event({ action: "book.entry" }),
    login("ben"),
    login("eve"),
    login("ben"),
  );
  const id = service.ledgers.get(name)?.record.id;
  assert.ok(id !== undefined);
  service.chains.set(id, [
    { chainId: 1, contract: "0x", anchoredSize: 4, finalSize: 4, lagMs: 0, lagMaxMs: 1 },
    { chainId: 2, contract: "0x", anchoredSize: 5, finalSize: 5, lagMs: 0, lagMaxMs: 1 },
  ]);
  const hold = (
    await as("privacy", `POST /v1/ledgers/${name}/holds`, { filter: "actor=user:eve", reason: "case 7" })
  ).as("Hold");
  const path = `POST /v1/ledgers/${name}/retention/preview`;
  const before = (await as("privacy", path, { rules: [KEEP, PRUNE] })).as("RetentionPreview");
  const dueAt = addPeriod(service.clock.now, readPeriod("P30D") ?? assert.fail());
  assert.deepEqual([before.due, before.complete, before.nextDueAt], [0, true, dueAt]);
  const then = (await as("privacy", path, { rules: [KEEP, PRUNE], at: dueAt })).as("RetentionPreview");
  assert.deepEqual([then.due, then.held, then.notFinal, then.archived], [2, 1, 1, 0]);
  assert.deepEqual(then.ranges, [
    { from: 0, to: 1, count: 1 },
    { from: 2, to: 3, count: 1 },
  ]);
  assert.deepEqual(then.byHold, [{ hold: hold.id, held: 1 }]);
  assert.deepEqual(
    then.byRule.map(({ rule, due }) => [rule, due]),
    [
      ["books", 0],
      ["logins", 2],
    ],
  );
  assert.ok(then.dueBytes > 200 && then.dueBytes < 2000, String(then.dueBytes));
  const own = (await as("reader", path, { at: dueAt })).as("RetentionPreview");
  assert.equal(own.due, 0, "the ledger itself has no policy");
  assert.equal((await eventsOf(name)).length, 6);
});

test("a hold is placed by an administrator too, and lifted by a key for privacy alone; both are events with their reasons", async () => {
  const name = await ledgerWith();
  const path = `/v1/ledgers/${name}/holds`;
  const placed = await as("admin", `POST ${path}`, { filter: "actor=user:ada&since=2026-01-01", reason: "case 7" });
  assert.equal(placed.status, 201, placed.text);
  const { id } = placed.as("Hold");
  const lift = `POST ${path}/${id}/lift`;
  assert.equal((await as("admin", lift, { reason: "closed" })).status, 403);
  assert.equal((await as("reader", `GET ${path}`)).status, 403, "who is looked into is not for every reader");
  assert.deepEqual(
    (await as("auditor", `GET ${path}`)).as("Holds").holds.map((each) => each.id),
    [id],
  );
  assert.deepEqual((await as("privacy", lift, { reason: "closed" })).as("Holds"), { holds: [], damaged: [] });
  const again = await as("privacy", lift, { reason: "closed" });
  assert.deepEqual([again.status, codeOf(again)], [404, "404 hold_unknown"]);
  const events = await eventsOf(name);
  assert.deepEqual(
    events.map(({ action, reason }) => [action, reason]),
    [
      ["holdfast.hold.place", "case 7"],
      ["holdfast.hold.lift", "closed"],
    ],
  );
  assert.deepEqual((events[0] as { actor?: unknown }).actor, {
    type: "key",
    id: placed.as("Hold").key,
    name: "the-admin",
  });
});

test("a hold whose filter finds nothing because it is mistaken is refused", async () => {
  const name = await ledgerWith();
  for (const [filter, path] of [
    ["actor=us*", "/filter/actor"],
    ["acter=ada", "/filter/acter"],
    ["actor=ada&actor=ben", "/filter/actor"],
    ["from=9&to=9", "/filter/from"],
    ["?", "/filter"],
  ] as const) {
    const answer = await as("privacy", `POST /v1/ledgers/${name}/holds`, { filter, reason: "r" });
    assert.deepEqual([answer.status, answer.as("Problem").errors?.[0]?.path], [400, path], answer.text);
  }
  const without = await as("privacy", `POST /v1/ledgers/${name}/holds`, { filter: "from=0" });
  assert.equal(without.status, 400, "a reason is asked for");
});

test("presets are for everybody", async () => {
  const { presets } = (await ask(service, "GET /v1/retention/presets", {})).as("RetentionPresets");
  assert.equal(presets.length, 7);
});

test("an event that is sent again after its body was pruned is a duplicate, alone and among others: a receipt says so, and where it is archived", async () => {
  const sent = event({ id: "again-1" });
  const name = await ledgerWith(sent, event({ id: "again-2" }));
  const ledger = service.ledgers.get(name) ?? assert.fail(name);
  const leafHash = (await ledger.leafHash(0)).slice();
  const recordedAt = (await ledger.entry(0))?.recordedAt ?? 0;
  const entry = { recordedAt, members: new Uint8Array(0), pruned: { leafHash, archive: "kept.0-1.hfa" } };
  await service.store.replaceEntries(ledger.record.id, [{ index: 0, entry }], []);
  const path = `/v1/ledgers/${name}/events`;
  const receipt = { index: 0, recordedAt, leafHash: toHex(leafHash), id: "again-1", duplicate: true, pruned: true };
  const said = { ...receipt, archive: "kept.0-1.hfa" };
  const alone = await as("writer", `POST ${path}`, sent);
  assert.equal(alone.status, 200, alone.text);
  assert.deepEqual(alone.as("Receipts").receipts, [said]);
  const among = await as("writer", `POST ${path}`, [sent, event({ id: "again-3" })]);
  assert.equal(among.status, 201);
  const { receipts } = among.as("Receipts");
  assert.deepEqual(receipts[0], said);
  assert.deepEqual([receipts[1]?.index, receipts[1]?.duplicate, receipts[1]?.pruned], [2, false, undefined]);
  const other = await as("writer", `POST ${path}`, { ...sent, outcome: "denied" });
  assert.equal(codeOf(other), "409 idempotency_conflict");
  assert.equal(codeOf(await as("reader", `GET ${path}/0`)), "410 event_pruned");
});
