/** Somebody empties the embedded chain under a running service. */

import assert from "node:assert/strict";
import test from "node:test";
import { findProgram } from "../../src/devchain/process.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { event, rpc, type ServiceProcess, World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const config = { embeddedIntervalS: 1 };
const skip = findProgram().kind === "anvil" ? false : "there is no anvil for this platform";

async function waitForFinal(service: ServiceProcess, size: number): Promise<void> {
  await waitFor(`size ${size} to be final`, async () => {
    const ledger = await service.json<{ readonly finalSize: number }>(200, "GET /v1/ledgers/main");
    return ledger.finalSize === size;
  });
}

test("an embedded chain that somebody reset is a notice, and after a restart it goes on where it was", {
  skip,
}, async (t) => {
  const world = new World(t);
  const first = await world.start({ config });
  await first.json(201, EVENTS, event("a"));
  await waitForFinal(first, 1);
  const { anchors } = await first.json<Bundle>(200, "GET /v1/ledgers/main/events/0/bundle");
  const transaction = anchors[0]?.transactionHash;
  await rpc(first.node, "anvil_reset", []);
  await first.json(201, EVENTS, event("b"));
  await waitFor("a notice", async () =>
    /"notices":\[\{"code":"contract_missing"/.test((await first.ask("GET /readyz")).text),
  );
  assert.equal((await first.stop()).status, 0);
  const second = await world.start({ config });
  await waitForFinal(second, 2);
  assert.notEqual(
    await rpc(second.node, "eth_getTransactionReceipt", [transaction]),
    null,
    "what was anchored is there",
  );
  assert.deepEqual(JSON.parse((await second.ask("GET /readyz")).text).notices, []);
});
