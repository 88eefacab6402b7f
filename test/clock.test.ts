/** A length of time in words. */

import assert from "node:assert/strict";
import test from "node:test";
import { spellSpan } from "../src/clock.ts";

test("a length of time is told in the largest unit of which there are two", () => {
  const told = [400, 1000, 119_999, 120_000, 5_400_000, 7_200_000, 172_800_000, 315_576_000_000].map(spellSpan);
  assert.deepEqual(told, [
    "0 seconds",
    "1 second",
    "120 seconds",
    "2 minutes",
    "90 minutes",
    "2 hours",
    "2 days",
    "10 years",
  ]);
});
