/** Threads get each key once, under its number, and again when numbers begin anew. */

import assert from "node:assert/strict";
import { createSecretKey, type KeyObject } from "node:crypto";
import test from "node:test";
import type { EntryKey } from "../../../src/encryption/entry-keys.ts";
import { KeyNumbers, NUMBERS_MAX } from "../../../src/service/offline-audit/key-numbers.ts";
import { KeyedThread } from "../../../src/service/offline-audit/keyed-thread.ts";
import type { StretchTask, ThreadQuestion } from "../../../src/service/offline-audit/thread-questions.ts";
import { record } from "../../ledger/fixtures.ts";

const STRETCH = 2 ** 24;

function idOf(n: number): Uint8Array {
  const id = new Uint8Array(8);
  new DataView(id.buffer).setUint32(4, n + 1);
  return id;
}

/** A key whose object says of which stretch it is. */
function keyOf(n: number): EntryKey {
  const at = (index: number) => createSecretKey(Buffer.from([n, Math.floor(index / STRETCH)]));
  return { id: idOf(n), at } as unknown as EntryKey;
}

/** Gives a number to the key of an entry, unless it has one. */
const numberOf = (numbers: KeyNumbers, n: number, index: number) =>
  numbers.find(idOf(n), 0) ?? numbers.add(keyOf(n), index);

function threadOf(numbers: KeyNumbers): { ask: (keys: readonly number[]) => StretchTask } {
  const asked: StretchTask[] = [];
  const fake = {
    tell: () => undefined,
    ask: (question: ThreadQuestion) => {
      if (question.kind === "stretch") asked.push(question.task);
    },
  };
  const thread = new KeyedThread(fake as never, {} as never, numbers);
  const values = { memory: new Uint8Array(0), starts: new Int32Array(0), ends: new Int32Array(0) };
  return {
    ask(numbersOfKeys) {
      const keys = Int32Array.from(numbersOfKeys);
      void thread.ask({ start: 0, values, keys, segmentEnds: [], indexedTo: 0, claimSum: undefined });
      return asked.at(-1) as StretchTask;
    },
  };
}

const said = ({ newNumbers, newKeys, forgetsKeys }: StretchTask) => ({
  keys: newNumbers.map((number, i) => [number, [...(newKeys[i] as KeyObject).export()]]),
  forgetsKeys,
});

test("each thread gets each key once, and none for an entry in clear", () => {
  const numbers = new KeyNumbers(record.id);
  const first = threadOf(numbers);
  const second = threadOf(numbers);
  numbers.begin(0);
  const a = numberOf(numbers, 1, 0);
  const b = numberOf(numbers, 2, 1);
  assert.equal(numberOf(numbers, 1, 2), a);
  const keys = [
    [a, [1, 0]],
    [b, [2, 0]],
  ];
  assert.deepEqual(said(first.ask([a, -1, b, a])), { keys, forgetsKeys: false });
  assert.deepEqual(said(first.ask([b, a])), { keys: [], forgetsKeys: false });
  assert.deepEqual(said(second.ask([b])), { keys: keys.slice(1), forgetsKeys: false });
});

test("in another stretch of the ledger, and when they are too many, keys get numbers anew", () => {
  const numbers = new KeyNumbers(record.id);
  const thread = threadOf(numbers);
  thread.ask([numberOf(numbers, 1, STRETCH - 1)]);
  numbers.begin(STRETCH);
  assert.equal(numbers.find(idOf(1), 0), undefined);
  const again = numberOf(numbers, 1, STRETCH);
  assert.deepEqual(said(thread.ask([again])), { keys: [[again, [1, 1]]], forgetsKeys: true });
  const shared = createSecretKey(Buffer.from([7]));
  for (let n = 2; numbers.find(idOf(1), 0) !== undefined; n++) {
    assert.ok(n < 2 * NUMBERS_MAX, "they begin anew");
    numbers.begin(STRETCH);
    assert.ok(numbers.add({ id: idOf(n), at: () => shared } as unknown as EntryKey, STRETCH) < NUMBERS_MAX);
  }
  const anew = numberOf(numbers, 1, STRETCH);
  assert.deepEqual(said(thread.ask([anew])), { keys: [[anew, [1, 1]]], forgetsKeys: true });
});
