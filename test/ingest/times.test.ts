/** Counts since 1970 as RFC 3339, exactly. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { asTime, foreignTime, timeOfCount } from "../../src/ingest/text/times.ts";

test("a count is spelled to the last digit that came", () => {
  const cases = [
    ["1795763652.557843", "s", "2026-11-27T07:14:12.557843Z"],
    [1795763652, "s", "2026-11-27T07:14:12Z"],
    ["1795763652557", "ms", "2026-11-27T07:14:12.557Z"],
    ["1795763652557843", "us", "2026-11-27T07:14:12.557843Z"],
    ["1795763652557843123", "ns", "2026-11-27T07:14:12.557843123Z"],
    ["1795763652500000000", "ns", "2026-11-27T07:14:12.5Z"],
    [0, "s", "1970-01-01T00:00:00Z"],
    ["7", "ns", "1970-01-01T00:00:00.000000007Z"],
    [1795763652.5, "s", "2026-11-27T07:14:12.5Z"],
  ] as const;
  for (const [count, unit, expected] of cases) assert.equal(timeOfCount(count, unit), expected, String(count));
});

test("what is no count since 1970, or beyond the year 9999, is no time", () => {
  for (const count of ["", "x", "-1", Number.NaN, Number.POSITIVE_INFINITY, null, {}, "253402300800", "1e9", " 1"]) {
    assert.equal(timeOfCount(count, "s"), undefined, String(count));
  }
});

test("only an RFC 3339 time is taken as it is", () => {
  assert.equal(asTime("2026-11-27T07:14:12.557843Z"), "2026-11-27T07:14:12.557843Z");
  for (const value of ["2026-11-27 07:14:12", "yesterday", 7, undefined]) assert.equal(asTime(value), undefined);
});

test("a number is the time that its digits are", () => {
  const edge = fc.constantFrom(1e9, 1e11, 1e14, 253_402_300_800, 253_402_300_800_000);
  const number = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 31 }),
    fc.maxSafeNat(),
    fc.double({ min: 0, max: 1e17, noNaN: true }),
    fc.tuple(edge, fc.integer({ min: -2, max: 2 })).map(([at, by]) => at + by),
    fc.integer({ min: 1e9, max: 1e12 }).map((count) => count * 10),
  );
  fc.assert(
    fc.property(number, (count) => assert.equal(foreignTime(count), foreignTime(String(count)), String(count))),
    { seed: 20_261_127, numRuns: 5000 },
  );
});
