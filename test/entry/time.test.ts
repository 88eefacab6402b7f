/** Times as bytes: what the short way says is what the long way says, and it says nothing of what it does not know. */

import assert from "node:assert/strict";
import test from "node:test";
import { parseDateTime, readPlainUtc } from "../../src/entry/time.ts";
import { utf8 } from "../../src/merkle/bytes.ts";

const read = (text: string) => readPlainUtc(utf8(`<${text}>`), 1, 1 + text.length);

test("times in UTC are read off their bytes as they are read off their texts", () => {
  for (let i = 0; i < 5000; i++) {
    const time = new Date(Math.floor(i * 6_543_210_987.654_3) - 8_000_000_000_000).toISOString();
    for (const fraction of ["", ".1", ".12", ".123", ".1239999999999"]) {
      const text = time.replace(/\.\d+/, fraction);
      assert.equal(read(text), parseDateTime(text), text);
    }
  }
});

test("nothing is said of other spellings, nor of days and hours that there are not", () => {
  const others = [
    "2026-11-20t09:30:00Z",
    "2026-11-20T09:30:00z",
    "2026-11-20T09:30:00+00:00",
    "2026-11-20T09:30:60Z",
    "2026-11-20T09:30:00.Z",
    "2026-11-20T09:30:00.1x2Z",
    "2026-11-20T09:30:00",
    "2026-11-20 09:30:00Z",
    "0099-11-20T09:30:00Z",
    "2026-02-30T09:30:00Z",
    "2025-02-29T09:30:00Z",
    "2026-13-01T09:30:00Z",
    "2026-00-01T09:30:00Z",
    "2026-01-00T09:30:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T09:60:00Z",
    "20x6-11-20T09:30:00Z",
    "",
    "Z",
  ];
  for (const text of others) assert.equal(read(text), undefined, text);
});
