/** A check of many events that are none: it is told what is wrong with them, and others are answered meanwhile. */

import assert from "node:assert/strict";
import test from "node:test";
import { ask, startService } from "../service.ts";

test("a small body of very many events that would be refused does not keep others waiting", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const key = await service.key(["writer"], "checking");
  const check = (lines: number) =>
    ask(service, "POST /v1/ledgers/main/check", { key, type: "application/x-ndjson", body: "{}\n".repeat(lines) });
  await check(1000);
  let last = performance.now();
  const began = last;
  let longest = 0;
  const turns = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  const answer = await check(10_000);
  clearInterval(turns);
  const whole = performance.now() - began;
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.text, /"refused":10000/);
  assert.ok(longest < whole / 2, `${longest} of ${whole} ms in one go`);
});
