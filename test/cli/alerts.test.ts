/** `holdfast alerts list`: what is wrong, and what nobody looked at, so that a short list is not taken for a good one. */

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { serveHttp } from "./fake-http.ts";
import { type Run, runCommand } from "./run-command.ts";

const KEY = `hf_${"a".repeat(43)}`;

async function list(t: TestContext, more: object): Promise<Run> {
  const answer = { isOn: true, firing: [], over: [], rules: [], channels: [{ name: "chat" }], ...more };
  const { url } = await serveHttp(t, () => ({ body: answer }));
  return runCommand(["alerts", "list"], { env: { HOLDFAST_URL: url, HOLDFAST_KEY: KEY } });
}

test("rules that could not judge, and those that are turned off, are said beside a list that is empty", async (t) => {
  const rules = [
    { title: "a source is silent", judgedAt: 1 },
    { title: "the disk is filling", unknownSince: 1 },
    { title: "many requests are refused", off: "who reads and changes what is not recorded here (access_off)" },
  ];
  const { status, stdout } = await list(t, { rules });
  assert.equal(status, 0);
  assert.deepEqual(stdout.trim().split("\n"), [
    "Nothing is wrong that is looked for.",
    "Nobody could find out whether the disk is filling.",
    "Nobody looks whether many requests are refused; it is turned off: who reads and changes what is not recorded here (access_off).",
  ]);
});

test("a service without alerts, and one that tells nobody, say so", async (t) => {
  const off = await list(t, { isOn: false });
  assert.deepEqual(off.stdout.trim(), "This service has no alerts: nobody looks.");
  const untold = await list(t, { channels: [] });
  assert.match(untold.stdout, /Nobody is told of alerts: there is no channel/);
});
