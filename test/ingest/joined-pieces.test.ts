/** Lines that came in pieces: together where their sender marks them and all are in one request, apart otherwise, and nothing lost. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { journal } from "../../src/ingest/formats/journal.ts";
import { logs } from "../../src/ingest/formats/logs/logs.ts";
import { joinPieces, type PieceMarks } from "../../src/ingest/text/joined-pieces.ts";
import { adaptAll, itemsOf } from "./deliveries.ts";

/** Shorter than Docker's 16 KiB, so that the whole line fits into a message. */
const SIZE = 1000;

/** What Docker's fluentd driver makes of a line, through Fluent Bit. */
function pieces(id: string, line: string, size = SIZE): string[] {
  const count = Math.max(1, Math.ceil(line.length / size));
  return Array.from({ length: count }, (_, i) =>
    JSON.stringify({
      date: 1_795_763_652.5,
      log: line.slice(i * size, (i + 1) * size),
      container_name: "/payments",
      partial_message: "true",
      partial_id: id,
      partial_ordinal: String(i + 1),
      partial_last: String(i + 1 === count),
    }),
  );
}

function messages(body: string): unknown[] {
  return adaptAll(logs, itemsOf(logs, body)).map(({ event }) => event.message);
}

test("the marked pieces of a line are one event, between the lines of others, and their exact texts are kept", () => {
  const line = `${"a".repeat(SIZE)}${"b".repeat(SIZE)}end`;
  const parts = pieces("p1", line);
  const other = JSON.stringify({ date: 1_795_763_653, log: "short", container_name: "/other" });
  const items = itemsOf(logs, [parts[0], other, parts[1], parts[2]].join("\n"));
  assert.deepEqual(
    items.map(({ raw }) => raw),
    [other, parts.join("\n")],
  );
  const [, joined] = adaptAll(logs, items);
  assert.equal(joined?.event.message, line);
  assert.equal(joined?.event.time, "2026-11-27T07:14:12.5Z");
  assert.match(JSON.stringify(joined?.event.metadata), /"pieces":3/);
  assert.doesNotMatch(JSON.stringify(joined?.event.metadata), /partial_/);
});

test("pieces of which one is missing or comes twice are told apart, as they came", () => {
  const parts = pieces("p1", "x".repeat(3 * SIZE)) as [string, string, string];
  for (const some of [
    [parts[0], parts[1]],
    [parts[1], parts[2]],
    [parts[0], parts[2]],
    [parts[0], parts[0], parts[1], parts[2]],
  ]) {
    const raws = itemsOf(logs, some.join("\n")).map(({ raw }) => raw);
    assert.deepEqual([...raws].sort(), [...some].sort());
  }
  assert.equal(messages([parts[2], parts[0], parts[1]].join("\n")).length, 1, "in whatever order they come");
});

test("the pieces of two lines at once are kept apart", () => {
  const one = pieces("p1", "a".repeat(1200));
  const two = pieces("p2", "b".repeat(1200));
  assert.deepEqual(messages([one[0], two[0], two[1], one[1]].join("\n")), ["b".repeat(1200), "a".repeat(1200)]);
});

test("entries of the journal that are pieces of a line are one, known by the cursor of the last", () => {
  const entry = (n: number, message: string, isLast: boolean): string =>
    [
      `__CURSOR=c${n}`,
      `__REALTIME_TIMESTAMP=179576365200000${n}`,
      "_HOSTNAME=vm",
      "CONTAINER_PARTIAL_MESSAGE=true",
      "CONTAINER_PARTIAL_ID=p1",
      `CONTAINER_PARTIAL_ORDINAL=${n}`,
      `CONTAINER_PARTIAL_LAST=${isLast}`,
      `MESSAGE=${message}`,
      "",
    ].join("\n");
  const body = [entry(1, "first ", false), entry(2, "last", true)].join("\n");
  const [only, ...more] = adaptAll(journal, itemsOf(journal, body));
  assert.equal(more.length, 0);
  assert.deepEqual([only?.event.message, only?.event.id], ["first last", "c2"]);
  assert.equal(itemsOf(journal, body)[0]?.raw, body);
  assert.equal(itemsOf(journal, entry(1, "first ", false)).length, 1);
});

test("of any pieces in any order nothing is lost and nothing is twice", () => {
  type Piece = PieceMarks & { readonly n: number };
  const piece = fc.record({
    line: fc.constantFrom("a", "b"),
    ordinal: fc.integer({ min: 1, max: 4 }),
    isLast: fc.boolean(),
    isMarked: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (drawn) => {
      const parts = drawn.map((each, n) => [{ ...each, n }]);
      const marks = ([first]: readonly (Piece & { isMarked: boolean })[]) =>
        first?.isMarked === true ? first : undefined;
      const out = [...joinPieces(parts, marks, (joined) => joined.flat())];
      const numbers = out.flat().map(({ n }) => n);
      assert.deepEqual(
        [...numbers].sort((a, b) => a - b),
        drawn.map((_, n) => n),
      );
      for (const joined of out.filter(({ length }) => length > 1)) {
        assert.deepEqual(
          joined.map(({ ordinal }) => ordinal),
          joined.map((_, i) => i + 1),
        );
        assert.equal(new Set(joined.map(({ line }) => line)).size, 1);
      }
    }),
    { seed: 20_261_129, numRuns: 1000 },
  );
});
