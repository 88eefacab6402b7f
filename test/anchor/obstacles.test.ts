/** Obstacles: what stops anchoring is told to operators in full, and to anybody without what it names. */

import assert from "node:assert/strict";
import test from "node:test";
import { Obstacles } from "../../src/anchor/obstacles.ts";
import { Health } from "../../src/health.ts";

function world() {
  const logged: string[] = [];
  const say = (level: string) => (_: object, message: string) => void logged.push(`${level} ${message}`);
  const log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
  const health = new Health(log);
  return { logged, health, obstacles: new Obstacles(log, () => 0, health) };
}

test("an alarm is a notice while it lasts, without the names and URLs of its message, and is logged once", () => {
  const { logged, health, obstacles } = world();
  for (let i = 0; i < 3; i++)
    obstacles.set("sepolia/0x1", "seal_failed", "ledger payroll: entry 7 differs, https://key@node");
  assert.deepEqual(health.conditions(), [
    {
      code: "seal_failed",
      detail: 'anchoring needs somebody to look: seal failed; "holdfast status" says more',
      isNotice: true,
      isLogged: true,
    },
  ]);
  obstacles.clear("sepolia/0x1", "chain_unreachable");
  assert.equal(health.conditions().length, 1, "another note was taken back");
  obstacles.clear("sepolia/0x1");
  assert.deepEqual(health.conditions(), []);
  assert.deepEqual(logged, [
    "error ledger payroll: entry 7 differs, https://key@node",
    "info over: ledger payroll: entry 7 differs, https://key@node",
  ]);
});

test("what passes by itself is no alarm, and one that becomes such a thing is over", () => {
  const { health, obstacles } = world();
  obstacles.set("sepolia", "chain_unreachable", "no answer");
  assert.deepEqual(health.conditions(), []);
  obstacles.set("sepolia", "chain_wrong", "another chain");
  assert.deepEqual(
    health.conditions().map(({ code }) => code),
    ["chain_wrong"],
  );
  obstacles.set("sepolia", "chain_unreachable", "no answer");
  assert.deepEqual(health.conditions(), []);
});

test("nothing that fails because the service stops is told", () => {
  const { logged, health, obstacles } = world();
  obstacles.mute();
  obstacles.set("sepolia", "chain_wrong", "closed");
  assert.deepEqual([logged, health.conditions()], [[], []]);
});
