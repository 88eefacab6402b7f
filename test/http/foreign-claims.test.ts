/**
 * What was sent before is known, and what was not is never taken for it: when a commit fails between two, when ids stand for
 * something else, and when the store cannot read what it knew.
 */

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { DamagedStoreError, type FoundClaim, type Store, StoreUnavailableError } from "../../src/store/store.ts";
import { altered } from "../ledger/altered.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { ask, codeOf, type Options, type Running, startService } from "./service.ts";

const LOGS = "POST /v1/ledgers/main/ingest/logs";
const K8S = "POST /v1/ledgers/main/ingest/kubernetes";

/** A store whose commits and claims a test spoils. */
function spoiled() {
  const inner = new MemoryStore();
  const spoil = {
    /** Commits that go well before one fails. */
    commitsLeft: Number.POSITIVE_INFINITY,
    claim: (claim: FoundClaim, _i: number): FoundClaim => claim,
  };
  const store: Store = altered<Store>(inner, {
    async commit(...args: Parameters<Store["commit"]>) {
      if (spoil.commitsLeft-- <= 0) throw new StoreUnavailableError("expected room on the disk, got none");
      await inner.commit(...args);
    },
    async claims(...args: Parameters<Store["claims"]>) {
      return (await inner.claims(...args)).map((claim, i) => spoil.claim(claim, i));
    },
  });
  return { store, spoil };
}

async function open(t: TestContext, options: Options): Promise<{ service: Running; key: string }> {
  const service = await startService(options);
  t.after(() => service.close());
  return { service, key: await service.key(["admin"], `hosts${Math.random()}`.slice(0, 5)) };
}

/** Sends, and tells how many items were recorded, and how many had been before. */
async function send(service: Running, key: string, target: string, body: string) {
  const known = (): number => service.sources.list("main").reduce((sum, { duplicates }) => sum + duplicates, 0);
  const size = (): number => service.ledgers.get("main")?.size ?? 0;
  const before = { known: known(), size: size() };
  const answer = await ask(service, target, { key, body, type: "application/json" });
  assert.equal(answer.status, 200, answer.text);
  return { recorded: size() - before.size, duplicates: known() - before.known };
}

/** A store in which the claim that is asked for at a place first cannot be read any more. */
function damagedAt(store: Store, place: number): Store {
  let damaged: Uint8Array | undefined;
  return altered<Store>(store, {
    async claims(...[id, keys]: Parameters<Store["claims"]>) {
      damaged ??= keys[place];
      const found = await store.claims(id, keys);
      return found.map((claim, i) => {
        const isDamaged = Buffer.compare(keys[i] as Uint8Array, damaged as Uint8Array) === 0;
        return isDamaged ? new DamagedStoreError("a claim") : claim;
      });
    },
  });
}

async function events(service: Running, key: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for (let i = 0; i < (service.ledgers.get("main")?.size ?? 0); i++) {
    found.push((await ask(service, `GET /v1/ledgers/main/events/${i}`, { key })).as("StoredEvent").event);
  }
  return found;
}

function lines(n: number): string {
  return Array.from({ length: n }, (_, i) => `{"date":${1_795_763_652 + i}.5,"message":"line ${i}"}`).join("\n");
}

function audit(uid: string, more = ""): string {
  return `{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"${uid}","stage":"ResponseComplete","verb":"get","requestURI":"/api${more}","user":{"username":"u"},"stageTimestamp":"2026-11-27T07:14:12.5Z"}`;
}

test("a request that fails between two commits loses nothing, also when the next try is recorded in larger ones", async (t) => {
  const { store, spoil } = spoiled();
  const first = await open(t, { store, limits: { batchMax: 20 } });
  spoil.commitsLeft = 2;
  const failed = await ask(first.service, LOGS, { key: first.key, body: lines(70) });
  assert.equal(codeOf(failed), "503 store_unavailable");
  assert.equal(first.service.ledgers.get("main")?.size, 40);
  const [counted] = first.service.sources.list("main");
  assert.equal(counted?.recorded, 40, "what is recorded of it is counted");
  spoil.commitsLeft = Number.POSITIVE_INFINITY;
  const again = await send(first.service, first.key, LOGS, lines(70));
  assert.deepEqual([again.duplicates, again.recorded], [40, 30]);
  const second = await startService({ store, limits: { batchMax: 50 } });
  t.after(() => second.close());
  await send(second, first.key, LOGS, lines(70));
  const messages = new Set((await events(second, first.key)).map(({ message }) => message));
  assert.equal(messages.size, 70);
});

test("larger commits than those of a try that failed take nothing for recorded that is not", async (t) => {
  const { store, spoil } = spoiled();
  const first = await open(t, { store, limits: { batchMax: 20 } });
  spoil.commitsLeft = 1;
  await ask(first.service, LOGS, { key: first.key, body: lines(70) });
  spoil.commitsLeft = Number.POSITIVE_INFINITY;
  const second = await startService({ store, limits: { batchMax: 1000 } });
  t.after(() => second.close());
  await send(second, first.key, LOGS, lines(70));
  const messages = new Set((await events(second, first.key)).map(({ message }) => message));
  assert.equal(messages.size, 70);
});

test("the same request several times at once is recorded once", async (t) => {
  const { service, key } = await open(t, { limits: { batchMax: 20 } });
  const answers = await Promise.all([1, 2, 3].map(() => ask(service, LOGS, { key, body: lines(70) })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.equal(service.ledgers.get("main")?.size, 70);
});

test("two items under one id are both recorded, and both are known when they come again", async (t) => {
  const { service, key } = await open(t, {});
  const body = [audit("a"), audit("a", "/other"), audit("a", "/third"), audit("b")].join("\n");
  assert.deepEqual(await send(service, key, K8S, body), { recorded: 4, duplicates: 0 });
  assert.deepEqual(await send(service, key, K8S, body), { recorded: 0, duplicates: 4 });
  const [, second = assert.fail()] = await events(service, key);
  const { notes } = second._source as { notes: readonly string[] };
  assert.deepEqual([notes, second.id], [["id_conflict"], undefined]);
});

test("a claim that cannot be read costs its own item the id, and no other; sent again, nothing is recorded a third time", async (t) => {
  const store = new MemoryStore();
  const { service, key } = await open(t, { store });
  const body = [audit("a"), audit("b"), audit("c")].join("\n");
  await send(service, key, K8S, body);
  const second = await startService({ store: damagedAt(store, 1) });
  t.after(() => second.close());
  assert.deepEqual(await send(second, key, K8S, body), { recorded: 1, duplicates: 2 });
  const last = (await events(second, key)).at(-1) ?? assert.fail();
  assert.deepEqual((last._source as { notes: readonly string[] }).notes, ["claim_damaged"]);
  assert.equal(last.id, undefined);
  assert.deepEqual(await send(second, key, K8S, body), { recorded: 0, duplicates: 3 });
});

test("a request whose claim cannot be read is recorded once more, and known from then on", async (t) => {
  const store = new MemoryStore();
  const { service, key } = await open(t, { store });
  await send(service, key, LOGS, lines(5));
  const second = await startService({ store: damagedAt(store, 0) });
  t.after(() => second.close());
  assert.equal((await send(second, key, LOGS, lines(5))).recorded, 5);
  assert.deepEqual(await send(second, key, LOGS, lines(5)), { recorded: 0, duplicates: 5 });
});

test("where no claim at all can be read, everything is recorded", async (t) => {
  const { store, spoil } = spoiled();
  const { service, key } = await open(t, { store });
  spoil.claim = () => new DamagedStoreError("a claim");
  assert.equal((await send(service, key, LOGS, lines(5))).recorded, 5);
  assert.equal((await send(service, key, K8S, [audit("a"), audit("b")].join("\n"))).recorded, 2);
});
