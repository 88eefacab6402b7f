/** docs/events.md: its events are events, and it names every member that has a meaning. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { checkEvent } from "../../src/entry/event.ts";
import { parseJson } from "../../src/entry/i-json.ts";
import { findMisspelt } from "../../src/entry/misspelt.ts";
import { eventSchema } from "../../src/entry/schema.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/events.md"), "utf8");
const examples = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, text]) => text as string);

test("every event of the page is accepted as it stands, and none has a misspelt member", () => {
  assert.ok(examples.length >= 3);
  for (const example of examples) {
    const event = checkEvent(parseJson(example, { depthMax: 32 }));
    assert.deepEqual(findMisspelt(event), []);
  }
});

test("the page has a line for every member with a meaning, and for no other", () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual([...rows].sort(), Object.keys(eventSchema.shape).sort());
  const { actor, targets, context } = eventSchema.shape;
  for (const shape of [actor.shape, targets.unwrap().element.shape, context.unwrap().shape]) {
    for (const name of Object.keys(shape)) assert.ok(page.includes(`\`${name}\``), name);
  }
});
