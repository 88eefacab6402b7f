/** Reading I-JSON: what RFC 7493 asks for and JSON.parse lets through. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { EventError } from "../../src/entry/event-error.ts";
import { parseJson } from "../../src/entry/i-json.ts";
import { DEPTH_MAX } from "../../src/json/canonical.ts";

const LIMITS = { depthMax: 32 };
const RUNS = { seed: 20_260_201, numRuns: 300 };

/** Asserts that a text is refused with this code at this place. */
function refuses(text: string, code: string, path: string): void {
  assert.throws(
    () => parseJson(text, LIMITS),
    (error: EventError) => {
      assert.ok(error instanceof EventError, String(error));
      assert.deepEqual([error.code, error.path], [code, path], text.slice(0, 80));
      assert.equal(error.message, `expected ${error.expected}${path && ` at ${path}`}, got ${error.got}`);
      return true;
    },
  );
}

test("what JSON.parse makes of a good text is what comes back", () => {
  const texts = ['{"a":1}', " [ 1 , -2.5e3 ] ", '"x"', "0", "null", "true", "{}", "[]", '{"":{"":[]}}', '"\\u0000\\/"'];
  for (const text of texts) assert.deepEqual(parseJson(text, LIMITS), JSON.parse(text), text);
});

test("any JSON value comes back from its text, however it is spaced", () => {
  const safe = (_: string, value: unknown) => (typeof value === "number" ? value % Number.MAX_SAFE_INTEGER : value);
  let tried = 0;
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 1, "\t"), (value, space) => {
      const text = JSON.stringify(value, safe, space);
      if (text.includes('"__proto__"')) return;
      tried++;
      assert.deepEqual(parseJson(text, LIMITS), JSON.parse(text));
    }),
    RUNS,
  );
  assert.ok(tried > RUNS.numRuns / 2, `expected most values to be tried, got ${tried}`);
});

test("a byte order mark in front is skipped, one and no more", () => {
  assert.deepEqual(parseJson('\ufeff{"a":1}', LIMITS), { a: 1 });
  refuses("\ufeff\ufeff1", "json_invalid", "");
});

test("what is no JSON is refused, and the error says where", () => {
  for (const text of [
    "",
    " ",
    "{a:1}",
    '{"a":1,}',
    "[1,]",
    "01",
    "+1",
    ".5",
    "NaN",
    "'x'",
    '"\n"',
    "1 2",
    "{",
    "/**/1",
  ]) {
    refuses(text, "json_invalid", "");
  }
  assert.throws(() => parseJson('{"a":1,}', LIMITS), /expected JSON, got .*position 7/);
});

test("a name that stands twice in an object is found with its place, however it is spelled", () => {
  refuses('{"a":1,"a":1}', "json_duplicate_name", "/a");
  refuses('{"a":1,"\\u0061":2}', "json_duplicate_name", "/a");
  refuses('{"a":{"b":[0,{"c":1,"d":{},"c":2}]}}', "json_duplicate_name", "/a/b/1/c");
  refuses('[{"a":1},{"a":1,"b":2,"b":3}]', "json_duplicate_name", "/1/b");
  refuses('{ "x" : "a:b" , "y" : { "~/" : 1 , "~/" : 2 } }', "json_duplicate_name", "/y/~0~1");
  refuses('{"":1,"":2}', "json_duplicate_name", "/");
  refuses('{"1":0,"a":0,"1":0}', "json_duplicate_name", "/1");
  refuses('{"a\\"b":1,"a\\"b":2}', "json_duplicate_name", '/a"b');
  refuses('{"a\\\\":1,"a\\\\":{"k":2}}', "json_duplicate_name", "/a\\");
  refuses('{"a":["x","x",{"a":1}],"b":"a","a":0}', "json_duplicate_name", "/a");
});

test("equal names in different objects, and texts full of colons and quotes, are fine", () => {
  const texts = [
    '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
    '{"a:b":":::","c\\":":"\\\\","d":"\\":\\"","e\\\\":"x:y\\\\"}',
    '["a:","b\\\\\\":",":"]',
    '"\\":"',
  ];
  for (const text of texts) assert.deepEqual(parseJson(text, LIMITS), JSON.parse(text), text);
});

test("a name put twice into any object of any value is found", () => {
  const name = fc.string({ unit: "grapheme-ascii", maxLength: 4 }).filter((text) => text !== "__proto__");
  const value = fc.oneof(fc.string(), fc.integer(), fc.constant({}), fc.constant([]), fc.constant(null));
  fc.assert(
    fc.property(fc.dictionary(name, value, { minKeys: 1 }), fc.nat(), fc.nat(), (object, which, where) => {
      const names = Object.keys(object);
      const twice = names[which % names.length] as string;
      const members = names.map((each) => `${JSON.stringify(each)}:${JSON.stringify(object[each])}`);
      members.splice(where % (members.length + 1), 0, `${JSON.stringify(twice)}:0`);
      const path = `/0/k/${twice.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      refuses(`[{"k":{${members.join(",")}}}]`, "json_duplicate_name", path);
    }),
    RUNS,
  );
});

test("numbers beyond ±(2^53-1) are refused, whole or not, and so are those without end", () => {
  for (const number of ["9007199254740992", "-9007199254740992", "9007199254740993", "1e16", "1e400", "-1e400"]) {
    refuses(`{"a":[0,${number}]}`, "json_unsafe_integer", "/a/1");
  }
  refuses("12345678901234567890", "json_unsafe_integer", "");
  for (const number of ["9007199254740991", "-9007199254740991", "0.1", "1e15", "-0", "1e-400", "5e-324"]) {
    assert.equal(parseJson(number, LIMITS), Number(number));
  }
});

test("lone surrogates are refused in values and names, raw and escaped; pairs are fine", () => {
  for (const lone of ["\\ud800", "\\udfff", "\\uD83D", "\\ude00\\ud83d", "x\\udc00x", "\ud800", "a\udc00"]) {
    refuses(`{"a":["${lone}"]}`, "json_lone_surrogate", "/a/0");
    assert.throws(() => parseJson(`{"a":{"${lone}":1}}`, LIMITS), { code: "json_lone_surrogate" });
    refuses(`"${lone}"`, "json_lone_surrogate", "");
  }
  assert.equal(parseJson('"\\ud83d\\ude00"', LIMITS), "😀");
  assert.equal(parseJson('"😀\\u00e9"', LIMITS), "😀é");
  assert.equal(parseJson('"\\\\ud800"', LIMITS), "\\ud800");
});

test("an error about a lone surrogate is itself well-formed text", () => {
  assert.throws(
    () => parseJson('{"\\ud800":1}', LIMITS),
    (error: EventError) => error.message.isWellFormed() && error.path.isWellFormed(),
  );
});

test("nesting beyond the limit is refused, ten thousand and ten million deep too", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.doesNotThrow(() => parseJson(nested(32), LIMITS));
  refuses(nested(33), "json_depth", "/0".repeat(32));
  refuses(nested(10_000), "json_depth", "/0".repeat(32));
  refuses(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`, "json_depth", "/a".repeat(32));
  // Long texts are refused by their brackets, before they are parsed.
  refuses("[".repeat(10_000_000), "json_depth", "");
  refuses(nested(1_000_000), "json_depth", "");
  assert.doesNotThrow(() => parseJson("7", { depthMax: 0 }));
  assert.throws(() => parseJson("[]", { depthMax: 0 }), { code: "json_depth" });
});

test("a limit on nesting that the stack may not bear is a mistake of the caller", () => {
  assert.doesNotThrow(() => parseJson("[".repeat(DEPTH_MAX) + "]".repeat(DEPTH_MAX), { depthMax: DEPTH_MAX }));
  for (const depthMax of [-1, DEPTH_MAX + 1, Number.NaN]) {
    assert.throws(() => parseJson("1", { depthMax }), RangeError);
  }
});

test("the name __proto__ is refused, since it means something else to many programs", () => {
  refuses('{"a":{"__proto__":{"admin":true}}}', "json_invalid", "/a/__proto__");
  refuses('{"__pro\\u0074o__":1}', "json_invalid", "/__proto__");
  assert.deepEqual(parseJson('{"constructor":1,"prototype":2}', LIMITS), { constructor: 1, prototype: 2 });
});

test("whatever the text, the answer is a value or an EventError", () => {
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
    "1",
    "null",
    " ",
    "\\u",
    "d800",
    "\ud800",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), (parts) => {
      const text = parts.join("");
      try {
        assert.deepEqual(parseJson(text, LIMITS), JSON.parse(text));
      } catch (error) {
        assert.ok(error instanceof EventError, `${text}: ${error}`);
      }
    }),
    { ...RUNS, numRuns: 5000 },
  );
});
