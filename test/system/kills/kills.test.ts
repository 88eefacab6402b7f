/**
 * The short selection of what `npm run test:kills` tries: the real service, killed in the middle of a step while events arrive, has all
 * of them, and ends what it had begun when it is started again.
 */

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { Grounds } from "./ground.ts";
import { killService } from "./kill-service.ts";
import { SERVICE_JOBS } from "./service-jobs.ts";

const grounds = new Grounds();
after(() => grounds.close());

/** One of each, the one that has most in its hands: told, and not done; some keys of many. */
const SELECTION = [
  { name: "erase", at: 5, step: "an erasure is rewritten" },
  { name: "rewrap", at: 2, step: "wrapped keys are written" },
] as const;

test("killed in the middle of a step, it ends what it had begun, and nothing that was acknowledged is lost", {
  concurrency: 2,
}, async (t) => {
  const all = SELECTION.map(({ name, at, step }) =>
    t.test(`${name}: ${step}`, async () => {
      const job = SERVICE_JOBS.find((each) => each.name === name);
      assert.ok(job);
      assert.equal(await killService(job, await grounds.get("recorded"), { at, how: "within" }), step);
    }),
  );
  await Promise.all(all);
});
