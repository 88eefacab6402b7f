/** Chunks of a body, joined: nothing lost, nothing shared with what comes next. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Chunks } from "../../../src/http/intake/chunks.ts";

test("what is taken is what was added since the last taking", () => {
  const chunk = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.array(fc.array(chunk)), (bodies) => {
      const chunks = new Chunks();
      for (const [i, body] of bodies.entries()) {
        for (const each of body) chunks.add(each);
        const joined = Buffer.concat(body);
        assert.equal(chunks.length, joined.length);
        assert.ok(joined.equals(i % 2 === 0 ? chunks.take() : chunks.takeCopy()));
        assert.equal(chunks.length, 0);
      }
    }),
    { seed: 20_261_123, numRuns: 200 },
  );
});

test("a chunk is never written to, though it is part of memory that others use", () => {
  const memory = Buffer.from("mine, not mine");
  const chunks = new Chunks();
  chunks.add(memory.subarray(0, 4));
  chunks.add(Buffer.from("!!!!!!!!!!"));
  assert.equal(chunks.take().toString(), "mine!!!!!!!!!!");
  assert.equal(memory.toString(), "mine, not mine");
});

test("a copy has memory of its own, and a body of one chunk is not copied", () => {
  const chunk = Buffer.from("one");
  const chunks = new Chunks();
  chunks.add(chunk);
  assert.notEqual(chunks.takeCopy().buffer, chunk.buffer);
  chunks.add(chunk);
  assert.equal(chunks.take().buffer, chunk.buffer);
});

test("a byte in each chunk takes no more memory than the same bytes in one", () => {
  const chunks = new Chunks();
  for (let i = 0; i < 100_000; i++) chunks.add(Buffer.alloc(1, i));
  const { buffer, length } = chunks.take();
  assert.equal(length, 100_000);
  assert.ok(buffer.byteLength <= 200_000);
});
