/** Texts of foreign senders parted into JSON values, however they are put beside each other. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { jsonValues, valuesWithin } from "../../src/ingest/text/json-values.ts";
import { readForeignJson } from "../../src/json/read.ts";

/** Each part as its value, or as ["none", text]. */
function parts(text: string): unknown[] {
  return [...jsonValues(text)].map((part) => ("value" in part ? part.value : ["none", part.text]));
}

test("values are found one by one, in a list, on lines, and right after one another", () => {
  const values = [{ a: 1 }, { b: [1, '}\\"]'] }, "x", 7, true, null];
  const spelled = values.map((value) => JSON.stringify(value));
  for (const between of ["\n", "\r\n", " ", ",", "\u001e", "\n\n"])
    assert.deepEqual(parts(spelled.join(between)), values);
  assert.deepEqual(parts(JSON.stringify(values)), values);
  assert.deepEqual(parts(`\ufeff${JSON.stringify(values, null, 2)}`), values);
  assert.deepEqual(parts('{"a":1}{"b":2}\n{"c":3}'), [{ a: 1 }, { b: 2 }, { c: 3 }]);
  assert.deepEqual(parts(" \n"), []);
  assert.deepEqual(parts("[]"), []);
});

test("what is no JSON is handed on a line at a time, and nothing beside it is lost", () => {
  assert.deepEqual(parts('{"a":1}\nnot json at all\n{"b":2}'), [{ a: 1 }, ["none", "not json at all"], { b: 2 }]);
  assert.deepEqual(parts('{"a":\n{"b":2}\n{"c":3}'), [["none", '{"a":'], { b: 2 }, { c: 3 }]);
  assert.deepEqual(parts("[INFO] one\n[WARN] two"), [
    ["none", "[INFO] one"],
    ["none", "[WARN] two"],
  ]);
  assert.deepEqual(parts('[{"a":1},{"b":2'), [["none", '[{"a":1},{"b":2']]);
  assert.deepEqual(parts("line\r\nnext"), [
    ["none", "line"],
    ["none", "next"],
  ]);
});

test("a line that only begins like a value is a line, and a list beside others is its elements", () => {
  assert.deepEqual(parts('200 OK\n[12] started\n"a" said b'), [
    ["none", "200 OK"],
    ["none", "[12] started"],
    ["none", '"a" said b'],
  ]);
  assert.deepEqual(parts('{"a":1} and more'), [{ a: 1 }, ["none", "and more"]]);
  assert.deepEqual(parts('[{"a":1},{"b":2}]\n[{"c":3}]'), [{ a: 1 }, { b: 2 }, { c: 3 }]);
  assert.deepEqual(parts('[\n{"a":1}\n]\n{"b":2}'), [{ a: 1 }, { b: 2 }]);
});

test("a list that an object wraps is parted into its elements, where nothing is lost by that", () => {
  const wrappers = [{ path: ["logs"], isAlone: true }, { path: ["data", "events"] }];
  const within = (text: string) => [...valuesWithin(text, wrappers)].map(({ text: spelled }) => spelled);
  assert.deepEqual(within('{"logs":[{"a": 1}, {"b":2}]}'), ['{"a": 1}', '{"b":2}']);
  assert.deepEqual(within('{"logs":[{"a":1}]}{"logs":[{"b":2}]}'), ['{"a":1}', '{"b":2}']);
  assert.deepEqual(within('{"id":1,"data":{"x":0,"events":[7]}}'), ["7"]);
  assert.deepEqual(within('{"logs":[]}'), []);
  for (const whole of [
    '{"logs":[1],"more":2}',
    '{"logs":[1],"logs":[2]}',
    '{"logs":{}}',
    '{"logs":"["}',
    '{"data":{"events":[]}}',
    '{"data":[{"events":[1]}]}',
  ]) {
    assert.deepEqual(within(whole), [whole]);
  }
});

test("large numbers are found wherever they stand, in lists and in what wraps them as well", () => {
  const numbers = [
    "9007199254740993",
    "-12345678901234567890",
    "1e999",
    "1.5E+400",
    "0.1e-7",
    "1.00000000000000005",
    "7",
  ];
  for (const number of numbers) {
    const expected = readForeignJson(number);
    for (const spelled of [
      `{"a":${number}}`,
      `{"a": [0,{"b":${number} }]}`,
      `{"a":"1","b":[\t${number}\n,2]}`,
      `{"é":${number}}`,
    ]) {
      const value = readForeignJson(spelled);
      assert.ok(JSON.stringify(value).includes(JSON.stringify(expected)));
      assert.deepEqual(parts(spelled), [value]);
      assert.deepEqual(parts(`[1,${spelled}]`), [1, value]);
      assert.deepEqual(parts(`{}${spelled}\n${spelled}`), [{}, value, value]);
      const wrapped = [...valuesWithin(`{"x":1,"records":[${spelled}]}`, [{ path: ["records"] }])];
      assert.deepEqual(wrapped, [{ text: spelled, value }]);
    }
    assert.deepEqual(parts(`[${number}]`), [expected]);
    assert.deepEqual(parts(`[1,2] ${number}`), [1, 2, expected]);
  }
});

test("a number that a double cannot hold stands as its digits, any other as it is", () => {
  assert.deepEqual(parts('{"a":9007199254740993,"b":[1795763652557843123,1.5,1e400],"c":"1795763652557843123"}'), [
    { a: "9007199254740993", b: ["1795763652557843123", 1.5, "1e400"], c: "1795763652557843123" },
  ]);
});

test("of any text everything comes back but what stands between values, and any JSON is found again", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const back = [...jsonValues(text)].map((part) => part.text).join("");
      const bare = (spelled: string) =>
        [...spelled].filter((unit) => !" \t\r\n,\u0000\u001e\ufeff".includes(unit)).join("");
      assert.equal(bare(back).length <= bare(text).length, true);
      if (!text.trimStart().startsWith("[")) assert.equal(bare(back), bare(text));
    }),
    { seed: 20_261_127, numRuns: 500 },
  );
  const modest = fc.json({ maxDepth: 5 }).filter((text) => !/\d{16}|\de/i.test(text));
  fc.assert(
    fc.property(fc.array(modest, { minLength: 1 }), (texts) => {
      const got = parts(texts.map((text) => `{"v":${text}}`).join("\n"));
      assert.deepEqual(
        got,
        texts.map((text) => JSON.parse(`{"v":${text}}`)),
      );
    }),
    { seed: 20_261_128, numRuns: 200 },
  );
});

test("a hostile text takes time in proportion to its length", () => {
  const open = "{\n".repeat(200_000);
  assert.equal(parts(open).length, 200_000);
  assert.equal(parts('"'.repeat(300_001)).length, 1);
  assert.equal(parts(`${"1 ".repeat(200_000)}x`).length, 1);
  assert.equal(parts("[1] x\n".repeat(100_000)).length, 100_000);
  assert.equal(parts('"a\n'.repeat(100_000)).length, 100_000);
});

test("of a list of more elements than any are remembered of, each is handed out once", () => {
  const count = 100_003;
  const spelled = Array.from({ length: count }, (_, i) => `[${i}, "]"]`);
  let next = 0;
  for (const part of jsonValues(` [ ${spelled.join(" ,\n")} ] `)) {
    if (part.text !== spelled[next]) assert.fail(`expected ${spelled[next]} as element ${next}, got ${part.text}`);
    next++;
  }
  assert.equal(next, count);
});
