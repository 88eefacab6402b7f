/** Marks of a real service: it says that it cannot write them, records nothing meanwhile, and starts only with them. */

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { runCli } from "../cli/run-cli.ts";
import { event, type ServiceProcess, World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
/** Nothing is anchored: the marks are the only guard. */
const config = { embeddedIntervalS: 3600 };

type Readiness = { readonly ready: boolean; readonly reasons: readonly { readonly code: string }[] };

function reasonsOf(service: ServiceProcess): Promise<string[]> {
  return service.ask("GET /readyz").then(({ text }) => (JSON.parse(text) as Readiness).reasons.map(({ code }) => code));
}

test("marks moved away while the service runs: not ready within seconds, 503 until they are back, nothing to fork with", async (t) => {
  const world = new World(t);
  const [store, marks, older, away] = ["data/store", "data/marks", "older", "away"].map((name) => world.path(name)) as [
    string,
    string,
    string,
    string,
  ];
  const first = await world.start({ config });
  await first.json(201, EVENTS, event("a"));
  const id = await idOfMain(first);
  assert.equal((await first.stop()).status, 0);
  cpSync(store, older, { recursive: true });
  const second = await world.start({ config });
  renameSync(marks, away);
  await waitFor("the service to be not ready", async () => (await reasonsOf(second)).includes("marks_unwritable"));
  const refused = await second.ask(EVENTS, event("b"));
  assert.equal(refused.status, 503);
  assert.equal((JSON.parse(refused.text) as { code: string }).code, "marks_unwritable");
  assert.match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  assert.equal(await (await second.ask("GET /v1/ledgers/main/events/0")).status, 200);
  assert.match(second.output, /"condition":"marks_unwritable"/);
  const metrics = await second.ask("GET /metrics");
  assert.match(metrics.text, /holdfast_condition\{code="marks_unwritable"\} 1/);
  renameSync(away, marks);
  await waitFor("the service to be ready", async () => (await reasonsOf(second)).length === 0);
  await second.json(201, EVENTS, event("b"));
  await waitFor("the mark", () => JSON.parse(readFileSync(markFile(marks, id), "utf8")).size === 2);
  // Killed, not stopped: what was acknowledged a moment ago is marked.
  await second.stop("SIGKILL");
  rmSync(store, { recursive: true });
  cpSync(older, store, { recursive: true });
  const forked = await world.refused({ config });
  assert.match(forked.stdout, /"store_older".*at least the 2 entries that were signed, got 1/);
});

test("a start without marks, or with a damaged one, is refused until somebody says that the store is the newest copy", async (t) => {
  const world = new World(t);
  const marks = world.path("data/marks");
  const first = await world.start({ config });
  await first.json(201, EVENTS, event("a"));
  const id = await idOfMain(first);
  await first.stop();
  rmSync(marks, { recursive: true });
  for (let i = 0; i < 2; i++) {
    const missing = await world.refused({ config });
    assert.equal(missing.status, 1);
    assert.match(missing.stdout, /"marks_missing".*expected a mark in .*marks renew/);
  }
  const made = await runCli(["marks", "renew", "--data", world.path("data")]);
  assert.equal(made.status, 0, made.stderr);
  assert.match(made.stdout, /main: the mark was missing, and is made .*fewer than 1 entry is refused/);
  const second = await world.start({ config });
  await second.json(201, EVENTS, event("b"));
  const inUse = await runCli(["marks", "renew", "--data", world.path("data")]);
  assert.match(inUse.stderr, /another process has it open/);
  await second.stop();
  const file = markFile(marks, id);
  writeFileSync(file, readFileSync(file, "utf8").replace('"size":2', '"size":1'));
  const damaged = await world.refused({ config });
  assert.match(damaged.stdout, /"marks_damaged".*signature does not fit/);
  assert.match((await runCli(["marks", "renew", "--data", world.path("data")])).stdout, /main: the mark was damaged/);
  const third = await world.start({ config });
  await third.json(201, EVENTS, event("c"));
  const kept = await third.stop().then(() => runCli(["marks", "renew", "--data", world.path("data"), "--json"]));
  const { ledgers } = JSON.parse(kept.stdout) as { readonly ledgers: readonly { readonly name: string }[] };
  assert.deepEqual(
    ledgers.filter(({ name }) => name === "main"),
    [{ name: "main", size: 3, what: "kept" }],
  );
});

test("a service that could not mark what it signed last says so when it stops", async (t) => {
  // The service may see the fault before it signs anything more; then there is nothing to say, and it is tried again.
  for (let tries = 0; tries < 5; tries++) {
    const world = new World(t);
    const service = await world.start({ config });
    await service.json(201, EVENTS, event("a"));
    const id = await idOfMain(service);
    const marks = world.path("data/marks");
    await waitFor("the mark", () => JSON.parse(readFileSync(markFile(marks, id), "utf8")).size === 1);
    renameSync(marks, world.path("away"));
    mkdirSync(marks);
    // Several events at once: one of them may be signed before the fault is seen.
    await Promise.all([service.ask(EVENTS, event("b")), service.ask(EVENTS, event("c"))]);
    const { status } = await service.stop();
    // Told by the store once nobody writes to it: an event that is answered with a problem may have been recorded all the same.
    rmSync(marks, { recursive: true });
    const { stdout } = await runCli(["marks", "renew", "--data", world.path("data"), "--json"]);
    const [{ size } = { size: 0 }] = (JSON.parse(stdout) as { readonly ledgers: readonly { readonly size: number }[] })
      .ledgers;
    if (size === 1) continue;
    assert.equal(status, 1);
    return;
  }
  assert.fail("expected something to be signed after the marks were moved away, got nothing in five services");
});

async function idOfMain(service: ServiceProcess): Promise<string> {
  return (await service.json<{ readonly id: string }>(200, "GET /v1/ledgers/main")).id;
}

/** File of the mark of a ledger. */
function markFile(marks: string, id: string): string {
  const [name = ""] = readdirSync(marks).filter((each) => each === `${id}.json`);
  return join(marks, name);
}
