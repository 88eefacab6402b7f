/** How long a client waits between two tries. */

import assert from "node:assert/strict";
import test from "node:test";
import { pauseMs } from "../../../src/sdk/client/pause.ts";

const BACKOFF = { baseMs: 100, maxMs: 1_000 };

test("pauses double from one failure to the next, up to the longest, each with full jitter", () => {
  const longest = [1, 2, 3, 4, 5, 500].map((failures) => pauseMs(BACKOFF, failures, 0, 1));
  assert.deepEqual(longest, [100, 200, 400, 800, 1_000, 1_000]);
  assert.equal(pauseMs(BACKOFF, 3, 0, 0), 0);
  assert.equal(pauseMs(BACKOFF, 3, 0, 0.5), 200);
});

test("nothing is sent before the service wants to be asked again, nor by all at the same moment", () => {
  assert.equal(pauseMs(BACKOFF, 1, 5_000, 0), 5_000);
  assert.equal(pauseMs(BACKOFF, 1, 5_000, 1), 5_100);
  assert.equal(pauseMs(BACKOFF, 1, 9e12, 0), 3_600_000, "but an hour at most");
});
