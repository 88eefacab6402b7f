/** What was announced and what came of it: open until a later event says that it is the result. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { MemoryStore } from "../store/memory-store.ts";
import { ask, codeOf, event, type Running, startService } from "./service.ts";

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "ops");
});
after(() => service.close());

async function send(members: Readonly<Record<string, unknown>>): Promise<number> {
  const answer = await ask(service, "POST /v1/ledgers/main/events", { key, body: event(members) });
  assert.equal(answer.status, 201);
  return answer.as("Bundle").entry.index;
}

async function list(
  query = "",
): Promise<{ readonly index: number; readonly open: boolean; readonly results: readonly object[] }[]> {
  return (await ask(service, `GET /v1/ledgers/main/intents${query}`, { key })).as("Intents").intents;
}

const indexes = (intents: readonly { readonly index: number }[]) => intents.map(({ index }) => index);

test("an intent is open until a later event names it, and what names it before does not count", async () => {
  await send({ result_of: "restore-1" });
  const first = await send({ intent: "restore-1", authority: { type: "change", id: "CHG-1" } });
  const second = await send({ intent: "restore,2*" });
  await send({ message: "neither" });
  assert.deepEqual(indexes(await list()), [first, second]);
  service.clock.now += 60_000;
  const result = await send({ result_of: "restore-1", outcome: "failure" });
  await send({ result_of: "restore,2", outcome: "success" });
  assert.deepEqual(indexes(await list()), [second]);
  const [done] = await list("?state=done");
  assert.deepEqual(done?.results, [{ index: result, recordedAt: service.clock.now, outcome: "failure" }]);
  assert.deepEqual(
    (await list("?state=all&order=desc")).map(({ index, open }) => [index, open]),
    [
      [second, true],
      [first, false],
    ],
  );
});

test("only what was announced long enough ago is asked for", async () => {
  const fresh = await send({ intent: "fresh" });
  assert.ok(!indexes(await list("?olderThan=1")).includes(fresh));
  service.clock.now += 900_000;
  assert.ok(indexes(await list("?olderThan=900")).includes(fresh));
  assert.ok(!indexes(await list("?olderThan=901")).includes(fresh));
});

test("pages lead through all intents, also where a page shows none of the state that is asked for", async () => {
  const opened: number[] = [];
  for (let i = 0; i < 12; i++) {
    const index = await send({ intent: `many-${i}` });
    if (i % 4 === 0) opened.push(index);
    else await send({ result_of: `many-${i}` });
  }
  for (const since of ["", "&since=2000-01-01T00:00:00Z"]) {
    const found: number[] = [];
    let pages = 0;
    for (let after: string | null = ""; after !== null; pages++) {
      const cursor: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
      const answer = await ask(service, `GET /v1/ledgers/main/intents?limit=2&olderThan=0${since}${cursor}`, { key });
      const page = answer.as("Intents");
      // Time goes on between two pages.
      service.clock.now += 1500;
      found.push(...indexes(page.intents));
      after = page.next;
    }
    // Without a beginning, what is open is known; with one, pages are those of all intents.
    assert.ok(pages > (since === "" ? 2 : 5), `got ${pages} pages`);
    for (const index of opened) assert.ok(found.includes(index));
    assert.equal(new Set(found).size, found.length);
  }
});

test("events are found by their intent, by any, and by what they are results of", async () => {
  const indexesOf = async (query: string) =>
    indexes((await ask(service, `GET /v1/ledgers/main/events?${query}`, { key })).as("Events").events);
  const announced = await send({ intent: "*:*" });
  const result = await send({ result_of: "*:*" });
  assert.ok((await indexesOf("intent=*&limit=1000")).includes(announced));
  assert.deepEqual(await indexesOf("resultOf=\\*:\\*"), [result]);
  assert.deepEqual(await indexesOf("intent=\\*:\\*"), [announced]);
  assert.ok(!(await indexesOf("intent=nothing")).includes(announced));
  for (const bad of ["intent=a*", "resultOf=*", "intent=", `intent=${"x".repeat(257)}`]) {
    const answer = await ask(service, `GET /v1/ledgers/main/events?${bad}`, { key });
    assert.match(codeOf(answer), /^400 /, bad);
  }
});

test("a name of an intent is a text, and what permitted it may be anything", async () => {
  assert.equal(
    codeOf(await ask(service, "POST /v1/ledgers/main/events", { key, body: event({ intent: 7 }) })),
    "400 event_invalid",
  );
  for (const authority of ["CHG-1", { type: "policy", id: "p" }, ["a", "b"], 7]) await send({ authority });
});

test("what was found done is not looked at again, and what is open is found again however many are done", async (t) => {
  const store = new MemoryStore();
  const own = await startService({ store });
  t.after(() => own.close());
  const admin = await own.key(["admin"], "ops");
  const post = (events: readonly object[]) => ask(own, "POST /v1/ledgers/main/events", { key: admin, body: events });
  const open = [3, 400, 1199];
  await post(Array.from({ length: 1200 }, (_, i) => event({ intent: `i-${i}` })));
  await post(Array.from({ length: 1200 }, (_, i) => event(open.includes(i) ? {} : { result_of: `i-${i}` })));
  let reads = 0;
  const { entry } = store;
  store.entry = (...args) => {
    reads++;
    return entry.apply(store, args);
  };
  const walk = async (limit: number): Promise<{ readonly found: number[]; readonly reads: number }> => {
    const found: number[] = [];
    reads = 0;
    for (let after: string | null = ""; after !== null; ) {
      const cursor: string = after === "" ? "" : `&after=${after}`;
      const page = (await ask(own, `GET /v1/ledgers/main/intents?limit=${limit}${cursor}`, { key: admin })).as(
        "Intents",
      );
      found.push(...indexes(page.intents));
      after = page.next;
    }
    return { found, reads };
  };
  const first = await walk(2);
  assert.deepEqual(first.found, open);
  const second = await walk(2);
  assert.deepEqual(second.found, open);
  assert.ok(
    second.reads < 20,
    `expected to read what is open, got ${second.reads} entries read, ${first.reads} at first`,
  );
  await post([event({ result_of: "i-400" }), event({ intent: "later" })]);
  const later = (await walk(100)).found;
  assert.deepEqual(later, [3, 1199, 2401]);
});
