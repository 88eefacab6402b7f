/** Rules that judge hours, over a service whose clock a test moves: what goes wrong is told within its promise, once, and is over in its time. */

import assert from "node:assert/strict";
import test from "node:test";
import { lookAtAlerts } from "../../../src/http/routes/watching/standing/look-at-alerts.ts";
import { takeStanding } from "../../../src/http/routes/watching/standing/standing.ts";
import { FAULTS, SHORT } from "./faults.ts";
import { MOVED_FAULTS, type MovedFault } from "./moved-faults.ts";
import { HOUR, MINUTE, MovedService } from "./moved-service.ts";

for (const fault of MOVED_FAULTS) {
  test(`${fault.rule}: ${fault.what} is told within its promise, once, and is over when it is mended`, async (t) => {
    const moved = await MovedService.open(t);
    await fault.before?.(moved);
    await moved.look();
    const fired = await drive(moved, fault);
    assert.equal(fired.severity, fault.severity, fired.detail);
    await fault.mend?.(moved);
    const { overMs = 5 * MINUTE, stepMs = MINUTE } = fault;
    const isOver = () => moved.firing(fault.rule, fired.subject) === undefined;
    for (let passed = 0; passed < overMs && !isOver(); passed += stepMs) await moved.look(stepMs);
    // Of the same alert, and nothing became of it but that it fired and was resolved.
    assert.deepEqual(
      moved.over(fault.rule, fired.subject).map(({ id, changes }) => [id, changes]),
      [[fired.id, 2]],
    );
  });
}

/** Puts a fault in. @returns the alert, which has to fire in its time and not before */
async function drive(moved: MovedService, { rule, subject, breakIt, withinMs = MINUTE, stepMs = MINUTE }: MovedFault) {
  const ofRule = () => moved.alerts.book.firing().filter((each) => each.rule === rule);
  assert.deepEqual(ofRule(), [], "nothing is wrong before");
  await breakIt(moved);
  const about = typeof subject === "string" ? subject : subject(moved);
  for (let passed = 0; passed < withinMs && moved.firing(rule, about) === undefined; passed += stepMs)
    await moved.look(stepMs);
  const fired = moved.firing(rule, about);
  return (
    fired ??
    assert.fail(`expected ${rule} about ${about} within ${withinMs / MINUTE} minutes, got ${JSON.stringify(ofRule())}`)
  );
}

test("every rule of a service is driven into a fault, here or in a process of its own, and nothing is driven that is no rule", async (t) => {
  const { alerts } = await MovedService.open(t);
  const driven = new Set([...MOVED_FAULTS, ...FAULTS].map(({ rule }) => rule));
  for (const { name } of SHORT.searches) assert.ok(driven.delete(name), name);
  const rules = alerts.rules().map(({ name }) => name);
  assert.deepEqual([...driven].toSorted(), rules.toSorted());
});

test("with accesses that are not recorded the rules about them are off on the line and in the list, and all others judge", async (t) => {
  const moved = await MovedService.open(t, false);
  await moved.pass(HOUR, 10 * MINUTE);
  const OFF = ["new_address", "reading_unusual", "refusals"];
  const rules = moved.alerts.rules();
  assert.deepEqual(
    rules.filter(({ off }) => off !== undefined).map(({ name }) => name),
    OFF,
  );
  assert.deepEqual(
    rules.filter(({ judgedAt }) => judgedAt !== moved.now).map(({ name }) => name),
    OFF,
  );
  const { state, notLookedAt } = await takeStanding(
    [lookAtAlerts(moved.alerts, "#/main/alerts")],
    moved.now,
    assert.fail,
  );
  assert.notEqual(state, "good");
  assert.deepEqual(
    notLookedAt.map(({ why }) => why),
    OFF.map(() => "it is turned off: who reads and changes what is not recorded here (access_off)"),
  );
  assert.deepEqual(moved.service.health.conditions(), []);
});

test("a rule that the settings turn off tells nothing, and is named on the line and in the list", async (t) => {
  const NAME = "ended_key_used";
  const moved = await MovedService.open(t, true, [NAME]);
  await moved.pass(2 * MINUTE, MINUTE);
  const off = 'the setting "alerts.without" names it';
  const title = "a key that has ended is still used";
  assert.deepEqual(
    moved.alerts.rules().filter((rule) => rule.off !== undefined),
    [{ name: NAME, title, severity: "warning", off }],
  );
  const { notLookedAt } = await takeStanding([lookAtAlerts(moved.alerts, "#/main/alerts")], moved.now, assert.fail);
  assert.deepEqual(
    notLookedAt.map(({ what, why }) => `${what}: ${why}`),
    [`whether ${title}: it is turned off: ${off}`],
  );
});
