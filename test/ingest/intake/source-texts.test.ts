/** The member `_source`, spelled in parts that items share. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { readMemberText } from "../../../src/entry/member.ts";
import type { Item } from "../../../src/ingest/format.ts";
import { SourceTexts } from "../../../src/ingest/intake/source-texts.ts";
import { fromUtf8 } from "../../../src/merkle/bytes.ts";

const way = { format: "cloudevents", key: "k1", source: "billing" };
/** What a format may say of how an item came: names on both sides of `claim`, its own name, and texts that look like it. */
const name = fc.oneof(
  fc.constantFrom("claim", "aws", "headers", 'claim":""', "zone", "key"),
  fc.string({ maxLength: 5 }),
);
const more = fc.dictionary(name, fc.oneof(fc.string(), fc.constant({ claim: "" })), { maxKeys: 4 });
const item = fc.record(
  { claim: fc.string({ unit: "binary" }), source: fc.constantFrom(...fc.sample(more, { numRuns: 6, seed: 7 })) },
  { requiredKeys: [] },
);

test("each item's member says its own claim and its own way, whatever was spelled before it", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(item, fc.boolean()), { minLength: 1, maxLength: 12 }), (items) => {
      const texts = new SourceTexts(way);
      for (const [given, isKnownByContent] of items) {
        const { claim, source = {} } = given;
        const [member, ...others] = texts.member([], { raw: "", event: {}, ...given } as Item, isKnownByContent);
        assert.deepEqual(others, []);
        // It is canonical, or it would not be read.
        const { name, value } = readMemberText(fromUtf8(member?.text ?? new Uint8Array(0)));
        assert.equal(name, "_source");
        const told = Object.entries(source).filter(([each]) => !["claim", "key", "__proto__"].includes(each));
        assert.deepEqual(
          { ...(value as object) },
          {
            ...Object.fromEntries(told.map(([each, what]) => [each.toWellFormed(), what])),
            ...way,
            ...(claim !== undefined && { claim: claim.toWellFormed() }),
            ...(isKnownByContent && { known_by: "content" }),
          },
        );
      }
    }),
    { seed: 20_261_127, numRuns: 300 },
  );
});
