/** Bytes of foreign senders as texts: exactly those that are UTF-8. */

import assert from "node:assert/strict";
import { isUtf8 } from "node:buffer";
import test from "node:test";
import fc from "fast-check";
import { readText } from "../../src/ingest/raw-member.ts";

test("bytes are a text exactly when they are UTF-8, wherever the first that is no ASCII stands", () => {
  const character = fc.constantFrom("a", "é", "€", "😀", "\ufffd", "\ufeff").map((text) => Buffer.from(text));
  const byte = fc.nat(255).map((value) => Buffer.from([value]));
  const bytes = fc
    .array(fc.oneof(character, byte, fc.constant(Buffer.from("x".repeat(60)))))
    .map((parts) => Buffer.concat(parts));
  fc.assert(
    fc.property(bytes, (sent) => {
      assert.equal(readText(sent), isUtf8(sent) ? sent.toString() : undefined);
    }),
    { seed: 139, numRuns: 2000, examples: [[Buffer.from("é")], [Buffer.from([0xc1, 0xbf])], [Buffer.from("\ufffd")]] },
  );
});
