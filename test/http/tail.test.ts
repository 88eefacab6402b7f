/** Following a ledger over HTTP: everything that is recorded and matches comes, in order and once, and a reader costs little. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { until } from "../until.ts";
import { type Block, EventStream } from "./event-stream.ts";
import { ask, codeOf, event, type Running, startService } from "./service.ts";
import { connectTo } from "./wire/transport.ts";

const TAILS = { max: 5, eachMax: 3, heartbeatMs: 50 };
let service: Running;
let key: string;

before(async () => {
  service = await startService({ limits: { tails: TAILS, stalledMs: 500 } });
  key = await service.key(["admin"], "tests");
});
after(() => service.close());

async function record(...events: readonly Readonly<Record<string, unknown>>[]): Promise<number> {
  const body = events.map((more) => event(more));
  const answer = await ask(service, "POST /v1/ledgers/main/events", { key, body });
  assert.equal(answer.status, 201, answer.text);
  return answer.as("Receipts").receipts[0]?.index as number;
}

/** Follows as soon as readers that have gone have left their places. */
async function openWhenFree(question: Parameters<typeof EventStream.open>[1]): Promise<EventStream> {
  let tail = await EventStream.open(service, question);
  await until("a place is free", async () => {
    if (tail.status === 429) tail = await EventStream.open(service, question);
    return tail.status !== 429;
  });
  return tail;
}

const connections = promisify((done: (error: Error | null, count: number) => void) =>
  service.server.getConnections(done),
);

const indexOf = ({ data }: Block) => (data as { index: number }).index;
const endOf = (block: Block | undefined) => [block?.type, (block?.data as { code: string } | undefined)?.code];
const size = () => service.ledgers.get("main")?.size as number;

test("what is recorded comes at once, as searches show it, and only what matches", async () => {
  const tail = await EventStream.open(service, { key, query: "?action=doc.*&text=KÄSE" });
  assert.equal(tail.status, 200);
  assert.equal(tail.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.equal(tail.headers.get("content-encoding"), null);
  await tail.until(() => tail.retryMs !== undefined);
  const first = await record({ action: "doc.read", message: "ein käse" }, { action: "user.login", message: "käse" });
  await record(
    { action: "doc.write", message: "nothing" },
    { action: "doc.write", actor: { type: "user", id: "x", name: "Käsemann" } },
  );
  const blocks = await tail.take(2);
  assert.deepEqual(blocks.map(indexOf), [first, first + 3]);
  assert.deepEqual(
    blocks.map(({ id }) => Number(id)),
    [first, first + 3],
  );
  const found = await ask(service, `GET /v1/ledgers/main/events?action=doc.*&text=${encodeURIComponent("KäSE")}`, {
    key,
  });
  assert.deepEqual(
    blocks.map(({ data }) => data),
    found.as("Events").events,
  );
  tail.close();
});

test("a reader that comes again with the last id has everything once, whether it matched or not", async () => {
  const begin = size();
  await record(...Array.from({ length: 1500 }, (_, i) => ({ action: i % 100 === 0 ? "rare.one" : "often.one" })));
  const seen: number[] = [];
  let lastId: string | undefined;
  for (let visit = 0; seen.length < 15; visit++) {
    const query = `?action=rare.one&from=${begin}`;
    const tail = await openWhenFree(lastId === undefined ? { key, query } : { key, query, lastId });
    seen.push(...(await tail.take(visit % 3 === 0 ? 2 : 1)).map(indexOf));
    ({ lastId } = tail);
    tail.close();
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 15 }, (_, i) => begin + 100 * i),
  );
  // A heartbeat moves the reader on over what does not match, so that nothing is looked at twice.
  const tail = await openWhenFree({ key, query: "?action=rare.one", lastId: lastId as string });
  await tail.until(() => Number(tail.lastId) === size() - 1);
  assert.equal(Number(tail.lastId), size() - 1);
  assert.ok(tail.comments.includes("heartbeat"));
  tail.close();
});

test("an id that is beyond what is recorded is refused, for such a ledger is not the one it came from", async () => {
  for (const lastId of [String(size()), "x", "-2", "9007199254740993"]) {
    const headers = { "Last-Event-ID": lastId };
    const answer = await ask(service, "GET /v1/ledgers/main/events/tail", { key, headers });
    assert.equal(codeOf(answer), "400 parameter_invalid", lastId);
  }
});

test("a tail ends where no event that is to come can match, and is not begun there", async () => {
  const begin = size();
  const tail = await EventStream.open(service, { key, query: `?from=${begin}&to=${begin + 2}` });
  await record({}, {}, {});
  const [first, second, end] = await tail.take(3);
  assert.deepEqual(
    [first, second].map((block) => indexOf(block as Block)),
    [begin, begin + 1],
  );
  assert.deepEqual(endOf(end), ["end", "filter_done"]);
  assert.equal(await tail.next(), undefined);
  const again = await EventStream.open(service, { key, query: `?from=${begin}&to=${begin + 2}`, lastId: tail.lastId });
  assert.equal(again.status, 204);
  await record({});
  const early = await EventStream.open(service, { key, query: "?until=2026-01-01" });
  assert.deepEqual((await early.next())?.type, "end");
});

test("tails are bounded for a key and in all, and a place is free again when a reader has gone", async () => {
  const reader = await service.key(["reader"], "reader");
  const third = await service.key(["reader"], "third");
  const open = (of: string) => EventStream.open(service, { key: of });
  const tails = [await open(reader), await open(reader), await open(reader)];
  for (const tail of tails) await tail.until(() => tail.retryMs !== undefined);
  const refused = await ask(service, "GET /v1/ledgers/main/events/tail", { key: reader });
  assert.equal(codeOf(refused), "429 tails_of_key_max");
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  tails.push(await open(third), await open(third));
  for (const tail of tails) await tail.until(() => tail.retryMs !== undefined);
  assert.equal(codeOf(await ask(service, "GET /v1/ledgers/main/events/tail", { key })), "503 tails_max");
  // What only asks takes no place.
  assert.equal((await ask(service, "HEAD /v1/ledgers/main/events/tail", { key })).status, 200);
  for (const tail of tails) tail.close();
  (await openWhenFree({ key: reader })).close();
});

test("a reader that closes the connection gives its place back at once, although nothing is sent to it", async () => {
  const quiet = await startService({ limits: { tails: { ...TAILS, heartbeatMs: 3_600_000 } } });
  try {
    const tail = await EventStream.open(quiet, { key: await quiet.key(["reader"], "leaving") });
    await tail.until(() => tail.retryMs !== undefined);
    const readers = async () => {
      const metrics = await ask(quiet, "GET /metrics", { key: await quiet.key(["reader"], "metrics") });
      return /^holdfast_tails (\d+)$/m.exec(metrics.text)?.[1];
    };
    assert.equal(await readers(), "1");
    tail.close();
    await until("no reader", async () => (await readers()) === "0");
  } finally {
    await quiet.close();
  }
});

test("a key that is ended ends its tails", async () => {
  const text = await service.key(["reader"], "leaving");
  const tail = await EventStream.open(service, { key: text });
  await tail.until(() => tail.retryMs !== undefined);
  const id = service.keys.list().find(({ source }) => source === "leaving")?.id as string;
  await service.keys.revoke(id);
  const end = await tail.next();
  assert.deepEqual(endOf(end), ["end", "key_invalid"]);
  assert.equal(await tail.next(), undefined);
});

test("a reader that never reads is cut, and holds up nobody", async () => {
  const text = "x".repeat(50_000);
  const begin = size();
  const open = await connections();
  const socket = await connectTo(service.port);
  socket.pause();
  socket.write(
    `GET /v1/ledgers/main/events/tail?from=${begin} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\r\n\r\n`,
  );
  const reading = await EventStream.open(service, { key, query: `?from=${begin}` });
  // Reads from the first on: one that begins when all is recorded has not read either, where recording takes long.
  const taken = reading.take(400);
  for (let round = 0; round < 20; round++) {
    await record(...Array.from({ length: 20 }, () => ({ message: text })));
  }
  const blocks = await taken;
  assert.deepEqual(
    blocks.map(indexOf),
    Array.from({ length: 400 }, (_, i) => begin + i),
  );
  reading.close();
  await until("the reader is cut", async () => (await connections()) <= open);
  socket.destroy();
});

test("a service that stops ends its tails in order, and they go on at the next one where they were", async () => {
  const first = await startService({ limits: { tails: TAILS } });
  const text = await first.key(["admin"], "a");
  const tail = await EventStream.open(first, { key: text });
  await tail.until(() => tail.retryMs !== undefined);
  await ask(first, "POST /v1/ledgers/main/events", { key: text, body: event() });
  assert.equal(indexOf((await tail.next()) as Block), 0);
  await Promise.all([
    first.close(),
    tail.next().then((end) => assert.deepEqual(endOf(end), ["end", "service_stopping"])),
  ]);
  assert.equal(await tail.next(), undefined);
  const second = await startService({ store: first.store, limits: { tails: TAILS } });
  await ask(second, "POST /v1/ledgers/main/events", { key: text, body: [event(), event()] });
  const again = await EventStream.open(second, { key: text, lastId: tail.lastId });
  assert.deepEqual((await again.take(2)).map(indexOf), [1, 2]);
  again.close();
  await second.close();
});
