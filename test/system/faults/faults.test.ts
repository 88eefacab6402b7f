/**
 * The short selection of the faults that `npm run test:faults` tries: after each, everything that was acknowledged is
 * there, where it was; or the service refuses and says the way out, which leads there.
 */

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { Bench } from "./bench.ts";
import { runCase } from "./run.ts";
import { AWAITED, SELECTION } from "./selection.ts";
import { findObstacle } from "./strace.ts";
import { STRACE_CASES } from "./table.ts";
import { isKept } from "./verdict.ts";

const obstacle = findObstacle();
if (obstacle !== undefined) console.error(`\nNO FAULTS WERE TRIED: ${obstacle}\n`);
const bench = new Bench();
after(() => bench.close());

test("the names of cases are unique, and those of the selection are cases", () => {
  const names = STRACE_CASES.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    [...SELECTION, ...AWAITED].filter((name) => !names.includes(name)),
    [],
  );
  assert.ok(names.length >= 300);
});

const skip = obstacle ?? false;
const tried = SELECTION.filter((name) => !AWAITED.includes(name));

test("nothing that was acknowledged is lost, after", { skip, concurrency: 2 }, async (t) => {
  const cases = STRACE_CASES.filter(({ name }) => tried.includes(name));
  const all = cases.map((each) =>
    t.test(each.name, async () => {
      const { outcome, texts } = await runCase(bench, each);
      assert.ok(isKept(outcome) && outcome !== "missed", [outcome, ...texts].join("\n"));
    }),
  );
  await Promise.all(all);
});
