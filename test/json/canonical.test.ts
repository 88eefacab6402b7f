/** Canonical JSON against RFC 8785's own examples, and against the package canonicalize on random values. */

import assert from "node:assert/strict";
import test from "node:test";
import canonicalize from "canonicalize";
import fc from "fast-check";
import { canonicalJson, sortNames } from "../../src/json/canonical.ts";

const RUNS = { seed: 20_260_202, numRuns: 500 };

/** RFC 8785, appendix B: IEEE 754 bits and their text. */
const NUMBERS: readonly (readonly [bits: string, text: string])[] = [
  ["0000000000000000", "0"],
  ["8000000000000000", "0"],
  ["0000000000000001", "5e-324"],
  ["8000000000000001", "-5e-324"],
  ["7fefffffffffffff", "1.7976931348623157e+308"],
  ["ffefffffffffffff", "-1.7976931348623157e+308"],
  ["4340000000000000", "9007199254740992"],
  ["c340000000000000", "-9007199254740992"],
  ["4430000000000000", "295147905179352830000"],
  ["44b52d02c7e14af5", "9.999999999999997e+22"],
  ["44b52d02c7e14af6", "1e+23"],
  ["44b52d02c7e14af7", "1.0000000000000001e+23"],
  ["444b1ae4d6e2ef4e", "999999999999999700000"],
  ["444b1ae4d6e2ef4f", "999999999999999900000"],
  ["444b1ae4d6e2ef50", "1e+21"],
  ["3eb0c6f7a0b5ed8c", "9.999999999999997e-7"],
  ["3eb0c6f7a0b5ed8d", "0.000001"],
  ["41b3de4355555553", "333333333.3333332"],
  ["41b3de4355555554", "333333333.33333325"],
  ["41b3de4355555555", "333333333.3333333"],
  ["41b3de4355555556", "333333333.3333334"],
  ["41b3de4355555557", "333333333.33333343"],
  ["becbf647612f3696", "-0.0000033333333333333333"],
  ["43143ff3c1cb0959", "1424953923781206.2"],
];

function fromBits(bits: string): number {
  return Buffer.from(bits, "hex").readDoubleBE();
}

test("numbers are spelled as in RFC 8785, appendix B", () => {
  for (const [bits, text] of NUMBERS) assert.equal(canonicalJson(fromBits(bits)), text, bits);
  for (const bits of ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"]) {
    assert.throws(() => canonicalJson(fromBits(bits)), /^TypeError: expected a finite number, got -?(NaN|Infinity)/);
  }
});

test("the example of RFC 8785 §3.2.2 has the text printed there", () => {
  const sample = String.raw`{
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  }`;
  const expected =
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
    String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`;
  assert.equal(canonicalJson(JSON.parse(sample)), expected);
});

test("the names of RFC 8785 §3.2.3 are sorted by UTF-16 code units", () => {
  const sample = String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
    "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`;
  const written = JSON.parse(`[${[...canonicalJson(JSON.parse(sample)).matchAll(/:("[^"]*")/g)].map((m) => m[1])}]`);
  assert.deepEqual(written, [
    "Carriage Return",
    "One",
    "Control",
    "Latin Small Letter O With Diaeresis",
    "Euro Sign",
    "Emoji: Grinning Face",
    "Hebrew Letter Dalet With Dagesh",
  ]);
});

test("names that are integers are sorted as text, and many names like few", () => {
  assert.equal(canonicalJson({ 10: 1, 9: 2, a: 3, 1: 4 }), '{"1":4,"10":1,"9":2,"a":3}');
  for (const count of [23, 24, 25, 26, 500]) {
    const names = Array.from({ length: count }, (_, i) => `n${(i * 7919) % 1009}`);
    assert.deepEqual(sortNames([...names]), names.toSorted(), String(count));
  }
});

test("every control character is escaped in its only spelling, and nothing else is", () => {
  const written = Array.from({ length: 0x20 }, (_, code) => canonicalJson(String.fromCharCode(code)));
  const short = new Map([
    [8, "\\b"],
    [9, "\\t"],
    [10, "\\n"],
    [12, "\\f"],
    [13, "\\r"],
  ]);
  for (const [code, text] of written.entries()) {
    assert.equal(text, `"${short.get(code) ?? `\\u${code.toString(16).padStart(4, "0")}`}"`);
  }
  assert.equal(
    canonicalJson("\u007f\u0080\u2028\u2029\ufeff\uffff/<>&'"),
    '"\u007f\u0080\u2028\u2029\ufeff\uffff/<>&\'"',
  );
});

test("random values have the text that the package canonicalize gives them, and come back from it", () => {
  const values = fc.oneof(fc.jsonValue({ maxDepth: 5 }), fc.dictionary(fc.string({ unit: "binary" }), fc.double()));
  fc.assert(
    fc.property(values, (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      const text = canonicalJson(plain);
      assert.equal(text, canonicalize(plain));
      assert.equal(canonicalJson(JSON.parse(text)), text);
      assert.deepEqual(JSON.parse(text), plain);
    }),
    RUNS,
  );
});

test("what is no JSON is a TypeError, not a text that stands for something else", () => {
  class Point {}
  const wrong = [
    undefined,
    Number.NaN,
    1n,
    Symbol("x"),
    () => 1,
    new Date(0),
    new Map(),
    new Point(),
    new Uint8Array(2),
  ];
  for (const value of wrong) {
    assert.throws(() => canonicalJson(value), TypeError);
    assert.throws(() => canonicalJson([value]), TypeError);
    assert.throws(() => canonicalJson({ a: { b: value } }), TypeError);
  }
  assert.throws(() => canonicalJson(new Array(1)), TypeError);
  for (const lone of ["\ud800", "a\udc00b", "\ude00\ud83d"]) {
    assert.throws(() => canonicalJson(lone), /lone surrogates/);
    assert.throws(() => canonicalJson({ [lone]: 1 }), /lone surrogates/);
  }
});

test("a value that contains itself, or is nested without end, is a TypeError", () => {
  const loop: unknown[] = [];
  loop.push(loop);
  assert.throws(() => canonicalJson(loop), /expected nesting of at most 1000, got more/);
  const nested = (depth: number) => JSON.parse("[".repeat(depth) + "]".repeat(depth)) as unknown;
  assert.equal(canonicalJson(nested(1000)).length, 2000);
  assert.throws(() => canonicalJson(nested(1001)), TypeError);
  assert.throws(() => canonicalJson(nested(200_000)), TypeError);
});

test("an object without a prototype is plain data too", () => {
  assert.equal(canonicalJson(Object.assign(Object.create(null), { b: 1, a: 2 })), '{"a":2,"b":1}');
});
