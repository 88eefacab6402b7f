/** What a ledger demands, of messages that listeners get: quarantined, never lost, and held to the rules that hold. */

import assert from "node:assert/strict";
import test from "node:test";
import { listenersFor, send } from "./world.ts";

const MESSAGE = "<86>1 2026-11-27T07:28:57Z host payments - - - paid\n";

test("a message that is not what its ledger demands is recorded whole, quarantined, and counted", async (t) => {
  const world = await listenersFor(t);
  const { rules, ledgers } = world.service;
  const ledger = ledgers.get("main");
  assert.ok(ledger !== undefined);
  const port = await world.open({ transport: "tcp" });
  await send(port, MESSAGE);
  await world.waitFor(1);
  const requirements = [{ name: "tenants", formats: ["syslog"], members: ["tenant"] }];
  await rules.putRequirements(ledger, requirements, { key: "k", source: "desk" });
  await send(port, MESSAGE);
  const [before, told, after] = await world.waitFor(3);
  assert.equal(before?._source.quarantined, undefined);
  assert.equal(told?.action, "holdfast.requirements.put");
  assert.deepEqual([after?._source.quarantined, after?._source.notes], [true, ["requirement_unmet"]]);
  assert.match(JSON.stringify(after?._source.violates), /"requirement":"tenants"/);
  assert.deepEqual([after?.message, after?._raw], [before?.message, before?._raw]);
  const facts = world.sources.list("main").find(({ format }) => format === "syslog");
  assert.deepEqual([facts?.recorded, facts?.quarantined], [2, 1]);
});
