/** When the service itself fails: always 503 with a code, never a stack, and the cause only in the log. */

import assert from "node:assert/strict";
import test from "node:test";
import { KekRefusedError, KekUnavailableError } from "../../src/encryption/key-encryption-key.ts";
import type { Entry } from "../../src/entry/entry.ts";
import type { Commit, Store } from "../../src/store/store.ts";
import { withEntries } from "../ledger/altered.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { ask, codeOf, event, startService } from "./service.ts";

const EVENTS = "POST /v1/ledgers/main/events";

/** A store in memory whose commits and writes can be made to hang or fail. */
class BrokenStore extends MemoryStore {
  commitHook: (() => Promise<void>) | undefined;
  recordsHook: (() => Promise<void>) | undefined;

  override async commit(ledgerId: Parameters<Store["commit"]>[0], commit: Commit): Promise<void> {
    await this.commitHook?.();
    return super.commit(ledgerId, commit);
  }

  override async writeRecords(...args: Parameters<Store["writeRecords"]>): Promise<void> {
    await this.recordsHook?.();
    return super.writeRecords(...args);
  }
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test("an answer that is not ready in time is 503, and the event can be sent again", async (t) => {
  const store = new BrokenStore();
  const service = await startService({ store, limits: { answerMs: 100 } });
  t.after(() => service.close());
  const key = await service.key(["writer"], "billing");
  const slow = gate();
  store.commitHook = () => slow.opened;
  const late = await ask(service, EVENTS, { key, body: event({ id: "late" }) });
  assert.equal(codeOf(late), "503 deadline_exceeded");
  assert.ok(late.headers.has("retry-after"));
  slow.open();
  store.commitHook = undefined;
  const again = await ask(service, EVENTS, { key, body: event({ id: "late" }) });
  assert.ok([200, 201].includes(again.status));
  assert.equal(service.ledgers.get("main")?.size, 1);
});

test("a foreign sender whose answer is not ready in time is told what sending the same again does, and that is so", async (t) => {
  const store = new BrokenStore();
  const service = await startService({ store, limits: { answerMs: 100 } });
  t.after(() => service.close());
  const key = await service.key(["writer"], "hosts");
  const timed = '{"date":1795763652,"message":"timed"}';
  const audit = '{"kind":"Event","auditID":"a","stage":"ResponseComplete","verb":"get"}';
  let recorded = 0;
  // How often it is there when it was sent twice: neither an id nor a time, and nobody can tell.
  for (const [format, body, times] of [
    ["logs", timed, 1],
    ["kubernetes", audit, 1],
    ["logs", "said", 2],
  ] as const) {
    const target = `POST /v1/ledgers/main/ingest/${format}`;
    const slow = gate();
    store.commitHook = () => slow.opened;
    const late = await ask(service, target, { key, body, type: "text/plain" });
    assert.equal(codeOf(late), "503 deadline_exceeded");
    assert.equal(late.headers.get("retry-after"), "2");
    assert.match(late.text, /send the same bytes again: what has an id, or says when it happened, is recorded once/);
    assert.doesNotMatch(late.text, /under its id/);
    slow.open();
    store.commitHook = undefined;
    recorded += times;
    assert.equal((await ask(service, target, { key, body, type: "text/plain" })).status, 200);
    assert.equal(service.ledgers.get("main")?.size, recorded, body);
  }
});

test("a full queue is 503 with Retry-After, and what waits in it is recorded", async (t) => {
  const store = new BrokenStore();
  const service = await startService({ store, ledgerLimits: { queueEventsMax: 2 } });
  t.after(() => service.close());
  const key = await service.key(["writer"], "billing");
  const slow = gate();
  store.commitHook = () => slow.opened;
  const waiting = [1, 2].map((n) => ask(service, EVENTS, { key, body: event({ id: `w${n}` }) }));
  while (service.ledgers.get("main")?.queue.events !== 2) await new Promise((resolve) => setImmediate(resolve));
  const refused = await ask(service, EVENTS, { key, body: event() });
  assert.equal(codeOf(refused), "503 queue_full");
  assert.match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  slow.open();
  for (const answer of await Promise.all(waiting)) assert.equal(answer.status, 201);
  assert.equal(service.ledgers.get("main")?.size, 2);
});

test("a commit of which nobody knows the outcome stops the ledger: 503 on appends, reads go on, not ready", async (t) => {
  const store = new BrokenStore();
  const service = await startService({ store });
  t.after(() => service.close());
  const key = await service.key(["admin"], "admin");
  assert.equal((await ask(service, EVENTS, { key, body: event() })).status, 201);
  store.commitHook = () => Promise.reject(new Error("secret detail: the disk caught fire"));
  for (let i = 0; i < 2; i++) {
    const answer = await ask(service, EVENTS, { key, body: event() });
    assert.equal(codeOf(answer), "503 ledger_stopped");
    assert.doesNotMatch(answer.text, /fire/);
  }
  assert.equal((await ask(service, "GET /v1/ledgers/main/events/0", { key })).status, 200);
  const ready = await ask(service, "GET /readyz");
  assert.equal(ready.status, 503);
  assert.deepEqual(
    ready.as("Readiness").reasons.map(({ code }) => code),
    ["ledger_stopped"],
  );
  assert.equal((await ask(service, "GET /healthz")).status, 200);
});

test("an event that was edited in the store is not read, not listed and not proved; its neighbours are", async (t) => {
  let isEdited = false;
  const edit = (entry: Entry, index: number): Entry => {
    if (!isEdited || index !== 1) return entry;
    const members = entry.members.map((each) =>
      "text" in each ? { ...each, text: each.text.replace("honest", "forged") } : each,
    );
    return { ...entry, members };
  };
  const service = await startService({ store: withEntries(new MemoryStore(), edit) });
  t.after(() => service.close());
  const key = await service.key(["admin"], "admin");
  for (let i = 0; i < 3; i++) await ask(service, EVENTS, { key, body: event({ message: "honest" }) });
  const list = async () => (await ask(service, "GET /v1/ledgers/main/events?order=asc", { key })).as("Events");
  assert.deepEqual([(await list()).events.length, (await list()).unreadable], [3, undefined]);
  isEdited = true;
  const { events, unreadable } = await list();
  assert.deepEqual([events.map(({ index }) => index), unreadable], [[0, 2], [1]]);
  for (const path of ["/events/1", "/events/1/bundle"]) {
    const answer = await ask(service, `GET /v1/ledgers/main${path}`, { key });
    assert.equal(codeOf(answer), "500 store_damaged");
    assert.ok(!answer.headers.has("retry-after"), "trying again does not help");
    assert.doesNotMatch(answer.text, /forged/);
  }
  assert.equal((await ask(service, "GET /v1/ledgers/main/events/2", { key })).status, 200);
});

test("an error that nobody expected is 503 with a request id; its cause is in the log and nowhere else", async (t) => {
  const store = new BrokenStore();
  const service = await startService({ store });
  t.after(() => service.close());
  const key = await service.key(["admin"], "admin");
  store.recordsHook = () => Promise.reject(new Error("secret detail: no space left"));
  const body = { roles: ["reader"], source: "desk" };
  const answer = await ask(service, "POST /v1/keys", { key, body });
  assert.equal(codeOf(answer), "503 internal");
  assert.ok(answer.headers.has("retry-after"));
  assert.doesNotMatch(answer.text, /secret|space|\.ts/);
  const { requestId } = answer.as("Problem");
  const logged = service.logged.find(({ level }) => level === "error")?.fields as { err: Error; requestId: string };
  assert.equal(logged.requestId, requestId);
  assert.match(logged.err.message, /no space left/);
  const ready = await ask(service, "GET /readyz");
  assert.equal(ready.as("Readiness").reasons[0]?.code, "store_not_writable");
  store.recordsHook = undefined;
  assert.equal(service.keys.list().length, 1);
  service.clock.now -= 86_400_000;
  assert.equal((await ask(service, "GET /readyz")).status, 200, "tried again, also by a clock that was put back");
});

test("a chain that does not keep up makes the service not ready, and appends go on", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const key = await service.key(["writer"], "billing");
  const id = service.ledgers.get("main")?.record.id as `0x${string}`;
  const chain = { chainId: 1, contract: "0x0000000000000000000000000000000000000001", anchoredSize: 0, finalSize: 0 };
  service.chains.set(id, [{ ...chain, lagMs: 61_000, lagMaxMs: 60_000, trouble: "the endpoint does not answer" }]);
  const ready = await ask(service, "GET /readyz");
  assert.equal(ready.status, 503);
  const [reason] = ready.as("Readiness").reasons;
  assert.equal(reason?.code, "anchor_late");
  assert.match(reason?.detail ?? "", /the endpoint does not answer/);
  assert.equal((await ask(service, EVENTS, { key, body: event() })).status, 201);
  for (const trouble of ["root differs", "store behind", "chain replaced", "contract replaced"]) {
    service.chains.set(id, [{ ...chain, lagMs: 0, lagMaxMs: 60_000, trouble }]);
    const [found] = (await ask(service, "GET /readyz")).as("Readiness").reasons;
    assert.equal(found?.code, "anchor_contradicts", "another history is told at once");
    assert.match(found?.detail ?? "", new RegExp(trouble));
  }
  service.chains.set(id, [{ ...chain, lagMs: 0, lagMaxMs: 60_000, trouble: "chain unreachable" }]);
  assert.equal((await ask(service, "GET /readyz")).status, 200);
});

test("whoever asks is told that a key cannot be had, and not where it is", async (t) => {
  const store = new BrokenStore();
  const service = await startService({ store });
  t.after(() => service.close());
  const key = await service.key(["reader", "writer"], "billing");
  assert.equal((await ask(service, EVENTS, { key, body: event({ id: "there" }) })).status, 201);
  for (const [error, expected] of [
    [new KekUnavailableError("https://vault.internal:8200 does not answer"), "503 key_unavailable"],
    [new KekRefusedError("https://vault.internal:8200 says no"), "500 key_refused"],
  ] as const) {
    store.entry = () => Promise.reject(error);
    const answer = await ask(service, "GET /v1/ledgers/main/events/0/bundle", { key });
    assert.equal(codeOf(answer), expected);
    assert.doesNotMatch(answer.text, /vault/);
    store.ready = () => Promise.reject(error);
    const posted = await ask(service, EVENTS, { key, body: event({ id: "new" }) });
    assert.equal(codeOf(posted), expected);
    assert.doesNotMatch(posted.text, /vault/);
    const causes = service.logged.map(({ fields }) => (fields as { readonly err?: Error }).err?.message);
    assert.ok(causes.includes(error.message), String(causes));
  }
});
