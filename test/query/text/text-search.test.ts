/** Texts that are like the entries they are not in: finding them is right, and is no more work than of any other text. */

import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { memberText } from "../../../src/entry/member.ts";
import { packEntry } from "../../../src/entry/packed.ts";
import { Indexer } from "../../../src/query/index/indexer.ts";
import { query } from "../../../src/query/query.ts";
import { TextSearch } from "../../../src/query/text/text-search.ts";
import { FakeLedger } from "../fake-ledger.ts";
import { MemoryIndexStore } from "../index/memory-index.ts";

function entryOf(message: string) {
  return { recordedAt: 0, members: [{ salt: new Uint8Array(16), text: memberText("message", message) }] };
}

test("a text is found where a regular expression without regard to case finds it, and nowhere else", () => {
  const letters = fc.constantFrom(
    "k",
    "K",
    "\u212a",
    "s",
    "\u017f",
    "b",
    "\u00df",
    "\u1e9e",
    "\u{10400}",
    "\u{10428}",
    '"',
    "\n",
  );
  const some = (maxLength: number) => fc.array(letters, { minLength: 1, maxLength }).map((each) => each.join(""));
  fc.assert(
    fc.property(some(12), some(60), fc.boolean(), (text, other, isIn) => {
      const entry = entryOf(isIn ? other + text + other : other);
      const search = new TextSearch(text);
      const message = isIn ? other + text + other : other;
      const expected = new RegExp(text, "iu").test(message);
      assert.equal(search.isIn(entry), expected);
      if (expected) assert.ok(search.mayBeIn(packEntry(entry).members), "the bytes rule out what is there");
    }),
    { numRuns: 2000 },
  );
});

test("a text that begins again and again in an entry is as quickly not found as any other", () => {
  const search = new TextSearch(`${"k".repeat(255)}b`);
  const entries = ["k".repeat(60_000), `${"kkks".repeat(15_000)}`].map(entryOf);
  const packed = entries.map((entry) => packEntry(entry).members);
  const before = process.cpuUsage().user;
  for (let times = 0; times < 10; times++) {
    for (const each of packed) search.mayBeIn(each);
    for (const each of entries) assert.equal(search.isIn(each), false);
  }
  // It was 600 ms for each entry of the first kind, and is two.
  assert.ok(process.cpuUsage().user - before < 2_000_000, `${process.cpuUsage().user - before} µs`);
});

test("others get their turn while large entries are looked through", async () => {
  const ledger = new FakeLedger();
  ledger.append(Array.from({ length: 250 }, () => ({ message: "k".repeat(60_000) })));
  const indexer = await Indexer.open({ store: ledger, indexStore: new MemoryIndexStore(), ledger });
  indexer.start();
  await indexer.waitFor(ledger.size, { timeoutMs: 60_000 });
  const began = performance.now();
  let last = began;
  let longest = 0;
  let isOver = false;
  const turn = (): void => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
    if (!isOver) setImmediate(turn);
  };
  turn();
  const page = await query(indexer, { filter: { text: `${"k".repeat(255)}b` }, order: "desc", limit: 1 });
  isOver = true;
  assert.deepEqual(page.items, []);
  const whole = performance.now() - began;
  assert.ok(longest < whole / 3, `${longest} of ${whole} ms in one go`);
});
