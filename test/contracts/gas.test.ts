/** Gas: what was measured last still holds, on this hardfork and the next, and the promises of the design are kept. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { type Figures, render, shownIn } from "../../bench/gas.ts";
import { measureGas } from "../../bench/gas-measure.ts";
import { HARDFORKS } from "./chain.ts";

/** For call data that has a zero byte more or less. */
const TOLERANCE = 100;
const REFRESH = "run `npm run bench:gas -- --write` if the change is meant";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");
const figures = JSON.parse(read("gas.json")) as Figures;

describe("gas", () => {
  for (const hardfork of HARDFORKS) {
    test(`costs what it cost when it was measured last, on ${hardfork}`, async () => {
      const measured = await measureGas(hardfork);
      assert.deepEqual(Object.keys(measured), Object.keys(figures[hardfork]), REFRESH);
      for (const [name, gas] of Object.entries(measured)) {
        const expected = figures[hardfork][name] ?? 0;
        assert.ok(Math.abs(gas - expected) <= TOLERANCE, `${name}: expected ${expected}, got ${gas}; ${REFRESH}`);
      }
    });
  }

  test("an anchor at 2^20 entries costs at most 76,000, an inclusion check at most 8,500", () => {
    const at = (name: string) => figures.osaka[name] ?? Number.POSITIVE_INFINITY;
    assert.ok(at("anchor 2^20 typical") <= 76_000);
    assert.ok(at("verifyInclusion 2^20") <= 8_500);
  });

  test("from one size to the next only the length of the proof costs more", () => {
    for (const hardfork of HARDFORKS) {
      const small = figures[hardfork]["anchor 2^10 typical"];
      const large = figures[hardfork]["anchor 2^30 typical"];
      assert.ok(Math.abs((large ?? 0) - (small ?? 0)) <= TOLERANCE);
    }
  });

  test("docs/gas.md shows these figures", () => {
    assert.equal(shownIn(read("../../docs/gas.md")), render(figures));
  });
});
