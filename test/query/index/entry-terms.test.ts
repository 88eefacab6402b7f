/** What the index takes from packed members is what follows from their facts, whether they are read plainly, as every entry is, or not again. */

import assert from "node:assert/strict";
import test from "node:test";
import { memberText } from "../../../src/entry/member.ts";
import { packMembers } from "../../../src/entry/packed.ts";
import { EntryTerms } from "../../../src/query/index/entry-terms/entry-terms.ts";
import { SEED_LENGTH, TermHasher } from "../../../src/query/index/entry-terms/term-hash.ts";
import { partyName, readFacts } from "../../../src/query/index/searchable.ts";
import { eachTerm } from "../../../src/query/index/terms.ts";
import { makeEvent } from "../random-events.ts";

const hasher = new TermHasher(Uint8Array.from({ length: SEED_LENGTH }, (_, i) => 7 * i));
const terms = new EntryTerms(hasher);

const salt = new Uint8Array(16);
const packedOf = (texts: readonly string[]) => packMembers(texts.map((text) => ({ salt, text })));
const textsOf = (event: object) => Object.entries(event).map(([name, value]) => memberText(name, value));

/** Reads members, and holds what is found against the facts that anybody reads of them. */
function assertSameAsFacts(texts: readonly string[]): void {
  const facts = readFacts({ members: texts.map((text) => ({ salt, text })) });
  const expected = new Set<string>();
  eachTerm(facts, (field, text) => {
    const { high, low } = hasher.hash(field, text);
    expected.add(`${high} ${low}`);
  });
  terms.read(packedOf(texts));
  const found = Array.from({ length: terms.count }, (_, i) => `${terms.numbers[2 * i]} ${terms.numbers[2 * i + 1]}`);
  const { occurredAt, action, actor, source, outcome } = terms;
  assert.deepEqual(new Set(found), expected, texts.join());
  assert.deepEqual(
    { occurredAt, action, actor, source, outcome },
    {
      occurredAt: facts.occurredAt,
      action: facts.action,
      actor: facts.actor && partyName(facts.actor),
      source: facts.sender ?? facts.source,
      outcome: facts.outcome,
    },
    texts.join(),
  );
}

test("events of all kinds have the terms, the time and the counted values of their facts", () => {
  for (let i = 0; i < 500; i++) {
    const event = makeEvent();
    const own = { source: `app${i % 3}`, key: "k", format: "native", ...(i % 5 === 0 && { quarantined: true }) };
    assertSameAsFacts(textsOf({ ...event, _source: own }));
    assertSameAsFacts(textsOf(event));
  }
});

test("plain forms and all others lead to the same", () => {
  const values = ["", "x", "a.b:c/d", "é", 'a"b', "\\", "\n", "💥", "x".repeat(300), 7, null, true, [], {}, ["x"]];
  for (const value of values) {
    for (const name of [
      "id",
      "intent",
      "result_of",
      "action",
      "outcome",
      "source",
      "tenant",
      "time",
      "targets",
      "actor",
    ])
      assertSameAsFacts(textsOf({ [name]: value, ids: "other" }));
    const parties = [
      { id: value },
      { type: value },
      { id: value, type: "t" },
      { id: "i", name: value, type: value },
      { id: "i", type: "t", zone: { id: value } },
    ];
    for (const party of parties)
      for (const targets of [[party], [{ id: "first", type: "t" }, party], [party, {}, { id: "last" }], [party, value]])
        assertSameAsFacts(textsOf({ targets, actor: { ...party, on_behalf_of: party } }));
  }
});

test("texts that are not canonical, and members with one name, are read as everywhere", () => {
  for (const targets of [
    '[{"id":"a","id":"b"}]',
    '[ {"id":"a"}]',
    '[{"id":"a"} ]',
    '[{"id" :"a"}]',
    '[{"\\u0069d":"a"}]',
    "[]",
  ])
    assertSameAsFacts([`"targets":${targets}`]);
  assertSameAsFacts(['"id":"a"', '"id":"b"']);
  assertSameAsFacts(['"action":"a"', '"action":7', '"action":[]', '"outcome":"o"', '"outcome":null']);
  assertSameAsFacts(['"actor":{"id":"a"}', '"actor":[]', '"source":"s"', '"_source":{"source":"t"}', '"_source":{}']);
  assert.throws(() => terms.read(packedOf(['"targets":[{"id":"a"'])), SyntaxError);
  // What came before leaves nothing behind.
  assertSameAsFacts(['"action":"a"']);
});

test("what was said before is known by all of its bytes", () => {
  for (let i = 0; i < 20_000; i++) {
    const id = `u-${i % 7 === 0 ? i : i % 1000}`;
    assertSameAsFacts([`"actor":{"id":"${id}","name":"Ada Lovelace","type":"user"}`, `"tenant":"t${i % 13}"`]);
  }
});

test("an entry with thousands of targets has the terms of each", () => {
  assertSameAsFacts(textsOf({ targets: Array.from({ length: 5000 }, (_, i) => ({ type: "file", id: `f${i}` })) }));
});
