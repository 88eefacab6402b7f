/** A ledger whose newest entries are lost for good: another one continues it, on the chain and in a service. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { makeFolder, runCli } from "../cli/run-cli.ts";
import { ANVIL } from "../verify/anvil.ts";
import { event, World, waitFor } from "./service-process.ts";

const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";

test("a fresh folder does not begin a ledger that the chain knows better, but one that succeeds it", {
  skip,
}, async (t) => {
  const world = new World(t);
  const first = await world.start();
  await first.json(201, "POST /v1/ledgers/main/events", [event("a"), event("b")]);
  type Ledger = { readonly id: string; readonly anchoredSize: number; readonly signer: string };
  const main = await waitFor("an anchor", async () => {
    const found = await first.json<Ledger>(200, "GET /v1/ledgers/main");
    return found.anchoredSize === 2 && found;
  });
  const key = (name: string) => ({ file: join(first.data, "keys", `${name}.key`) });
  const [chain] = first.facts.chains;
  const chains = [
    {
      name: "shared",
      rpc: [first.node],
      chainId: chain.chainId,
      contract: chain.contract,
      payer: key("owner"),
      intervalS: 1,
      pollMs: 200,
      finality: { confirmations: 1 },
    },
  ];
  const config = { signer: key("signer"), owner: key("owner"), chains };
  const refused = await world.refused({ data: "fresh", config });
  assert.equal(refused.status, 1);
  assert.match(refused.stdout + refused.stderr, /the chain holds size 2 of ledger main, this store only 0/);

  const next = await world.start({ data: "next", config: { ...config, ledger: "main-2" } });
  await next.json(201, "POST /v1/ledgers/main-2/events", event("c"));
  const successor = await waitFor("the successor to be anchored", async () => {
    const found = await next.json<Ledger>(200, "GET /v1/ledgers/main-2");
    return found.anchoredSize === 1 && found;
  });
  await next.stop();
  const owner = ["--rpc", first.node, "--account", key("owner").file, "--contract", chain.contract];
  const named = await runCli([
    "owner",
    "name-successor",
    "--ledger-id",
    main.id,
    "--successor",
    successor.id,
    ...owner,
  ]);
  assert.equal(named.status, 0, named.stderr);
  const watched = ["watch", "--once", "--url", first.url, "--rpc", first.node, "--contract", chain.contract, "--json"];
  const { checks } = JSON.parse((await runCli(watched, { cwd: makeFolder(t) })).stdout);
  assert.match(checks.lag.detail, /has a successor/);

  // The old one can be read beside the new one, under whatever key the service has, and without marks.
  const file = world.path("main.hfa");
  const exported = await runCli([
    "export",
    file,
    "--as",
    "ledger",
    "--url",
    first.url,
    "--key-file",
    first.facts.adminKeyFile,
  ]);
  assert.equal(exported.status, 0, exported.stderr);
  const folder = world.path("imported");
  const onChain = ["--rpc", first.node, "--development", "--contract", chain.contract];
  const imported = await runCli(["import", file, "--data", folder, ...onChain]);
  assert.equal(imported.status, 0, imported.stderr);
  const reading = await world.start({ data: "imported", config: { ...config, ledger: "main-3" } });
  const kept = await reading.json<Ledger & { readonly readOnly: boolean; readonly chains: unknown[] }>(
    200,
    "GET /v1/ledgers/main",
  );
  assert.deepEqual([kept.readOnly, kept.signer, kept.anchoredSize, kept.chains], [true, main.signer, 2, []]);
  await reading.json(409, "POST /v1/ledgers/main/events", event("d"));
  await reading.json(200, "GET /readyz");
  assert.equal((await reading.stop()).status, 0);
});
