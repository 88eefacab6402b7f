/** The shape of a text is seen before it is parsed, so that no text is worth seconds of the parser's time. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { parseJson } from "../../src/entry/i-json.ts";
import { readMemberText } from "../../src/entry/member.ts";
import { isTooDeep, shapeOf } from "../../src/json/shape.ts";

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("depth and elements are those of the value, whatever is in its strings", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8, stringUnit: "binary" }), fc.constantFrom(0, 1), (value, space) => {
      const { depth, commas } = shapeOf(JSON.stringify(value, undefined, space), 1000);
      assert.equal(depth, depthOf(value));
      const elements = typeof value === "object" && value !== null ? Object.keys(value).length : 0;
      assert.equal(commas, Math.max(0, elements - 1));
    }),
    { seed: 20_260_401, numRuns: 300 },
  );
  assert.deepEqual(shapeOf('["\\"],[[","\\\\",{"[":"]"}]', 9), { depth: 2, commas: 2, values: 5 });
});

test("a text that is no JSON has a shape as well, and its end is found", () => {
  for (const text of ['"', '"\\', '["', "]]]]", "{]", '"\\"', ""]) shapeOf(text, 1);
  assert.equal(shapeOf("[[[[[[", 3).depth, 4, "counting stops where it is too deep");
});

test("millions of brackets are refused before the parser sees them", () => {
  const brackets = 8 * 1024 * 1024;
  const text = "[".repeat(brackets) + "]".repeat(brackets);
  assert.ok(isTooDeep(text, 1000));
  assert.throws(() => parseJson(text, { depthMax: 33 }), { code: "json_depth" });
  assert.throws(() => readMemberText(`"a":${text}`), TypeError);
  assert.ok(!isTooDeep("[".repeat(2000), 1000), "short texts are the parser's");
  assert.ok(!isTooDeep(`"${"[".repeat(70_000)}"`, 1000), "a string is no nesting");
});
