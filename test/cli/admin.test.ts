/** `holdfast keys`, `ledgers` and `status` as processes, and the launcher. */

import assert from "node:assert/strict";
import { symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { startService } from "../http/service.ts";
import { deadUrl, serveHttp } from "./fake-http.ts";
import { makeFolder, runCli } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

async function startFor(t: TestContext) {
  const service = await startService();
  t.after(() => service.close());
  return { service, env: { HOLDFAST_URL: service.url, HOLDFAST_KEY: await service.key(["admin"], "root") } };
}

test("a key is made, used, listed and revoked", async (t) => {
  const { service, env } = await startFor(t);
  const add = [
    "keys",
    "add",
    "--source",
    "billing",
    "--ledger",
    "main",
    "--note",
    "cron",
    "--expires",
    "2027-01-31T00:00:00Z",
  ];
  const made = await runCommand(add, { env });
  assert.deepEqual([made.status, made.stderr], [0, ""]);
  const key = made.stdout.trim();
  assert.deepEqual(service.keys.find(key)?.roles, ["writer"]);
  assert.deepEqual(service.keys.find(key)?.ledgers, ["main"]);
  const listed = await runCli(["keys", "list"], { env });
  assert.match(listed.stdout, /^[0-9a-f]{16} {2}billing +writer +main +\S+ +\S+ +- +cron$/m);
  assert.ok(!listed.stdout.includes(key));
  const id = service.keys.find(key)?.id ?? "";
  const revoked = await runCommand(["keys", "revoke", id], { env });
  assert.deepEqual([revoked.status, revoked.stdout], [0, `Revoked key ${id} of billing.\n`]);
  assert.equal(service.keys.find(key), undefined);
  const unknown = await runCommand(["keys", "revoke", "nobody"], { env });
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /key_unknown/);
});

test("a key has the roles that were given, and those only", async (t) => {
  const { service, env } = await startFor(t);
  const args = ["keys", "add", "--source", "audit", "--role", "reader", "--role", "auditor", "--json"];
  const { key } = JSON.parse((await runCommand(args, { env })).stdout);
  assert.deepEqual(service.keys.find(key)?.roles, ["reader", "auditor"]);
  const wrong = await runCommand(["keys", "add", "--source", "audit", "--role", "king"], { env });
  assert.equal(wrong.status, 1);
  assert.equal((await runCommand(["keys", "add"], { env })).status, 2);
});

test("what is no key is named by where it stands, and is not repeated", async (t) => {
  const folder = makeFolder(t);
  const file = join(folder, "admin.key");
  const secret = `hf_${"s3cr3t".repeat(7)}`;
  const spoilt = (text: string) => [text, `${text.length} characters with a blank or something else that no key has`];
  const cases = [
    ...[`${secret}\u0001`, `${secret} ${secret}`, `${secret}é`].map(spoilt),
    ["", "nothing"],
    ["\n", "nothing"],
  ];
  for (const [text = "", got] of cases) {
    writeFileSync(file, text);
    for (const [args, env, where] of [
      [["--key-file", file], {}, file],
      [[], { HOLDFAST_KEY: text }, "HOLDFAST_KEY"],
    ] as const) {
      // A variable that is empty is one that is not set.
      if (got === "nothing" && where === "HOLDFAST_KEY") continue;
      const { status, stdout, stderr } = await runCommand(["keys", "list", ...args], {
        env: { HOLDFAST_URL: await deadUrl(), ...env },
      });
      assert.equal(status, 2, stdout);
      assert.ok(stderr.includes(`Expected an API key in ${where}, got ${got}.`), stderr);
      assert.ok(!`${stdout}${stderr}`.includes("s3cr3t"), stderr);
    }
  }
});

test("a notice is shown by status, and the service is ready", async (t) => {
  const { service, env } = await startFor(t);
  const detail = "this machine's clock is 10 years further ahead";
  service.health.report("clock", { code: "clock_ahead", detail, isNotice: true });
  const { status, stdout } = await runCli(["status"], { env });
  assert.equal(status, 0);
  assert.match(stdout, /is ready\.\nSomebody has to look:\n {2}this machine's clock is 10 years further ahead\n/);
  const asJson = await runCommand(["status", "--json"], { env });
  assert.deepEqual(JSON.parse(asJson.stdout).notices, [{ code: "clock_ahead", detail }]);
});

test("ledgers are made and listed, also with names that nobody can guess", async (t) => {
  const { service, env } = await startFor(t);
  const made = await runCommand(["ledgers", "create", "payroll", "--label", "random", "--json"], { env });
  assert.equal(JSON.parse(made.stdout).id, service.ledgers.get("payroll")?.record.id);
  const listed = await runCommand(["ledgers", "list"], { env });
  assert.match(listed.stdout, /^LEDGER +RECORDED +ANCHORED +FINAL +ID\nmain +0 +0 +0 +0x[0-9a-f]{64}\npayroll/);
  const again = await runCommand(["ledgers", "create", "payroll"], { env });
  assert.equal(again.status, 1);
  assert.match(again.stderr, /ledger_exists/);
});

test("status shows readiness to everybody and ledgers to holders of a key", async (t) => {
  const { service, env } = await startFor(t);
  const ready = await runCli(["status"], { env });
  assert.deepEqual([ready.status, ready.stdout.split("\n")[0]], [0, `${service.url} is ready.`]);
  assert.match(ready.stdout, /^main /m);
  const keyless = await runCommand(["status", "--json"], { env: { HOLDFAST_URL: service.url } });
  assert.deepEqual([keyless.status, JSON.parse(keyless.stdout).ledgers], [0, undefined]);
  const ledger = service.ledgers.get("main");
  assert.ok(ledger);
  const late = { anchoredSize: 0, finalSize: 0, lagMs: 9, lagMaxMs: 1, trouble: "no funds" };
  service.chains.set(ledger.record.id, [{ chainId: 1, contract: "0x", ...late }]);
  const unready = await runCli(["status"], { env });
  assert.equal(unready.status, 1);
  assert.match(unready.stdout, /NOT ready:\n {2}.*no funds/);
});

test("what is not a service, and what is not there, are told apart", async (t) => {
  const { url } = await serveHttp(t, () => ({ status: 200, body: "<html>" }));
  const other = await runCommand(["status", "--url", url]);
  assert.equal(other.status, 1);
  assert.match(other.stderr, /is no Holdfast service/);
  for (const command of ["status", "keys list", "ledgers list"]) {
    const gone = await runCommand([...command.split(" "), "--url", await deadUrl(), "--json"]);
    assert.equal(gone.status, 2);
    assert.equal(JSON.parse(gone.stdout).error.code, "unreachable");
  }
  assert.equal((await runCommand(["status", "--url", "ftp://here"])).status, 2);
});

test("every command has help, and a wrong one is a usage error", async () => {
  const help = await runCli(["--help"]);
  assert.equal(help.status, 0);
  for (const [, name] of help.stdout.matchAll(/^ {2}([a-z]+) /gm)) {
    assert.equal((await runCommand([name as string, "--help"])).status, 0, name);
  }
  for (const args of [["nonsense"], ["verify", "a", "b"], ["keys", "nonsense"]]) {
    const { status, stderr } = await runCommand(args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /error: /);
  }
});

test("the launcher works through a link and from any folder", async (t) => {
  const folder = makeFolder(t);
  const link = join(folder, "holdfast");
  symlinkSync(join(import.meta.dirname, "..", "..", "scripts", "holdfast.mjs"), link);
  const { status, stdout } = await runCli(["verify", "--json"], { cwd: folder, input: "{}", launcher: link });
  assert.deepEqual([status, JSON.parse(stdout).outcome], [3, "no-proof"]);
});
