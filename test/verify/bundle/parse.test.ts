/** What is refused as the text of a bundle, where, and with which code; and what JSON leaves free. */

import assert from "node:assert/strict";
import test from "node:test";
import { BUNDLE_LIMITS, BundleError } from "../../../src/verify/bundle/bundle.ts";
import { parseBundle } from "../../../src/verify/bundle/parse.ts";
import { readBundleJson } from "../../../src/verify/bundle/strict-json.ts";
import { anchored, makeWorld } from "../fixture.ts";

const { ledger, chain } = makeWorld();
const bundle = anchored(ledger.bundle(5, 11, [2]), [await chain.anchor(ledger, 13, { from: 11, withState: true })]);
const text = JSON.stringify(bundle);

function refusal(mutant: string): BundleError {
  let refused: unknown;
  try {
    parseBundle(mutant);
  } catch (error) {
    refused = error;
  }
  assert.ok(refused instanceof BundleError, `expected a BundleError, got ${refused}`);
  return refused;
}

function check(mutant: string, code: BundleError["code"], path: string): void {
  assert.notEqual(mutant, text, "the mutant is another text");
  const error = refusal(mutant);
  assert.deepEqual([error.code, error.path], [code, path], error.message);
  assert.ok(error.expected !== "" && error.got !== "");
}

test("a bundle is read as it was written", () => {
  assert.deepEqual(parseBundle(text), bundle);
});

test("spaces, the order of names and escapes are free", () => {
  assert.deepEqual(parseBundle(JSON.stringify(bundle, null, 2)), bundle);
  assert.deepEqual(parseBundle(` \r\n\t${text}\n`), bundle);
  const reordered = JSON.stringify(Object.fromEntries(Object.entries(bundle).reverse()));
  assert.deepEqual(parseBundle(reordered), bundle);
  const escaped = text.replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  assert.notEqual(escaped, text);
  assert.deepEqual(parseBundle(escaped.replaceAll("/", "\\/")), bundle);
});

test("a name twice is refused wherever it stands, however it is spelled", () => {
  check(text.replace('"entry":', '"status":"recorded","entry":'), "bundle_duplicate_name", "");
  check(text.replace('"index":5', '"index":5,"index":5'), "bundle_duplicate_name", "entry");
  check(text.replace('"salt":', '"salt":"0x","salt":'), "bundle_duplicate_name", "entry.members[0]");
  check(text.replace('"size":11', '"size":11,"\\u0073ize":11'), "bundle_duplicate_name", "inclusion");
  check(text.replace('"chainId":', '"__proto__":1,"__proto__":2,"chainId":'), "bundle_duplicate_name", "anchors[0]");
});

test("unknown and missing members are refused", () => {
  check(text.replace('"index":5', '"index":5,"note":"hi"'), "bundle_member_unknown", "entry");
  check(text.replace('"index":5', '"index":5,"__proto__":"hi"'), "bundle_member_unknown", "entry");
  check(text.replace('"index":5', '"index":5,"toString":"hi"'), "bundle_member_unknown", "entry");
  check(text.replace('"index":5,', ""), "bundle_member_missing", "entry.index");
  check(text.replace(/,"status":"\w+"/, ""), "bundle_member_missing", "status");
  check(text.replace(/{"digest"/, '{"salt":"0x","digest"'), "bundle_member_unknown", "entry.members[2]");
});

test("numbers have one spelling", () => {
  for (const spelled of ["5.0", "05", "-5", "-0", "5e0", "0.5e1", "9007199254740992", "1e400", "5."]) {
    check(text.replace('"index":5', `"index":${spelled}`), "bundle_value", "entry.index");
  }
  for (const value of ['"5"', "[]", "{}"]) {
    check(text.replace('"index":5', `"index":${value}`), "bundle_value", "entry.index");
  }
  for (const value of ["null", "true", "+5", ".5", "NaN", "Infinity", "", "'5'", "\u0665"]) {
    check(text.replace('"index":5', `"index":${value}`), "bundle_not_json", "entry.index");
  }
});

test("hex is lower case and of its length, addresses have their checksum", () => {
  const { id, owner } = bundle.ledger;
  check(text.replace(id, `0x${id.slice(2).toUpperCase()}`), "bundle_value", "ledger.id");
  check(text.replace(id, id.slice(0, -2)), "bundle_value", "ledger.id");
  check(text.replace(id, `${id}00`), "bundle_value", "ledger.id");
  check(text.replace(id, id.slice(2)), "bundle_value", "ledger.id");
  check(text.replace(owner, owner.toLowerCase()), "bundle_value", "ledger.owner");
  check(
    text.replace(
      owner,
      owner.replace(/[a-f]/i, (c) => swapCase(c)),
    ),
    "bundle_value",
    "ledger.owner",
  );
});

function swapCase(letter: string): string {
  return letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase();
}

test("lists and texts that are too long are refused", () => {
  const node = `"${bundle.inclusion.root}"`;
  const long = Array.from({ length: 65 }, () => node).join();
  check(text.replace(/"path":\[[^\]]*\]/, `"path":[${long}]`), "bundle_value", "inclusion.path");
  const members = Array.from({ length: 65 }, () => `{"digest":${node}}`).join();
  check(
    text.replace(/"members":\[.*\},"inclusion/, `"members":[${members}],"leafHash":${node}},"inclusion`),
    "bundle_value",
    "entry.members",
  );
  check(
    text.replace(/"members":\[.*\},"inclusion/, `"members":[],"leafHash":${node}},"inclusion`),
    "bundle_value",
    "entry.members",
  );
  check(text.replace('"name":"main"', `"name":"${"x".repeat(257)}"`), "bundle_value", "ledger.name");
  const huge = `${text}${" ".repeat(BUNDLE_LIMITS.charactersMax)}`;
  check(huge, "bundle_too_large", "");
});

test("nesting is bounded before it is followed", () => {
  const deep = "[".repeat(200_000);
  assert.equal(refusal(deep).code, "bundle_too_deep");
  assert.equal(refusal(`{"a":`.repeat(200_000)).code, "bundle_too_deep");
  check(text.replace(/"path":\[/, '"path":[[[[['), "bundle_too_deep", "inclusion.path[0][0][0]");
});

test("a text that was cut is refused at every place", () => {
  for (let length = 0; length < text.length; length += 7) assert.ok(refusal(text.slice(0, length)));
  assert.ok(refusal(text.slice(0, -1)));
  check(`${text}{}`, "bundle_not_json", "");
  check(`${text},`, "bundle_not_json", "");
});

test("half a surrogate pair and control characters are refused", () => {
  check(text.replace('"main"', '"\\ud83d"'), "bundle_value", "ledger.name");
  check(text.replace('"main"', '"\ud83d"'), "bundle_value", "ledger.name");
  check(text.replace('"main"', '"ma\nin"'), "bundle_not_json", "ledger.name");
  check(text.replace('"main"', '"ma\\xin"'), "bundle_not_json", "ledger.name");
});

test("only JSON that a bundle can hold is read, and it is read as JSON.parse does", () => {
  const limits = { charactersMax: 1000, depthMax: 4, valuesMax: 6 };
  for (const good of ['{"a":[1,{"b":"c\\n\\u00e9"}],"":0}', "[]", "{}", '""', "0", "[[[[]]]]", ' [ 1 , "x" ] ']) {
    assert.deepEqual(JSON.stringify(readBundleJson(good, limits)), JSON.stringify(JSON.parse(good)));
  }
  for (const bad of ["", " ", "[1,]", "[,1]", "{,}", '{"a"}', '{"a":}', "{a:1}", '"a', "[1 2]", "[1}", "[[[[[]]]]]"]) {
    assert.throws(() => readBundleJson(bad, limits), BundleError);
  }
  for (const many of ["[0,0,0,0,0,0]", "[[],[],[],[],[],[]]", '{"a":{"b":0,"c":0,"d":0},"e":0,"f":0}']) {
    assert.throws(() => readBundleJson(many, limits), { code: "bundle_too_large" }, many);
  }
});
