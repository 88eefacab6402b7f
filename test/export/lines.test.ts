/** Events as lines of JSON: what is written is read again, and a line says by itself whether it was changed. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { ExportLineError, readLine, writeLine } from "../../src/export/lines.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { recordOf } from "./record.ts";

const EVENT = {
  action: "doc.read",
  actor: { type: "user", id: "u1" },
  10: "a name that JavaScript sorts as a number",
  é: ["\u2028", "\n", { deep: -1.5 }],
  "": null,
};

test("a line is one line of JSON that has the event as the API shows it", () => {
  const record = recordOf(EVENT);
  const line = writeLine(record);
  assert.match(line, /^[^\n]+\n$/);
  const { salts, ...shown } = JSON.parse(line);
  const { index, recordedAt, leafHash } = record;
  assert.deepEqual(shown, { index, recordedAt, leafHash, event: EVENT });
  assert.equal(salts.length, Object.keys(EVENT).length);
});

test("a line that was written is read again, whatever the event, also with members withheld", () => {
  const value = fc.jsonValue({ maxDepth: 2 });
  const events = fc.dictionary(fc.string({ unit: "grapheme", maxLength: 6 }), value, { minKeys: 1, maxKeys: 6 });
  fc.assert(
    fc.property(events, fc.nat(63), (event, bits) => {
      // What is no I-JSON is never recorded.
      const plain = JSON.parse(JSON.stringify(event).replaceAll("-0,", "0,")) as Record<string, unknown>;
      const names = Object.keys(plain).filter((name) => name !== "__proto__");
      const kept = Object.fromEntries(names.map((name) => [name, plain[name]]));
      if (names.length === 0) return;
      const record = recordOf(
        kept,
        3,
        names.filter((_, i) => ((bits >> i) & 1) === 1),
      );
      assert.deepEqual(readLine(writeLine(record).slice(0, -1), keccak256), record);
    }),
    { numRuns: 200 },
  );
});

test("a line that was changed anywhere is found by itself", () => {
  const line = writeLine(recordOf(EVENT, 7, ["actor"])).slice(0, -1);
  const changes: readonly (readonly [from: string, to: string])[] = [
    ["doc.read", "doc.reed"],
    ["1790000000000", "1790000000001"],
    ['"salts":["0x01', '"salts":["0x02'],
    ['{"digest":"0x', '{"digest":"0x00'],
    [',"event":{', ',"event":{"more":1,'],
    ['"salts":[', '"salts":["0x00000000000000000000000000000000",'],
    ['"salts":[', '"pepper":['],
    ["{", "["],
    ["}", ""],
  ];
  for (const [from, to] of changes) {
    assert.ok(line.includes(from), from);
    assert.throws(() => readLine(line.replace(from, to), keccak256), ExportLineError, `${from} -> ${to}`);
  }
});
