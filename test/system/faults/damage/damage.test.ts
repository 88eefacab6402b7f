/**
 * The short selection of damages to the files of a data folder: each is found by the audit or by the start, which say a way
 * out, or it is harmless; nothing is answered wrong or as absent because of it, and nothing is recorded twice.
 */

import assert from "node:assert/strict";
import test, { after } from "node:test";
import { Bench } from "../bench.ts";
import { runCase } from "../run.ts";
import type { Case } from "../table.ts";
import { isKept } from "../verdict.ts";
import { damageCases, endHosts } from "./cases.ts";
import { DAMAGES, FLIPS } from "./selection.ts";

const bench = new Bench();
after(async () => {
  await endHosts();
  await bench.close();
});

test("what cannot be read any more is told, and nothing else is answered, for", { concurrency: 2 }, async (t) => {
  const cases = await damageCases(bench, {
    chain: "none",
    wanted: /^(store|index|keys|keyring)\//,
    flips: FLIPS,
    seed: 1,
  });
  const named = new Map(cases.map((each) => [each.name, each] as const));
  const missing = DAMAGES.filter((name) => !named.has(name));
  assert.deepEqual(missing, []);
  const tried = DAMAGES.map((name) => named.get(name) as Case);
  const all = tried.map((each) =>
    t.test(each.name, async () => {
      const { outcome, texts } = await runCase(bench, each);
      assert.ok(isKept(outcome), [outcome, ...texts].join("\n"));
    }),
  );
  await Promise.all(all);
});
