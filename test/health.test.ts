/** What goes on failing in the background is told while it lasts, and logged when it begins and when it ends. */

import assert from "node:assert/strict";
import test from "node:test";
import { type Condition, Health } from "../src/health.ts";
import { ask, startService } from "./http/service.ts";

const LOST: Condition = { code: "marks_unwritable", detail: "marks cannot be written; the log has the cause" };
const OTHER: Condition = { code: "clock_ahead", detail: "the clock is ahead" };

function healthWithLog() {
  const logged: { level: string; fields: object; message: string }[] = [];
  const note = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  return { health: new Health({ error: note("error"), info: note("info") }), logged };
}

test("a condition is logged once when it begins and once when it ends, however often it is reported", () => {
  const { health, logged } = healthWithLog();
  const cause = new Error("EIO");
  health.report("marks", undefined);
  for (let i = 0; i < 3; i++) health.report("marks", LOST, cause);
  assert.deepEqual(health.conditions(), [LOST]);
  for (let i = 0; i < 3; i++) health.report("marks", undefined);
  assert.deepEqual(health.conditions(), []);
  assert.deepEqual(logged, [
    { level: "error", fields: { part: "marks", condition: LOST.code, err: cause }, message: LOST.detail },
    { level: "info", fields: { part: "marks", condition: LOST.code }, message: `this has ended: ${LOST.detail}` },
  ]);
});

test("a part whose condition becomes another has the new one, and both are logged", () => {
  const { health, logged } = healthWithLog();
  health.report("marks", LOST);
  health.report("marks", OTHER);
  assert.deepEqual(health.conditions(), [OTHER]);
  assert.deepEqual(
    logged.map(({ message }) => message),
    [LOST.detail, `this has ended: ${LOST.detail}`, OTHER.detail],
  );
});

test("what a part logs itself is not logged a second time", () => {
  const { health, logged } = healthWithLog();
  health.report("index", { ...LOST, isLogged: true });
  health.report("index", undefined);
  assert.deepEqual(logged, []);
});

test("parts do not take each other's conditions away", () => {
  const { health } = healthWithLog();
  health.report("marks", LOST);
  health.report("journal", LOST);
  health.report("marks", undefined);
  assert.deepEqual(health.conditions(), [LOST]);
});

test("/readyz and the metric tell a condition while it holds, and not what caused it", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const key = await service.key(["admin"], "admin");
  const metric = async () =>
    (await ask(service, "GET /metrics", { key })).text
      .split("\n")
      .filter((line) => line.startsWith("holdfast_condition"));
  service.health.report("marks", LOST, new Error("secret detail: /var/lib/holdfast"));
  const answer = await ask(service, "GET /readyz");
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.as("Readiness"), { ready: false, reasons: [LOST], notices: [] });
  assert.deepEqual(await metric(), ['holdfast_condition{code="marks_unwritable"} 1']);
  service.health.report("marks", undefined);
  assert.deepEqual((await ask(service, "GET /readyz")).as("Readiness"), { ready: true, reasons: [], notices: [] });
  assert.deepEqual(await metric(), []);
});

test("a notice is told, and the service stays ready", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  service.health.report("time", { ...OTHER, isNotice: true });
  const answer = await ask(service, "GET /readyz");
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.as("Readiness"), { ready: true, reasons: [], notices: [OTHER] });
});
