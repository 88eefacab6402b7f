/** Characters that a reader would not see, or that make one text look like another, are named. */

import assert from "node:assert/strict";
import test from "node:test";
import { partsOf } from "../../src/web/parts/text/hidden-characters.ts";

function spelled(text: string): string {
  return partsOf(text)
    .map((part) => (part.isHidden ? `[${part.text}]` : part.text))
    .join("");
}

test("what turns the direction of a text, has no width or is a control is named by its number", () => {
  assert.equal(spelled("invoice\u202efdp.exe"), "invoice[U+202E]fdp.exe");
  assert.equal(spelled("\u2066a\u2069"), "[U+2066]a[U+2069]");
  assert.equal(spelled("ad\u200bmin\ufeff"), "ad[U+200B]min[U+FEFF]");
  assert.equal(spelled("a\u0000\u001b[2J\u007f"), "a[U+0000][U+001B][2J[U+007F]");
  assert.equal(spelled("a\u{e0001}"), "a[U+E0001]");
});

test("what scripts and emoji are made of stays as it is, as do line breaks and tabs", () => {
  for (const text of [
    "",
    "plain text",
    "two\r\nlines\tand a tab",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "\u0915\u094d\u200d\u0937",
    "\u{1f469}\u200d\u{1f467}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
  ]) {
    assert.deepEqual(spelled(text), text);
  }
});
