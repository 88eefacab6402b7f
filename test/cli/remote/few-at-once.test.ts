/** Many questions, a few at a time. */

import assert from "node:assert/strict";
import test from "node:test";
import { fewAtOnce, QUESTIONS_AT_ONCE } from "../../../src/cli/remote/few-at-once.ts";

const ITEMS = Array.from({ length: 3 * QUESTIONS_AT_ONCE + 1 }, (_, i) => i);

/** Lets everything go on that waits for nothing else. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test("so many questions are under way at once, and the next begins when one is answered", async () => {
  const waiting: (() => void)[] = [];
  const asked: number[] = [];
  const answers = fewAtOnce(ITEMS, async (item) => {
    asked.push(item);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return item * 2;
  });
  for (let answered = 0; answered < ITEMS.length; answered++) {
    await settle();
    assert.equal(asked.length, Math.min(ITEMS.length, answered + QUESTIONS_AT_ONCE));
    // The last that was asked is answered first.
    waiting.pop()?.();
  }
  assert.deepEqual(
    await answers,
    ITEMS.map((item) => item * 2),
  );
  assert.deepEqual(asked, ITEMS);
  assert.deepEqual(await fewAtOnce([], async () => 1), []);
});

test("after a question that fails nothing more is asked", async () => {
  const asked: number[] = [];
  const failing = fewAtOnce(ITEMS, async (item) => {
    asked.push(item);
    await settle();
    if (item === 2) throw new Error("no");
  });
  await assert.rejects(failing, /^Error: no$/);
  await settle();
  await settle();
  assert.ok(asked.length <= 2 * QUESTIONS_AT_ONCE, `${asked.length} were asked`);
});
