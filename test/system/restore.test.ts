/**
 * A data folder that was put together from parts of different times: what can be gone on from is gone on from, and what
 * would fork the ledger is refused, with a way out.
 */

import assert from "node:assert/strict";
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { runCli } from "../cli/run-cli.ts";
import { Hosted } from "./faults/damage/hosted.ts";
import { event, isAlive, processesIn, ROOT, rpc, type ServiceProcess, World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const config = { embeddedIntervalS: 0.5 };

type Ledger = { readonly size: number; readonly finalSize: number; readonly root: string };

function ledgerOf(service: ServiceProcess): Promise<Ledger> {
  return service.json<Ledger>(200, "GET /v1/ledgers/main");
}

async function appendAndFinish(service: ServiceProcess, ids: readonly string[]): Promise<Ledger> {
  await service.json(
    201,
    EVENTS,
    ids.map((id) => event(id)),
  );
  return waitFor("everything to be final", async () => {
    const ledger = await ledgerOf(service);
    return ledger.finalSize === ledger.size && ledger;
  });
}

async function isVerified(world: World, bundle: Bundle, node: string): Promise<boolean> {
  const file = world.path("bundle.json");
  writeFileSync(file, JSON.stringify(bundle));
  return (await runCli(["verify", file, "--rpc", node, "--development"])).status === 0;
}

test("a store that is older than what was anchored is refused, until the newer one is back", async (t) => {
  const world = new World(t);
  const [store, older, newer] = [join("data", "store"), "older", "newer"].map((name) => world.path(name)) as [
    string,
    string,
    string,
  ];
  const first = await world.start({ config });
  await appendAndFinish(first, ["a", "b", "c"]);
  await first.stop();
  cpSync(store, older, { recursive: true });
  const second = await world.start({ config });
  const before = await appendAndFinish(second, ["d", "e"]);
  await second.stop();
  renameSync(store, newer);
  cpSync(older, store, { recursive: true });
  const marked = await world.refused({ config, args: [] });
  assert.equal(marked.status, 1, marked.stdout);
  assert.match(
    marked.stderr,
    /ledger main: expected at least the 5 entries that were signed, got 3; bring back a newer/,
  );
  // Without what lies beside the store a start is refused; and to whoever says that this copy is the newest, the chain
  // says that it is not.
  rmSync(world.path(join("data", "marks")), { recursive: true });
  const unmarked = await world.refused({ config });
  assert.match(unmarked.stdout, /"marks_missing".*holdfast marks renew/);
  assert.equal((await runCli(["marks", "renew", "--data", world.path("data")])).status, 0);
  const refused = await world.refused({ config, args: [] });
  assert.equal(refused.status, 1, refused.stdout);
  assert.match(refused.stderr, /the chain holds size 5 of ledger main, this store only 3; .*bring back the newer one/);
  const { error } = JSON.parse((await world.refused({ config })).stdout.split("\n").at(-2) ?? "");
  assert.equal(error.code, "store_behind");
  assert.deepEqual(processesIn(world.folder), []);
  // The marks that were made of the older copy hold for the newer one, which extends it.
  rmSync(store, { recursive: true });
  renameSync(newer, store);
  const third = await world.start({ config });
  assert.deepEqual([(await ledgerOf(third)).root, (await ledgerOf(third)).size], [before.root, 5]);
});

test("an embedded chain that was wiped is begun again, which is said, and everything is anchored anew", async (t) => {
  const world = new World(t);
  const first = await world.start({ config });
  const before = await appendAndFinish(first, ["a", "b", "c"]);
  const old = await first.json<Bundle>(200, "GET /v1/ledgers/main/events/1/bundle");
  const genesis = await rpc<{ hash: string }>(first.node, "eth_getBlockByNumber", ["0x0", false]);
  await first.stop();
  rmSync(join(first.data, "chain"), { recursive: true });
  const second = await world.start({ config });
  assert.match(second.output, /got one with 0x[0-9a-f]{64}.*starting over/);
  const begun = await rpc<{ hash: string }>(second.node, "eth_getBlockByNumber", ["0x0", false]);
  assert.notEqual(begun.hash, genesis.hash);
  assert.equal((await ledgerOf(second)).root, before.root);
  assert.equal(await isVerified(world, old, second.node), false, "the old chain's word is not the new one's");
  await appendAndFinish(second, ["d"]);
  const bundle = await second.json<Bundle>(200, "GET /v1/ledgers/main/events/1/bundle");
  assert.deepEqual([bundle.entry, bundle.checkpoint.size], [old.entry, 4]);
  assert.equal(await isVerified(world, bundle, second.node), true);
});

test("when the embedded chain ends by itself, recording goes on, and it is started again and given what waited", async (t) => {
  const world = new World(t);
  const service = await world.start({ config });
  await appendAndFinish(service, ["a"]);
  const { chainPid, node } = service;
  process.kill(chainPid, "SIGKILL");
  await waitFor("the chain to end", () => !isAlive(chainPid));
  const answer = await service.json<Bundle>(201, EVENTS, event("b"));
  assert.equal(answer.entry.index, 1);
  const ledger = await appendAndFinish(service, ["c"]);
  assert.deepEqual([ledger.size, service.chainPid === chainPid], [3, false]);
  assert.match(service.output, /the embedded chain ended by itself/);
  const bundle = await service.json<Bundle>(200, "GET /v1/ledgers/main/events/1/bundle");
  assert.equal(bundle.entry.leafHash, answer.entry.leafHash);
  assert.equal(await isVerified(world, bundle, node), true);
  assert.equal((await service.stop()).status, 0);
});

test("a lost content key is told, and repeated events look like conflicts until they are sent as new ones", async (t) => {
  const world = new World(t);
  const first = await world.start({ config });
  assert.doesNotMatch(first.output, /content key/);
  await first.json(201, EVENTS, event("a"));
  await first.stop();
  rmSync(join(first.data, "keys", "content.key"));
  const second = await world.start({ config });
  assert.match(second.output, /the content key is gone.*bring .*content\.key back/);
  const { code } = await second.json<{ code: string }>(409, EVENTS, event("a"));
  assert.equal(code, "idempotency_conflict");
  await second.json(201, EVENTS, event("b"));
});

test("a key file in which a digit was changed is refused at a start, and a lost one is made anew and gone on with", async (t) => {
  const world = new World(t);
  const first = await world.start({ config });
  const { ledger } = await first.json<Bundle>(201, EVENTS, event("a"));
  const signedBefore = ledger.signer;
  await first.stop();
  const configFile = world.path("config.json");
  writeFileSync(configFile, JSON.stringify(config));
  const hosted = new Hosted(ROOT, configFile);
  t.after(() => hosted.end());
  // One of the keys as a process of its own, the others in one that tries to start again and again.
  const refusedStart = async (name: string): Promise<{ code: string; message: string; text: string }> => {
    if (name === "signer") {
      const { status, stdout, stderr } = await world.refused({ config });
      assert.equal(status, 1, stdout);
      const { error } = JSON.parse(stdout.split("\n").at(-2) ?? "") as { error: { code: string; message: string } };
      return { ...error, text: stdout + stderr };
    }
    const { refused, said } = await hosted.ask("start", first.data);
    assert.ok(refused !== undefined, said);
    return { ...refused, text: said + refused.message };
  };
  for (const name of ["content", "signer", "owner", "payer"]) {
    const file = join(first.data, "keys", `${name}.key`);
    const whole = readFileSync(file, "utf8");
    for (const [changed, code] of [
      [whole.replace(/.\n$/, (last) => (last === "5\n" ? "6\n" : "5\n")), "secret_changed"],
      [whole.replace(/.\n$/, "x\n"), "key_unavailable"],
    ] as const) {
      writeFileSync(file, changed);
      const refused = await refusedStart(name);
      assert.equal(refused.code, code, refused.text);
      assert.ok(refused.message.includes(file), refused.message);
      assert.ok(!refused.text.includes(whole.slice(2, 40)), "the secret was printed");
    }
    writeFileSync(file, whole);
  }
  await hosted.end();
  rmSync(join(first.data, "keys", "signer.key"));
  const second = await world.start({ config });
  assert.match(second.output, /the signer's key was gone and another is made: another key signs from now on/);
  const bundle = await second.json<Bundle>(201, EVENTS, event("b"));
  assert.notEqual(bundle.ledger.signer, signedBefore);
  assert.equal(bundle.checkpoint.size, 2);
});
