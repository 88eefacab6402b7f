/** Asking again: as often as there are pauses, and not when the outcome stands. */

import assert from "node:assert/strict";
import test from "node:test";
import { readRetryAfter, retry } from "../../src/net/retry.ts";

for (const { name, outcomes, asked, got } of [
  { name: "an outcome that stands is not asked for again", outcomes: ["good"], asked: 1, got: "good" },
  { name: "one that does not is asked for after a pause", outcomes: ["bad", "good"], asked: 2, got: "good" },
  { name: "the last outcome is given, whatever it is", outcomes: ["bad", "bad", "worse"], asked: 3, got: "worse" },
]) {
  test(name, async () => {
    let count = 0;
    const outcome = await retry(
      [1, 1],
      async () => outcomes[count++],
      (each) => each === "good",
    );
    assert.deepEqual([outcome, count], [got, asked]);
  });
}

test("what an attempt throws ends the asking", async () => {
  let count = 0;
  const failing = async () => {
    count++;
    throw new Error("no");
  };
  await assert.rejects(
    retry([1, 1], failing, () => false),
    /no/,
  );
  assert.equal(count, 1);
});

test("each further attempt waits as long as its pause says", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let count = 0;
  const attempt = async () => ++count;
  const asking = retry([50, 70], attempt, () => false);
  const asked: number[] = [];
  for (const ms of [0, 49, 1, 69, 1]) {
    t.mock.timers.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
    asked.push(count);
  }
  assert.deepEqual(asked, [1, 1, 2, 2, 3]);
  assert.equal(await asking, 3);
});

test("a Retry-After is a number of seconds or a date", () => {
  const now = Date.parse("2026-11-20T09:30:00Z");
  assert.equal(readRetryAfter("7", now), 7_000);
  assert.equal(readRetryAfter("Fri, 20 Nov 2026 09:30:09 GMT", now), 9_000);
  assert.equal(readRetryAfter("Fri, 20 Nov 2026 09:29:00 GMT", now), 0);
  for (const text of [null, "soon", "-1", ""]) assert.equal(readRetryAfter(text, now) ?? 0, 0, String(text));
});
