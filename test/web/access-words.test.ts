/** What the page about access says of what is recorded, and what it asks for. */

import assert from "node:assert/strict";
import test from "node:test";
import { OPERATIONS } from "../../src/http/api/operations.ts";
import { accessWords, deedOf } from "../../src/web/ledger-pages/watching/access/access-words.ts";

test("every operation that leaves a trace has words for what was done", () => {
  const traced = Object.entries(OPERATIONS).filter(([, { trace }]) => !("none" in trace));
  assert.ok(traced.length > 25, `${traced.length}`);
  for (const [id] of traced) assert.notEqual(deedOf(id), id);
  assert.deepEqual([deedOf("newerThanThisPage"), deedOf("toString")], ["newerThanThisPage", "toString"]);
});

const ledger = { type: "ledger", id: "payroll" };

/** Events as the service records them, and what is said. */
const SAID: readonly (readonly [title: string, event: object, words: object])[] = [
  [
    "reads that were gathered",
    {
      action: "holdfast.access.read",
      targets: [ledger, { type: "operation", id: "readEvent" }],
      outcome: "success",
      metadata: { operation: "readEvent", count: 5, indexes: "3,5-7", beyond: 1200 },
    },
    { deed: "read events", count: 5, ledger: "payroll", indexes: "3,5-7", notes: ["and 1,200 further apart"] },
  ],
  [
    "searches with what was asked",
    {
      action: "holdfast.access.search",
      targets: [ledger],
      metadata: { operation: "listEvents", count: 3, queries: [{ query: "actor=user:ada", count: 2 }, 7], others: 2 },
    },
    { deed: "searched", count: 3, queries: [{ query: "actor=user:ada", count: 2 }], notes: ["and 2 others"] },
  ],
  [
    "an export that was cut",
    {
      action: "holdfast.access.export",
      targets: [ledger],
      outcome: "success",
      metadata: { operation: "exportEvents", query: "as=csv", ended: true, events: 1200, isWhole: false },
    },
    {
      deed: "exported events",
      notes: ["as=csv", "it ended", "cut off: not all of it was taken", "1,200 events"],
    },
  ],
  [
    "a key that was made",
    {
      action: "holdfast.access.change",
      outcome: "success",
      metadata: { operation: "createKey", status: 201, id: "bf41", source: "desk", roles: ["reader", "auditor"] },
    },
    { deed: "made a key", notes: ["for desk", "role reader, auditor", "bf41"], ledger: undefined },
  ],
  [
    "a change that failed",
    { action: "holdfast.access.change", outcome: "failure", metadata: { operation: "putSchema", code: "store_full" } },
    { deed: "put a schema", mark: "bad", notes: ["it failed: store_full"] },
  ],
  [
    "refused requests, one by one and the others by code",
    {
      action: "holdfast.access.refused",
      metadata: {
        count: 9,
        refused: [{ key: "bf41", from: "203.0.113.9", code: "key_invalid", route: "GET /v1/key", count: 2 }, {}],
        others: { route_unknown: 6 },
      },
    },
    {
      deed: "Requests were refused",
      mark: "warn",
      count: 9,
      refused: [
        { key: "bf41", from: "203.0.113.9", code: "key_invalid", route: "GET /v1/key", count: 2 },
        { count: 1 },
      ],
      notes: ["and 6 more with route_unknown"],
    },
  ],
  [
    "a key from a new address",
    { action: "holdfast.access.new_address", metadata: { addresses: ["203.0.113.9"], count: 1 } },
    { deed: "used from an address that is new", mark: "warn", notes: ["203.0.113.9"] },
  ],
  [
    "accesses that left no trace",
    { action: "holdfast.access.unrecorded", outcome: "failure", metadata: { count: 12 } },
    { mark: "bad", count: 12 },
  ],
  [
    "a start with other settings",
    { action: "holdfast.service.start", metadata: { version: "1.2.3", changed: ["listen"], changedBesides: 4 } },
    {
      deed: "The service started",
      mark: "warn",
      notes: ["version 1.2.3", "other settings than before: listen", "and 4 more settings"],
    },
  ],
  [
    "an alert",
    { action: "holdfast.alert.fired", message: "billing is silent", metadata: { rule: "source_silent" } },
    { deed: "An alert fired", mark: "warn", notes: ["source_silent", "billing is silent"] },
  ],
  [
    "what has no form that is known",
    { action: 7, metadata: "x", targets: "y" },
    { deed: "", count: 1, queries: [], refused: [], notes: [] },
  ],
];

test("what is recorded of each kind is said in words, and what calls for a look has a mark", () => {
  for (const [title, event, expected] of SAID) {
    const words = accessWords(event as Record<string, unknown>);
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(words[name as keyof typeof words], value, `${title}: ${name}`);
  }
  const usual = accessWords(SAID[0]?.[1] as Record<string, unknown>);
  assert.equal(usual.mark, undefined);
});
