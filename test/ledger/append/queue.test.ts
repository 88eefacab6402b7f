import assert from "node:assert/strict";
import test from "node:test";
import { CommitQueue, QueueFullError } from "../../../src/ledger/append/queue.ts";
import { FaultyStore } from "../faults.ts";
import { checkWhole, many, openLedger, prepared, storeWithLedger } from "../fixtures.ts";

const source = "test";
const limits = { queueEventsMax: 10, queueBytesMax: 1000, groupEventsMax: 4, groupBytesMax: 400 };
const weight = (events: number, bytes = events) => ({ events, bytes });

test("a queue takes up to its limits of events and of bytes, and says when to come again", () => {
  for (const [one, more] of [
    [weight(4, 1), weight(3, 1)],
    [weight(1, 400), weight(1, 201)],
  ] as const) {
    const queue = new CommitQueue(limits);
    queue.add(one);
    queue.add(one);
    assert.throws(
      () => queue.add(more),
      (error: unknown) => {
        assert.ok(error instanceof QueueFullError);
        assert.equal(error.code, "queue_full");
        assert.ok(Number.isInteger(error.retryAfterS) && error.retryAfterS >= 1 && error.retryAfterS <= 60);
        return true;
      },
    );
    assert.deepEqual(queue.load, { events: 2 * one.events, bytes: 2 * one.bytes });
  }
});

test("the longer the queue takes to drain, the later one is to come again", () => {
  const waitAfter = (durationMs: number) => {
    const queue = new CommitQueue({ ...limits, queueEventsMax: 10_000, groupEventsMax: 1000 });
    for (let round = 0; round < 50; round++) {
      queue.add(weight(1000, 1));
      queue.done(queue.take(), durationMs);
    }
    for (let i = 0; i < 10; i++) queue.add(weight(1000, 1));
    try {
      queue.add(weight(1, 1));
    } catch (error) {
      return (error as QueueFullError).retryAfterS;
    }
    return 0;
  };
  assert.equal(waitAfter(10), 1);
  assert.equal(waitAfter(3000), 30);
  assert.equal(waitAfter(100_000), 60);
});

test("groups keep the order and their limits, and a larger request is a group of its own", () => {
  const queue = new CommitQueue(limits);
  const items = [weight(2), weight(2), weight(1), weight(3, 390), weight(1, 20)];
  for (const item of items) queue.add(item);
  assert.deepEqual([queue.take(), queue.take(), queue.take()], [items.slice(0, 2), items.slice(2, 4), items.slice(4)]);
  const large = weight(5000, 1);
  const empty = new CommitQueue(limits);
  empty.add(large);
  assert.deepEqual(empty.take(), [large]);
  assert.deepEqual(empty.take(), []);
});

test("what is being committed counts until it is done", () => {
  const queue = new CommitQueue(limits);
  queue.add(weight(8));
  const group = queue.take();
  assert.throws(() => queue.add(weight(3)), QueueFullError);
  queue.done(group, 1);
  queue.add(weight(3));
  assert.deepEqual(queue.load, weight(3));
});

test("a ledger whose store is slow refuses at its limit, and takes more when the store is done", async () => {
  const store = new FaultyStore(await storeWithLedger());
  const ledger = await openLedger(store, { limits: { queueEventsMax: 10 } });
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  store.inject({ step: "commit", happens: true, reports: held });
  const taken = [ledger.append({ entries: many(6), source }), ledger.append({ entries: many(4), source })];
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(ledger.append({ entries: [prepared("one too many")], source }), QueueFullError);
  release();
  await Promise.all(taken);
  await ledger.append({ entries: [prepared("later")], source });
  assert.equal(ledger.size, 11);
  assert.deepEqual(ledger.queue, { events: 0, bytes: 0 });
  await checkWhole(ledger);
});
