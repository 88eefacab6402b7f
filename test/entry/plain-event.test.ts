/** What is seen at a glance to be an event, against the schema that says what one is. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { isPlainEvent } from "../../src/entry/plain-event.ts";
import { eventSchema } from "../../src/entry/schema.ts";

const plainest = { action: "user.login", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u1" } };
const fullest = {
  ...plainest,
  actor: {
    type: "agent",
    id: "assistant",
    name: "",
    attrs: {},
    on_behalf_of: { type: "user", id: "u1", name: "Ada", attrs: { a: 1 } },
  },
  id: "i",
  observed_at: "2026-11-20T10:30:00.5+01:00",
  op: "x",
  outcome: "denied",
  targets: [{ type: "invoice", id: "7", name: "July", attrs: { total: 12.5 }, more: null }],
  context: { ip: "203.0.113.7", user_agent: "x", session: "", request_id: "r", trace_id: "t", location: "Bern" },
  source: "billing",
  tenant: "acme",
  message: "",
  changes: { old: null },
  metadata: "anything",
  schema: "billing@2",
  class: "confidential",
  intent: "i-1",
  result_of: "i-0",
  authority: ["ticket"],
  own: { any: [1] },
};

test("Events with every member that the schema names are seen to be events", () => {
  for (const event of [plainest, fullest]) assert.ok(isPlainEvent(event, Object.keys(event)));
});

/** Values at the edges of what the schema allows, for any place. */
const value = fc.oneof(
  fc.constantFrom(undefined, null, true, 0, 1.5, "", " ", "x", "success", "c", "u1", "a\u0000b", "\u2028", [], {}, [
    [],
  ]),
  fc.constantFrom("x".repeat(256), "x".repeat(257), "x".repeat(2048), "x".repeat(2049), "2026-02-30T00:00:00Z"),
  fc.constantFrom({ type: "t", id: "i" }, { type: "", id: "i" }, [{ type: "t", id: "i" }], [{ type: "t" }], [null]),
  fc.constantFrom({ city: "Bern" }, { ip: 1 }, { location: {} }, { location: 1 }, { attrs: [] }, { attrs: null }),
  fc.jsonValue({ maxDepth: 2 }),
);

function placesIn(node: unknown, path: readonly string[] = []): string[][] {
  if (typeof node !== "object" || node === null) return [[...path]];
  return [[...path], ...Object.entries(node).flatMap(([name, inner]) => placesIn(inner, [...path, name]))];
}

function withValue(node: unknown, [step, ...rest]: readonly string[], put: unknown): unknown {
  if (step === undefined) return put;
  const copy = (Array.isArray(node) ? [...node] : { ...(node as object) }) as Record<string, unknown>;
  copy[step] = withValue(copy[step], rest, put);
  return copy;
}

test("Whatever is seen to be an event satisfies the schema", () => {
  const places = placesIn(fullest).filter(({ length }) => length > 0);
  let plain = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...places), value), { minLength: 1, maxLength: 2 }), (changes) => {
      let event: unknown = fullest;
      for (const [place, put] of changes) {
        try {
          event = withValue(event, place, put);
        } catch {
          // The place went with what was put above it.
        }
      }
      const isEvent = eventSchema.safeParse(event).success;
      const isPlain = isPlainEvent(event as Record<string, unknown>, Object.keys(event as object));
      assert.ok(isEvent || !isPlain, "expected no more to be plain than the schema allows");
      if (isPlain) plain++;
      if (!isEvent) refused++;
    }),
    { numRuns: 5000, seed: 1 },
  );
  assert.ok(plain > 500 && refused > 500, `expected both often, got ${plain} plain and ${refused} refused`);
});
