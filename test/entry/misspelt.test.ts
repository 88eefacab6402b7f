/** Which names are taken for misspelt ones, and which are a sender's own. */

import assert from "node:assert/strict";
import test from "node:test";
import { checkEvent, type Event } from "../../src/entry/event.ts";
import { parseJson } from "../../src/entry/i-json.ts";
import { findMisspelt, MISSPELLINGS_MAX } from "../../src/entry/misspelt.ts";
import { eventSchema } from "../../src/entry/schema.ts";

const least = { action: "user.login", time: "2026-11-20T09:30:00Z", actor: { type: "user", id: "u1" } };

/** What is found in an event, as "path known". */
function found(more: Readonly<Record<string, unknown>>): string[] {
  return findMisspelt(checkEvent({ ...least, ...more })).map(({ path, known }) => `${path} ${known}`);
}

/** The ways in which a name is usually misspelt: a letter too few, too many, wrong, exchanged; another case or separator. */
function misspellings(name: string): string[] {
  const slips: string[] = [];
  for (let at = 1; at < name.length; at++) {
    slips.push(name.slice(0, at) + name.slice(at + 1));
    slips.push(`${name.slice(0, at)}q${name.slice(at)}`);
    slips.push(`${name.slice(0, at)}q${name.slice(at + 1)}`);
    if (name[at] !== name[at - 1]) slips.push(name.slice(0, at - 1) + name[at] + name[at - 1] + name.slice(at + 1));
  }
  const camel = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return [...(name.length < 5 ? [] : slips), name.toUpperCase(), camel, name.replaceAll("_", "-")];
}

test("a name that is nearly a known one is found, wherever it stands", () => {
  const { actor, targets, context } = eventSchema.shape;
  const places: readonly (readonly [shape: object, path: string, put: (member: object) => object])[] = [
    [eventSchema.shape, "", (member) => member],
    [actor.shape, "/actor", (member) => ({ actor: { ...least.actor, ...member } })],
    [context.unwrap().shape, "/context", (context) => ({ context })],
    [
      targets.unwrap().element.shape,
      "/targets/1",
      (member) => ({
        targets: [
          { type: "a", id: "b" },
          { type: "a", id: "b", ...member },
        ],
      }),
    ],
    [
      actor.shape.on_behalf_of.unwrap().shape,
      "/actor/on_behalf_of",
      (member) => ({ actor: { ...least.actor, on_behalf_of: { type: "user", id: "u2", ...member } } }),
    ],
  ];
  for (const [shape, path, put] of places) {
    for (const known of Object.keys(shape)) {
      if (["action", "time", "actor", "type", "id"].includes(known) && path !== "/context") continue;
      for (const name of misspellings(known)) {
        if (name in shape) continue;
        assert.deepEqual(found({ ...put({ [name]: { a: 1 } }) }), [`${path}/${name} ${known}`]);
      }
    }
  }
  assert.deepEqual(found({ target: {}, outcom: "denied" }), ["/target targets", "/outcom outcome"]);
});

test("a name of the sender's own is left alone, and so is one beside the member that it looks like", () => {
  const own = ["order", "resource", "status", "result", "option", "content", "charges", "title", "item", "pid", "uid"];
  for (const name of [...own, "ip", "state", "details", "severity", "version", "名前", "", "constructor", "toString"]) {
    assert.deepEqual(found({ [name]: 1 }), [], name);
  }
  assert.deepEqual(found({ targets: [], target: 1, outcome: "denied", outcom: 1, Action: "x", Time: 1 }), []);
  assert.deepEqual(found({ metadata: { target: 1, outcom: 2 }, changes: { olds: 1 } }), [], "these are the sender's");
  assert.deepEqual(found({ actor: { type: "user", id: "u1", attrs: { nmae: 1 } } }), []);
});

test("what is told of one event is bounded, and a long name is near none", () => {
  const targets = Array.from({ length: 1000 }, () => ({ type: "a", id: "b", nmae: "x" }));
  assert.equal(found({ targets }).length, MISSPELLINGS_MAX);
  assert.deepEqual(found({ [`targets${"s".repeat(40)}`]: 1 }), []);
});

test("names that are all new and nearly known cost no more than reading them several times", () => {
  // As long as the known ones, and of letters as common as theirs.
  const name = (n: number) => [...n.toString(8).padStart(8, "0")].map((digit) => "aeorstnu"[Number(digit)]).join("");
  const texts = Array.from({ length: 10 }, (_, i) => {
    const members = Array.from({ length: 5000 }, (_, k) => [name((5000 * i + k) * 331), 1] as const);
    return JSON.stringify({ ...least, context: Object.fromEntries(members) });
  });
  const took = { reading: Number.POSITIVE_INFINITY, looking: Number.POSITIVE_INFINITY };
  const measure = (what: keyof typeof took, work: () => void) => {
    const began = performance.now();
    work();
    took[what] = Math.min(took[what], performance.now() - began);
  };
  // In turn, and the least of each, so that what else the machine does meets both.
  for (const text of texts) {
    let value: unknown;
    measure("reading", () => {
      value = parseJson(text, { depthMax: 4 });
    });
    measure("looking", () => assert.ok(findMisspelt(value as Event).length < MISSPELLINGS_MAX));
  }
  assert.ok(took.looking < 8 * took.reading, JSON.stringify(took));
});
