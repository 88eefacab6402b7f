/**
 * The harness of `npm run test:senders` sees what is lost, and what is not: with a sender that tries nothing again, because the others have to be
 * downloaded first. All of them are tried by that command.
 */

import assert from "node:assert/strict";
import test from "node:test";
import { endure, faultsOf, ONCE } from "./outage.ts";
import { missing } from "./program.ts";
import { PYTHON } from "./python.ts";

const absent = missing("python3", "--version");

test("a sender that tries nothing again loses what it says while the service is killed, and nothing else", {
  skip: absent !== undefined && `NOTHING WAS TRIED: ${absent}`,
}, async () => {
  const sender = PYTHON.find(({ name }) => name === "Python HTTPHandler") ?? assert.fail();
  const outcomes = await endure(sender, ["killed"]);
  const [outcome = assert.fail()] = Array.isArray(outcomes) ? outcomes : assert.fail(outcomes);
  const { lost } = outcome;
  assert.ok(lost.length > 0 && lost.every((line) => line.startsWith("killed meanwhile ")), lost.join());
  assert.deepEqual(faultsOf(outcome, sender.fates.killed), []);
  // As if its page promised that all is there once.
  assert.deepEqual(
    faultsOf(outcome, ONCE),
    lost.map((line) => `"${line}" is lost`),
  );
});
