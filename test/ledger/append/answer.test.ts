/** What a request is answered with of which all was recorded before: read some at a time, in the order of the request. */

import assert from "node:assert/strict";
import test from "node:test";
import { setImmediate } from "node:timers/promises";
import { answerLater, type RecordedReader } from "../../../src/ledger/append/answer.ts";
import type { SignedCheckpoint } from "../../../src/merkle/checkpoint.ts";

test("a request that repeats 10,000 events is answered in its order, with few of them in memory at once", async () => {
  let open = 0;
  let most = 0;
  const recorded: RecordedReader = {
    async entry(index) {
      open++;
      most = Math.max(most, open);
      await setImmediate();
      open--;
      return { recordedAt: index, members: [] };
    },
    leafHash: async (index) => Uint8Array.of(index % 256),
    inclusionPath: async () => assert.fail("no path is asked for of many"),
    checkpointCovering: async (index) => ({ size: index + 1 }) as SignedCheckpoint,
  };
  const indexes = Array.from({ length: 10_000 }, (_, i) => 20_000 - i);
  const repeated = new Set(indexes.keys());
  const { outcome, receipts, checkpoint } = await answerLater(recorded, { indexes, repeated });
  assert.deepEqual([outcome, checkpoint.size], ["replayed", 20_001]);
  assert.deepEqual(
    receipts.map(({ index, recordedAt }) => [index, recordedAt]),
    indexes.map((index) => [index, index]),
  );
  assert.ok(receipts.every(({ entry, duplicate }) => entry === undefined && duplicate));
  assert.ok(most <= 500, `expected few reads at once, got ${most}`);
});
