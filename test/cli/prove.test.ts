/** `holdfast prove` and `upgrade` as processes, against a real service whose anchors are a test chain's. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { type AnchorRecord, type AnchorStage, anchorWrite } from "../../src/store/anchor-record.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { parseBundle } from "../../src/verify/bundle/parse.ts";
import { ask, event, type Running, startService } from "../http/service.ts";
import { CONTRACT } from "../verify/fixture.ts";
import { deadUrl, problem, serveHttp } from "./fake-http.ts";
import { makeFolder, runCli } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

type World = {
  readonly service: Running;
  readonly key: string;
  readonly env: Record<string, string>;
  readonly folder: string;
  /** Flags of a reader who knows who signs. */
  readonly knows: readonly string[];
};

async function startWith(t: TestContext, count: number): Promise<World> {
  const service = await startService();
  t.after(() => service.close());
  const key = await service.key(["admin"], "tests");
  for (let i = 0; i < count; i++) {
    await ask(service, "POST /v1/ledgers/main/events", { key, body: event({ message: `event ${i}` }) });
  }
  const { signer } = JSON.parse((await ask(service, "GET /v1/ledgers/main", { key })).text) as { signer: string };
  return {
    service,
    key,
    knows: ["--signer", signer],
    env: { HOLDFAST_URL: service.url, HOLDFAST_KEY: key },
    folder: makeFolder(t),
  };
}

/** Lets the service believe that a chain has taken a checkpoint. */
async function anchor(
  { store, ledgers }: Running,
  size: number,
  stage: AnchorStage = "mined",
  chainId = 5,
): Promise<void> {
  const ledger = ledgers.get("main");
  const checkpoint = await ledger?.checkpoint(size);
  assert.ok(checkpoint);
  const hash = (n: number): `0x${string}` => `0x${String(n).repeat(64)}`;
  const place = { transactionHash: hash(7), blockNumber: 100 + size, blockHash: hash(8), blockTime: 1_790_000_100 };
  const record: AnchorRecord = { ...checkpoint, chainId, contract: CONTRACT, stage, ...place, gasUsed: 1, feeWei: "1" };
  await store.writeRecords([anchorWrite(record)], { durable: true });
}

test("a bundle goes to standard output, and verifies", async (t) => {
  const { env, knows } = await startWith(t, 3);
  const { status, stdout } = await runCli(["prove", "1"], { env });
  assert.equal(status, 0);
  assert.equal(parseBundle(stdout).entry.index, 1);
  assert.equal((await runCli(["verify", ...knows], { input: stdout })).status, 0);
});

test("several events are an evidence set in a file", async (t) => {
  const { env, folder, knows } = await startWith(t, 6);
  const out = join(folder, "evidence.ndjson");
  const { status, stdout } = await runCommand(["prove", "1", "3-5", "4", "-o", out, "--json"], { env });
  assert.deepEqual([status, JSON.parse(stdout).indexes], [0, [1, 3, 4, 5]]);
  const verdict = await runCommand(["verify", out, ...knows]);
  assert.deepEqual([verdict.status, verdict.stdout.includes("all 4 bundles")], [0, true]);
  const lines = readFileSync(out, "utf8").split("\n");
  assert.match(lines[0] as string, /set@2/);
  assert.match(lines[1] as string, /^\{"format":"holdfast\/shared@1",/);
  const plain = await runCommand(["prove", "1", "3-5", "--plain"], { env });
  assert.match(plain.stdout, /^\{"format":"holdfast\/set@1",/);
  assert.equal((await runCli(["verify", ...knows], { input: plain.stdout })).status, 0);
  for (const line of plain.stdout.split("\n").slice(1, 5))
    assert.equal((await runCli(["verify", ...knows], { input: line })).status, 0);
  const unknown = await runCommand(["prove", "6"], { env });
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /expected an index below 6, got 6 \(event_unknown\)/);
});

test("events of a ledger that grows meanwhile share one checkpoint", async (t) => {
  const { service, key, knows } = await startWith(t, 4);
  const growing = await serveHttp(t, async ({ path }) => {
    const { text } = await ask(service, `GET ${path}`, { key });
    await ask(service, "POST /v1/ledgers/main/events", { key, body: event() });
    return { body: text };
  });
  const { stdout } = await runCommand(["prove", "0-3", "--url", growing.url]);
  assert.equal(stdout.match(/holdfast\/shared@1/g)?.length, 1);
  assert.equal((await runCli(["verify", ...knows], { input: stdout })).status, 0);
});

test("members are withheld by name, and a wrong name discloses nothing", async (t) => {
  const { env } = await startWith(t, 1);
  const shownBy = async (...args: string[]) => {
    const { status, stdout } = await runCommand(["prove", "0", ...args], { env });
    assert.equal(status, 0);
    const { shown } = JSON.parse((await runCli(["verify", "--json"], { input: stdout })).stdout);
    return [shown, stdout];
  };
  const [only, text] = await shownBy("--only", "action,time");
  assert.deepEqual(only, ["action", "time"]);
  assert.doesNotMatch(text, /event 0/);
  assert.deepEqual((await shownBy("--omit", "message,_source"))[0], ["action", "actor", "time"]);
  for (const args of [
    ["--only", "action,tme"],
    ["--omit", "mesage"],
    ["--only", "action", "--omit", "time"],
  ]) {
    const { status, stdout, stderr } = await runCommand(["prove", "0", ...args], { env });
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /Expected names of members|cannot be used with/);
  }
});

test("waiting ends when the event has come so far, and not before", async (t) => {
  const { service, env } = await startWith(t, 2);
  const late = await runCli(["prove", "0", "--wait", "anchored", "--timeout", "1"], { env });
  assert.equal(late.status, 2);
  assert.match(late.stderr, /Event 0 is recorded and not anchored after 1 seconds/);
  const waiting = runCli(["prove", "0", "--wait", "final", "--timeout", "15"], { env });
  await anchor(service, 1);
  await anchor(service, 2, "final");
  const { status, stdout } = await waiting;
  assert.equal(status, 0);
  const bundle = parseBundle(stdout);
  assert.deepEqual([bundle.status, bundle.checkpoint.size], ["final", 2]);
});

test("a bundle that does not verify is refused and not written", async (t) => {
  const { service, key, folder } = await startWith(t, 2);
  const good = (await ask(service, "GET /v1/ledgers/main/events/1/bundle", { key })).text;
  const out = join(folder, "bundle.json");
  for (const [text, expected] of [
    [good.replace('"index":1', '"index":0'), /expected the bundle of event 1, got 0/],
    [good.replace("event 1", "event 2"), /FAILED at step "leaf"/],
    [good.replace('"format"', '"forma"'), /expected only format/],
    ["<html>", /does not verify/],
  ] as const) {
    const liar = await serveHttp(t, () => ({ body: text }));
    const { status, stderr } = await runCommand(["prove", "1", "-o", out, "--url", liar.url]);
    assert.equal(status, 1);
    assert.match(stderr, expected);
    assert.throws(() => readFileSync(out), /ENOENT/);
  }
});

test("a bundle of another ledger or another size is refused, and is not written", async (t) => {
  const { service, key, env, folder } = await startWith(t, 3);
  const out = join(folder, "bundle.json");
  const { text } = await ask(service, "GET /v1/ledgers/main/events/1/bundle", { key });
  const { url } = await serveHttp(t, () => ({ body: text }));
  const { id } = (JSON.parse(text) as Bundle).ledger;
  const cases = [
    [["--ledger", "acme"], /expected the ledger "acme", got "main"/],
    [["--ledger-id", `0x${"1".repeat(64)}`], /expected the ledger 0x1+, got 0x/],
    [["--size", "2"], /expected the checkpoint of size 2, got the one of 3/],
  ] as const;
  for (const [args, expected] of cases) {
    const { status, stderr } = await runCommand(["prove", "1", "-o", out, "--url", url, ...args]);
    assert.deepEqual([status, expected.test(stderr), existsSync(out)], [1, true, false], stderr);
  }
  const named = await runCommand(["prove", "1", "-o", out, "--ledger-id", id], { env });
  assert.deepEqual([named.status, named.stderr], [0, ""]);
});

test("what was written is called what it is, and how far it came is the service's word", async (t) => {
  const { service, env, folder } = await startWith(t, 2);
  await anchor(service, 2, "final");
  const out = join(folder, "bundle.json");
  const { status, stdout } = await runCommand(["prove", "0", "--wait", "final", "-o", out], { env });
  assert.equal(status, 0);
  assert.match(
    stdout,
    /^Wrote the bundle of event 0 to \S+\. Holds, signer not vouched for\. The service says that it is final; no chain was asked\./,
  );
  const asJson = await runCommand(["prove", "0-1", "-o", out, "--json"], { env });
  const { status: claimed, cell } = JSON.parse(asJson.stdout);
  assert.deepEqual([claimed, cell.name, cell.outcome], ["final", "unvouched", "undecided"]);
});

test("a recorded bundle is upgraded without a key, and keeps what was withheld", async (t) => {
  const { service, env, folder, knows } = await startWith(t, 3);
  const { HOLDFAST_KEY: _, ...keyless } = env;
  const file = join(folder, "bundle.json");
  await runCommand(["prove", "1", "--omit", "message", "-o", file], { env });
  for (let i = 3; i < 8; i++) {
    await ask(service, "POST /v1/ledgers/main/events", { key: env.HOLDFAST_KEY ?? "", body: event() });
  }
  const early = await runCommand(["upgrade", file], { env: keyless });
  assert.equal(early.status, 2);
  assert.match(early.stderr, /No chain has taken a checkpoint of main with 3 or more entries yet/);
  const before = parseBundle(readFileSync(file, "utf8"));
  await anchor(service, 6, "final");
  await anchor(service, 8);
  await anchor(service, 8, "mined", 10);
  const { status, stdout } = await runCommand(["upgrade", file, ...knows], { env: keyless });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /Wrote .*bundle\.json, which says final/);
  const after = parseBundle(readFileSync(file, "utf8"));
  assert.deepEqual({ ...after, anchors: [], status: "recorded" }, before);
  assert.deepEqual(
    after.anchors.map(({ chainId, size }) => [chainId, size]),
    [
      [5, 6],
      [10, 8],
    ],
  );
  assert.deepEqual([after.status, (await runCommand(["verify", file, "--offline", ...knows])).status], ["final", 0]);
  assert.equal((await runCommand(["verify", file])).status, 2, "a chain has to be asked now");
});

test("an upgrade that a key makes richer has the same anchors", async (t) => {
  const { service, env, folder, knows } = await startWith(t, 3);
  const file = join(folder, "bundle.json");
  const out = join(folder, "new.json");
  await runCommand(["prove", "1", "-o", file], { env });
  await anchor(service, 3);
  const { status } = await runCommand(["upgrade", file, "-o", out, "--json", ...knows], { env });
  assert.equal(status, 0);
  assert.equal(parseBundle(readFileSync(out, "utf8")).anchors[0]?.size, 3);
  assert.equal(parseBundle(readFileSync(file, "utf8")).status, "recorded", "the old file is as it was");
  const input = readFileSync(file);
  const piped = await runCli(["upgrade", "-", "-o", join(folder, "piped.json")], { env, input });
  assert.equal(piped.status, 2, "it is written, and nobody vouched for who signed it");
  assert.match(piped.stdout, /^Holds, signer not vouched for$/m);
  assert.equal(readFileSync(join(folder, "piped.json"), "utf8"), readFileSync(out, "utf8"));
  const nowhere = await runCli(["upgrade", "-"], { env, input });
  assert.deepEqual([nowhere.status, nowhere.stderr], [2, "holdfast: Expected --out with standard input, got none.\n"]);
});

test("an upgrade that does not verify leaves the file alone", async (t) => {
  const { service, env, folder } = await startWith(t, 3);
  const file = join(folder, "bundle.json");
  await runCommand(["prove", "1", "-o", file], { env });
  await anchor(service, 3);
  const text = readFileSync(file, "utf8");
  const { text: anchors } = await ask(service, "GET /v1/ledgers/main/anchors", {});
  const lie = anchors.replace(/"root":"0x../, '"root":"0x00');
  const lies: ((path: string) => object)[] = [
    (path) => (path.includes("/anchors") ? { body: lie } : problem(404, "event_unknown", "no")),
    (path) => (path.includes("/anchors") ? { body: { anchors: [{ size: 9 }] } } : { body: {} }),
    () => ({ body: { anchors: 7 } }),
    () => ({ body: { anchors: [null] } }),
  ];
  for (const answer of lies) {
    const { url } = await serveHttp(t, ({ path }) => answer(path));
    const { status, stdout, stderr } = await runCommand(["upgrade", file, "--url", url]);
    assert.equal(status, 1);
    assert.match(stdout + stderr, /from the service, got another answer|FAILED/);
    assert.equal(readFileSync(file, "utf8"), text);
  }
  const strict = await runCommand(["upgrade", file, "--rpc", await deadUrl()], { env });
  assert.equal(strict.status, 2);
  assert.equal(readFileSync(file, "utf8"), text);
  writeFileSync(file, `${text} {}`);
  assert.equal((await runCommand(["upgrade", file], { env })).status, 1);
});

test("indexes and files are looked at before anybody is asked", async (t) => {
  const { url, asked } = await serveHttp(t, () => ({ status: 500 }));
  for (const args of [
    ["prove"],
    ["prove", "x"],
    ["prove", "5-3"],
    ["prove", "1-2-3"],
    ["prove", "-1"],
    ["upgrade", "no"],
  ]) {
    const { status, stderr } = await runCommand([...args, "--url", url]);
    assert.equal(status, 2, args.join(" "));
    assert.ok(stderr.length > 0);
  }
  assert.equal(asked.length, 0);
});

test("a bundle of a final event has every member that the form has", async (t) => {
  const { service, env, folder } = await startWith(t, 1);
  await anchor(service, 1, "final");
  const bundle: Bundle = parseBundle((await runCommand(["prove", "0"], { env })).stdout);
  assert.deepEqual([bundle.status, bundle.anchors.length], ["final", 1]);
  const told = await runCommand(["prove", "0", "-o", join(folder, "bundle.json")], { env });
  assert.match(told.stdout, /Check it with "holdfast verify \S+bundle\.json --rpc <url of a node>"/);
});
