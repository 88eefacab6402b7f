/** Long texts on the page that verifies: their lines one by one, with the page answering in between. */

import assert from "node:assert/strict";
import test from "node:test";

Object.assign(globalThis, { CODE_HASHES: [], CONTRACTS: [] });
const { breathing, countLines, linesOf } = await import("../../src/web/verify-page/text-lines.ts");
const { judge } = await import("../../src/web/verify-page/judge.ts");

const NO_SETTINGS = { node: "", block: "", ledger: "", signer: "", contract: "", explorer: "", development: false };
const TEXTS = ["", "\n", "\n\n", "a", "a\n", "a\nb", "a\r\nb\r\n", "\na\n\n\nb", "a\n\n"];

test("lines are what stands before each newline, and what follows the last one when it is not empty", async () => {
  for (const text of TEXTS) {
    const expected = text.split("\n");
    if (expected.at(-1) === "") expected.pop();
    assert.deepEqual([...linesOf(text)], expected, JSON.stringify(text));
    const { signal } = new AbortController();
    assert.equal(await countLines(text, breathing(signal)), expected.length, JSON.stringify(text));
  }
});

test("a text of many lines is never split at once, and the page may answer while its lines are counted", async (t) => {
  // Time goes on by a second whenever somebody looks at the clock, so that each look is one after which to rest.
  let now = 0;
  t.mock.method(performance, "now", () => (now += 1000));
  const { split } = String.prototype;
  let longest = 0;
  const counting = function (this: string, ...args: Parameters<typeof split>): string[] {
    const pieces = split.apply(this, args);
    longest = Math.max(longest, pieces.length);
    return pieces;
  };
  t.mock.method(String.prototype, "split", counting);
  const stop = new AbortController();
  const begin = `{"format":"holdfast/set@2","ledgerId":"0x${"00".repeat(32)}"}\n`;
  const judging = judge({ text: begin + "\n".repeat(100_000) }, NO_SETTINGS, stop.signal, () => undefined);
  // Only if the work rests does this come before its end, and stops it.
  setTimeout(() => stop.abort());
  await assert.rejects(judging, { name: "AbortError" });
  assert.ok(longest < 1000, `${longest} pieces at once`);
});

test("progress is told in lines, of how many there are", async (t) => {
  let now = 0;
  t.mock.method(performance, "now", () => (now += 1000));
  const told: string[] = [];
  const begin = `{"format":"holdfast/set@2","ledgerId":"0x${"00".repeat(32)}"}\n`;
  const { signal } = new AbortController();
  await judge({ text: `${begin}{}\n{}\n` }, NO_SETTINGS, signal, (done, all) => told.push(`${done} of ${all}`));
  assert.deepEqual(told, ["0 of 3", "1 of 3", "2 of 3"]);
});
