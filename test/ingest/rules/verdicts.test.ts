/** Events against rules: the same verdict at once and in threads, for anything that is sent; rules reach a thread once. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { EVENT_LIMITS } from "../../../src/entry/event.ts";
import { EventError } from "../../../src/entry/event-error.ts";
import { unpackMembers } from "../../../src/entry/packed.ts";
import type { Preparation } from "../../../src/entry/prepare.ts";
import type { ForeignForm } from "../../../src/ingest/intake/foreign.ts";
import { type Form, openIntake, type Received } from "../../../src/ingest/intake/intake.ts";
import { IntakeError } from "../../../src/ingest/intake/intake-error.ts";
import { IntakePool } from "../../../src/ingest/intake/pool.ts";
import { createSalts } from "../../../src/ingest/intake/salts.ts";
import { type Requirement, type RuleSet, ruleSetOf, stepsOf } from "../../../src/ingest/rules/rule-set.ts";
import { fastKeccak256 } from "../../../src/ledger/keccak/keccak-wasm.ts";
import { event } from "../../http/service.ts";

const hash = await fastKeccak256();
const preparation: Preparation = { hash, salts: createSalts(), contentOf: "ids" };
const SCHEMAS: RuleSet["schemas"] = {
  "order@1": {
    properties: {
      metadata: {
        type: "object",
        properties: { n: { type: "integer", minimum: 0 }, id: { pattern: "^(o+)+-\\d{1,4}$" } },
      },
      targets: { items: { $ref: "#/$defs/party" }, uniqueItems: true },
    },
    $defs: {
      party: { required: ["name"], properties: { attrs: { additionalProperties: { $ref: "#/$defs/party" } } } },
    },
  },
  "tight@1": { $ref: "order@1", unevaluatedProperties: { type: ["string", "object"] }, maxProperties: 7 },
};
const REQUIREMENTS: readonly Requirement[] = [
  { name: "orders", actions: ["order.*"], schema: "order@1", members: ["metadata.n", "/targets/0/id"] },
  { name: "native", formats: ["native"], actions: ["user.*"], members: ["context.ip"] },
  { name: "known", knownSchema: true },
  { name: "tight", actions: ["tight"], schema: "tight@1" },
];
const demanded = ruleSetOf(hash, SCHEMAS, REQUIREMENTS) as RuleSet;
const RULES = { event: EVENT_LIMITS, batchMax: 1000, demanded };

type Told = { readonly code: string; readonly errors: unknown; readonly line: unknown };

function toldOf(error: unknown): Told {
  if (error instanceof IntakeError) return { code: error.code, errors: error.errors, line: error.line };
  assert.ok(error instanceof EventError, String(error));
  const { code, path, expected, got } = error;
  return { code, errors: [{ path, expected, got }], line: undefined };
}

/** What lasts of what was taken in: no salts. */
function lasting({ entries, warnings, schemas, foreign }: Received): unknown {
  const texts = entries.map(({ members }) => unpackMembers(members).map((each) => ("text" in each ? each.text : "")));
  return { texts, warnings, schemas, foreign };
}

function atOnce(form: Form, body: string, rules = RULES): unknown {
  try {
    const intake = openIntake(form, rules, preparation);
    intake.push(Buffer.from(body));
    return lasting(intake.end());
  } catch (error) {
    return toldOf(error);
  }
}

async function inThread(pool: IntakePool, form: Form, body: string, rules = RULES): Promise<unknown> {
  const remote = pool.open(form, rules, preparation);
  try {
    return lasting(await remote.end(new Uint8Array(Buffer.from(body))));
  } catch (error) {
    return toldOf(error);
  }
}

const scalar = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom("", "o-1", "ooo-12", " ", "x"),
  fc.constant(null),
);
const party = fc.record(
  { type: fc.constant("order"), id: fc.constantFrom("o1", "o2"), name: fc.constantFrom("n", "m") },
  {
    requiredKeys: ["type", "id"],
  },
);
const someEvent = fc
  .record(
    {
      action: fc.constantFrom("order.made", "user.login", "tight", "other"),
      schema: fc.constantFrom("order@1", "tight@1", "unknown@1"),
      metadata: fc.oneof(scalar, fc.record({ n: scalar, id: scalar, deep: fc.jsonValue() }, { requiredKeys: [] })),
      targets: fc.array(party, { maxLength: 3 }),
      context: fc.record({ ip: fc.constantFrom("", "::1") }, { requiredKeys: [] }),
      own: fc.jsonValue({ maxDepth: 3 }),
    },
    { requiredKeys: ["action"] },
  )
  .map((members) => event(members));

test("an event gets the same verdict at once and in a thread, whatever it is", async (t) => {
  const pool = new IntakePool(1);
  t.after(() => pool.close());
  const seen = new Set<string>();
  const holds = fc.asyncProperty(fc.array(someEvent, { minLength: 1, maxLength: 4 }), async (events) => {
    const foreign: ForeignForm = {
      format: "logs",
      delivery: { headers: {}, query: {} },
      key: "k",
      source: "s",
      receivedAt: 1_790_000_000_000,
      rawBytesMax: 1000,
    };
    const lines = events.map((each) => JSON.stringify(each)).join("\n");
    for (const [form, body] of [
      ["json", JSON.stringify(events)],
      ["lines", lines],
      [foreign, lines],
    ] as const) {
      const expected = atOnce(form, body);
      assert.deepEqual(await inThread(pool, form, body), expected);
      const { code, foreign: facts } = expected as { code?: string; foreign?: { quarantined: readonly number[] } };
      seen.add(code ?? ((facts?.quarantined.length ?? 0) > 0 ? "quarantined" : "taken"));
    }
  });
  await fc.assert(holds, { seed: 1157, numRuns: 150 });
  for (const one of ["quarantined", "requirement_unmet", "schema_violated", "taken"]) assert.ok(seen.has(one), one);
});

test("rules reach a thread once, and bodies of many ledgers take turns with theirs", async (t) => {
  const pool = new IntakePool(1);
  t.after(() => pool.close());
  // More sets of rules than a thread keeps.
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 40; i++) {
      const own = ruleSetOf(hash, {}, [{ name: `r${i}`, members: [`m${i}`] }]) as RuleSet;
      const rules = { ...RULES, demanded: own };
      const told = (await inThread(pool, "json", JSON.stringify(event()), rules)) as Told;
      assert.deepEqual(told, atOnce("json", JSON.stringify(event()), rules));
      assert.equal(told.code, "requirement_unmet");
    }
  }
  const taken = await inThread(pool, "json", JSON.stringify(event()), { ...RULES, demanded: undefined } as never);
  assert.ok("texts" in (taken as object), "a ledger without rules has none of another's");
});

test("an event that a foreign sender sends is recorded whole, whatever the rules say of it", () => {
  const foreign: ForeignForm = {
    format: "github",
    delivery: { headers: { "x-github-event": "ping", "x-github-delivery": "d1" }, query: {} },
    key: "k",
    source: "s",
    receivedAt: 1_790_000_000_000,
    rawBytesMax: 1000,
  };
  const rules = {
    ...RULES,
    demanded: ruleSetOf(hash, { "no@1": false }, [{ name: "never", schema: "no@1" }]) as RuleSet,
  };
  const taken = atOnce(foreign, '{"zen":"x"}', rules) as { readonly texts: readonly (readonly string[])[] };
  const plain = atOnce(foreign, '{"zen":"x"}', { event: EVENT_LIMITS, batchMax: 1000 } as never) as typeof taken;
  const without = (texts: readonly string[] = []) => texts.filter((text) => !text.includes('"_source"'));
  assert.deepEqual(without(taken.texts[0]), without(plain.texts[0]));
  assert.match(taken.texts[0]?.join() ?? "", /"violates":\{"expected":.*"requirement":"never","schema":"no@1"\}/);
});

test("a schema whose record is damaged, or that needs one, does not hold; nobody's events are lost for it", () => {
  const schemas = { "needs@1": { $ref: "gone@1" }, "whole@1": { required: ["tenant"] } };
  const requirements = [
    { name: "gone", schema: "gone@1" },
    { name: "needs", schema: "needs@1" },
  ];
  const rules = (more: readonly Requirement[]) => {
    return { ...RULES, demanded: ruleSetOf(hash, schemas, [...requirements, ...more]) as RuleSet };
  };
  assert.ok("texts" in (atOnce("json", JSON.stringify(event()), rules([])) as object));
  const told = atOnce("json", JSON.stringify(event()), rules([{ name: "whole", schema: "whole@1" }])) as Told;
  assert.equal(told.code, "schema_violated");
});

test("a member's path is a pointer or dotted names, and nothing else", () => {
  const cases: readonly [string, readonly string[] | undefined][] = [
    ["outcome", ["outcome"]],
    ["context.ip", ["context", "ip"]],
    ["/context/ip", ["context", "ip"]],
    ["/a.b/c~1d/e~0f", ["a.b", "c/d", "e~f"]],
    ["/", [""]],
    ["", undefined],
    ["a..b", undefined],
    [".a", undefined],
    ["/a~2", undefined],
  ];
  for (const [path, steps] of cases) assert.deepEqual(stepsOf(path), steps, path);
});
