/** Reading JSON by rule: what is read is what the text says, also where the engine's own parser errs. */

import assert from "node:assert/strict";
import test from "node:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { parseJson } from "../../src/entry/i-json.ts";
import { hasEscapedName } from "../../src/json/names.ts";
import { readJson, readWrittenJson } from "../../src/json/read.ts";
import { readByRule } from "../../src/json/reader.ts";
import { readBundleJson } from "../../src/verify/bundle/strict-json.ts";
import { assertIs, randomObject, readIndependently, seeded } from "./independent.ts";

const RUNS = { seed: 20_261_127, numRuns: 2000 };
const BY_HAND = {
  isStrict: false,
  depthMax: Number.POSITIVE_INFINITY,
  valuesMax: Number.POSITIVE_INFINITY,
  refuse: ({ expected, got }: { expected: string; got: string }) => new SyntaxError(`${got}, not ${expected}`),
};

/** An escaped name, and names that are the beginning of its raw text. */
const POISON: readonly (readonly [escaped: string, names: readonly string[]])[] = [
  ["\\n", ["\\"]],
  ['\\"', ["\\"]],
  ["\\\\", ["\\"]],
  ["\\/", ["\\"]],
  ["\\u0061", ["\\"]],
  ["\\n\\n", ["\\n", "\\"]],
  ["a\\tb", ["a\\t", "a\\"]],
  ["\\ud83d\\ude00", ["\\u", "\\"]],
  ["\\u00e9t\\u00e9", ["\\u0", "\\"]],
  ["0123456789\\n", ["0123456789\\"]],
];

test("an escaped name is read as itself after objects that began alike", () => {
  let prefix = 0;
  for (const [escaped, others] of POISON) {
    for (const other of others) {
      const front = `shape${prefix++}`;
      const trap = JSON.stringify({ [front]: 1, [other]: 1 });
      const asked = `{"${front}":1,"${escaped}":2}`;
      const texts = [trap, asked, `{"a":${trap},"b":${asked}}`, `{"b":${asked},"a":${trap}}`, `[${trap},${asked}]`];
      for (const text of texts) assertIs(readJson(text), readIndependently(text), text);
      for (const text of texts) assertIs(parseJson(text, { depthMax: 9 }), readIndependently(text), text);
      for (const text of texts) assertIs(readBundleJson(text, LIMITS), readIndependently(text), text);
    }
  }
});

const LIMITS = { charactersMax: 100_000, depthMax: 9, valuesMax: 1000 };

test("a hundred thousand objects with escaped names are read as an independent reader reads them", () => {
  const random = seeded(63_785);
  let escaped = 0;
  for (let i = 0; i < 100_000; i++) {
    const text = randomObject(random);
    if (hasEscapedName(text)) escaped++;
    assertIs(parseJson(text, { depthMax: 9 }), readIndependently(text), text);
  }
  assert.ok(escaped > 50_000, `expected most texts to have an escaped name, got ${escaped}`);
});

test("threads read escaped names alike, whatever each of them read before", async () => {
  const script = `
    const { workerData, parentPort } = await import("node:worker_threads");
    const { readJson } = await import(workerData.module);
    parentPort.postMessage(workerData.texts.map((text) => Object.entries(readJson(text)).map(([name]) => [name])));`;
  const trap = '{"thread":1,"\\\\":1}';
  const asked = ['{"thread":1,"\\n":1}', '{"thread":1,"\\"":1}', '{"thread":1,"\\u00e9":1}'];
  const orders = [
    [trap, ...asked],
    [...asked, trap, ...asked],
  ];
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  const module = new URL("../../src/json/read.ts", import.meta.url).href;
  for (const texts of orders) {
    const worker = new Worker(url, { workerData: { module, texts } });
    const names = await new Promise<string[][][]>((resolve, reject) =>
      worker.on("message", resolve).on("error", reject),
    );
    const expected = texts.map((text) => [...(readIndependently(text) as ReadonlyMap<string, unknown>).keys()]);
    assert.deepEqual(
      names.map((found) => found.flat()),
      expected,
    );
  }
});

test("only a text with an escape in a name is read by hand", () => {
  const plain = [
    "",
    "{}",
    '"\\n"',
    '["\\"",{"a":"\\\\"}]',
    '{"a":"\\":","b":["\\u0061"]}',
    '{"a:":"\\"}:"}',
    '{"語":"\\t"}',
  ];
  for (const text of plain) assert.equal(hasEscapedName(text), false, text);
  const escaped = [
    '{"\\n":1}',
    '{"a":"\\n","b\\\\":1}',
    '[[{"a":1},{"\\u0061" \r\n\t:1}]]',
    '{"a\\"":"\\":"}',
    '{"\\\\":1}',
  ];
  for (const text of escaped) assert.equal(hasEscapedName(text), true, text);
  const random = seeded(4);
  for (let i = 0; i < 2000; i++) {
    const text = randomObject(random);
    const names = [...text.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)/g)].filter(([, , colon]) => colon === ":");
    const isEscaped = names.some(([, name]) => name?.includes("\\"));
    assert.equal(hasEscapedName(text), isEscaped, text);
  }
});

test("looking for escaped names comes to an end for every text, JSON or not", () => {
  const pieces = fc.array(fc.constantFrom("\\", '"', ":", " ", "a", "{", "}", ","), { maxLength: 30 });
  fc.assert(
    fc.property(pieces, (parts) => typeof hasEscapedName(parts.join("")) === "boolean"),
    RUNS,
  );
});

test("the reader by hand takes what JSON.parse takes, and makes the same of it", () => {
  const texts = [
    "1",
    "-0",
    "0.5",
    "1e5",
    "1E+5",
    "-1.5e-7",
    "1e400",
    "9007199254740993",
    "true",
    "false",
    "null",
    '""',
    '"\\u0000\\/\\b"',
    "[]",
    "{}",
    " [ ] ",
    "\t{\r\n} ",
    "[1,[2,[3]]]",
    '{"a":{"b":[{}]}}',
    '{"a":1,"a":2}',
    '"\\ud800"',
    '{"2":1,"1":2}',
    '"\u2028"',
  ];
  for (const text of texts) assert.deepEqual(readByRule(text, BY_HAND), JSON.parse(text), text);
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: "binary" }), fc.constantFrom(0, 1, "\t"), (value, space) => {
      const text = JSON.stringify(value, undefined, space);
      assert.deepEqual(readByRule(text, BY_HAND), hasEscapedName(text) ? value : JSON.parse(text));
    }),
    RUNS,
  );
});

test("the reader by hand refuses what JSON.parse refuses", () => {
  const texts = [
    "",
    " ",
    "tru",
    "nul",
    "True",
    "+1",
    "01",
    "-",
    "1.",
    ".5",
    "1e",
    "1e+",
    "0x1",
    "-01",
    "NaN",
    "Infinity",
    "1 2",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[",
    "]",
    "{",
    "}",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    "{1:1}",
    "{a:1}",
    '{"a":1 "b":2}',
    '{,"a":1}',
    '"',
    '"\\',
    '"\\"',
    '"\\x"',
    '"\\u12"',
    '"\\u12g4"',
    '"\n"',
    '"\u0000"',
    "'a'",
    "/**/1",
    "\ufeff1",
    "\u00a01",
    "[1}",
    '{"a":1]',
    "1]",
    '{"a" 1}',
  ];
  for (const text of texts) {
    assert.throws(() => JSON.parse(text), SyntaxError, text);
    assert.throws(() => readByRule(text, BY_HAND), SyntaxError, text);
  }
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "\\",
    '"a"',
    '"\\n"',
    "1",
    "-",
    ".",
    "e",
    "null",
    " ",
    "\n",
    "\\u00e9",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      const outcome = (read: () => unknown) => {
        try {
          return { value: read() };
        } catch (error) {
          assert.ok(error instanceof SyntaxError, String(error));
          return "refused";
        }
      };
      const byHand = outcome(() => readByRule(text, BY_HAND));
      const byEngine = outcome(() => JSON.parse(text));
      if (hasEscapedName(text)) assert.equal(byHand === "refused", byEngine === "refused", text);
      else assert.deepEqual(byHand, byEngine, text);
    }),
    { ...RUNS, numRuns: 20_000 },
  );
});

test("an escaped name that means something to the engine is a member like any other", () => {
  const value = readJson('{"__pro\\u0074o__":{"admin":true}}') as object;
  assert.deepEqual(Object.keys(value), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal((value as { admin?: boolean }).admin, undefined);
});

test("of two members with one name the last counts, however each is spelled", () => {
  assert.deepEqual(readJson('{"a":1,"b":2,"\\u0061":3}'), { a: 3, b: 2 });
});

test("nesting of a million does not exhaust the stack", () => {
  const depth = 1_000_000;
  let value = readJson(`{"\\n":${"[".repeat(depth)}${"]".repeat(depth)}}`) as Record<string, unknown[]>;
  let found = 0;
  for (let inner = value["\n"]; inner !== undefined; inner = inner[0] as unknown[] | undefined) found++;
  value = {};
  assert.equal(found, depth);
});

test("of what people write an error says the line and the character, whatever the engine says", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = ["{", '  "a": 1,', '  "b": }', "}"].join(end);
    assert.throws(() => readWrittenJson(text), /^SyntaxError: line 3, character 8: expected .*, got "}/);
  }
  assert.throws(() => readWrittenJson('{"a":'), /line 1, character 6: .*the end of the text/);
  assert.throws(() => readWrittenJson(""), /line 1, character 1: .*the end of the text/);
  assert.deepEqual(readWrittenJson('{"a":1}'), { a: 1 });
});

test("a text with an escaped name that is no JSON says where", () => {
  assert.throws(() => readJson('{"\\n":1,}'), /"}" at character 8, where a name in quotes should be/);
  assert.throws(() => parseJson('{"\\n":1,}', { depthMax: 9 }), /expected JSON, got "}" at character 8/);
});
