/** The pace of long answers: how long they rest, all of them together, and when not at all. */

import assert from "node:assert/strict";
import test from "node:test";
import { Pace } from "../../../src/http/wire/pace.ts";

test("long answers rest while something comes in, together one and a half times as long as they worked", (t) => {
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  let taken = 0;
  const pace = new Pace(() => taken);
  pace.begin();
  const quiet = pace.piece();
  nowMs += 100;
  assert.equal(quiet(), 0, "nothing came in");
  const alone = pace.piece();
  nowMs += 100;
  taken++;
  assert.equal(alone(), 150);
  // Two that are made at the same time have worked for half of it each, and each rests for both.
  pace.begin();
  const ends = [pace.piece(), pace.piece()];
  nowMs += 100;
  taken++;
  const restMs = 50 * (2 * 2.5 - 1);
  assert.deepEqual(
    ends.map((end) => end()),
    [restMs, restMs],
  );
  const long = pace.piece();
  nowMs += 60_000;
  taken++;
  assert.equal(long(), 5000, "a rest has an end");
});
