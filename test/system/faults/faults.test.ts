/**
 * The short selection of the faults that `npm run test:faults` tries: after each, everything that was acknowledged is
 * there, where it was; or the service refuses and says the way out, which leads there. And the harness can fail: with a
 * promise taken out of the code, a case of the selection ends otherwise.
 */

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { ROOT } from "../service-process.ts";
import { Bench } from "./bench.ts";
import { DISK_CASES, findDiskObstacle } from "./full-disk.ts";
import { MUTANTS, mutantProgram } from "./mutants.ts";
import { runCase } from "./run.ts";
import { SELECTION } from "./selection.ts";
import { findObstacle } from "./strace.ts";
import { type Case, STRACE_CASES } from "./table.ts";
import { isKept } from "./verdict.ts";

const ALL = [...STRACE_CASES, ...DISK_CASES];
const obstacle = findObstacle();
if (obstacle !== undefined) console.error(`\nNO FAULTS WERE TRIED: ${obstacle}\n`);
const diskObstacle = findDiskObstacle();
if (diskObstacle !== undefined) console.error(`\nNO FULL DISK WAS TRIED: ${diskObstacle}\n`);
const bench = new Bench();
after(() => bench.close());

test("the names of cases are unique, and those of the selection are cases", () => {
  const names = ALL.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const asked = [...SELECTION, ...MUTANTS.map(({ shownBy }) => shownBy)];
  assert.deepEqual(
    asked.filter((name) => !names.includes(name)),
    [],
  );
  assert.ok(names.length >= 300);
});

function skipOf({ name }: Case): string | false {
  return (name.startsWith("full disk") ? diskObstacle : obstacle) ?? false;
}

test("nothing that was acknowledged is lost, after", { concurrency: 2 }, async (t) => {
  const tried = ALL.filter(({ name }) => SELECTION.includes(name));
  const all = tried.map((each) =>
    t.test(each.name, { skip: skipOf(each) }, async () => {
      const { outcome, texts } = await runCase(bench, each);
      assert.ok(isKept(outcome) && outcome !== "missed", [outcome, ...texts].join("\n"));
    }),
  );
  await Promise.all(all);
});

test("a case of the selection fails without the promise that", {
  skip: obstacle ?? false,
  concurrency: 2,
}, async (t) => {
  const all = MUTANTS.map((mutant) =>
    t.test(mutant.name, async () => {
      const mutated = new Bench(ROOT, bench);
      mutated.program = mutantProgram(mutant, mutated.folder);
      try {
        const shown = ALL.find(({ name }) => name === mutant.shownBy) as Case;
        const { outcome, texts } = await runCase(mutated, shown);
        assert.ok(!isKept(outcome) || outcome === "missed", `${shown.name}: ${[outcome, ...texts].join("\n")}`);
        assert.notEqual(outcome, "broken", texts.join("\n"));
      } finally {
        await mutated.close();
      }
    }),
  );
  await Promise.all(all);
});
