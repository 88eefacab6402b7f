/** `holdfast retention` and `holdfast hold` as processes, and the commands of the page as they stand. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { ask, event, type Running, startService } from "../http/service.ts";
import { makeFolder, runCli } from "./run-cli.ts";

const ROOT = join(import.meta.dirname, "..", "..");
let service: Running;
let env: Record<string, string>;

before(async () => {
  service = await startService();
  env = { HOLDFAST_URL: service.url, HOLDFAST_KEY: await service.key(["admin", "privacy"], "counsel") };
});
after(() => service.close());

test("the commands on the page set a policy and place, list and lift holds", async (t) => {
  const page = readFileSync(join(ROOT, "docs", "retention.md"), "utf8");
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  assert.equal(blocks.length, 3);
  const holdfast = `holdfast() { "${process.execPath}" "${join(ROOT, "src", "cli", "main.ts")}" "$@"; }`;
  const options = { cwd: makeFolder(t), env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)("/bin/sh", ["-e", "-c", [holdfast, ...blocks].join("\n")], options);
  assert.match(stdout, /^pci-dss: PCI DSS 4\.0\.1/m);
  assert.match(stdout, /^0 bodies of 0 bytes would go, 0 of them into an archive first\. Nothing was changed\.$/m);
  assert.match(stdout, /^It shortens something, so it waits until .*: version 1\./m);
  assert.match(stdout, /^No policy is in force: everything is kept for ever\.\nWaiting until /m);
  assert.match(stdout, /^logins +ocsf=3002 +P12M +P13M +prune +-$/m);
  assert.match(stdout, /^[0-9a-f]{16} +actor=user%3Aada +.* +counsel +case 2026-118$/m);
  assert.match(stdout, /^Hold [0-9a-f]{16} is lifted\.$/m);
});

test("a preview adds up the parts that it is answered, and a file that show printed is not set over another", async (t) => {
  await service.ledgers.create({ name: "desk" });
  const on = (...args: readonly string[]) => runCli([...args, "--ledger", "desk"], { env });
  for (let i = 0; i < 3; i++) {
    const body = event({ action: "user.login", actor: { type: "user", id: `u${i}` } });
    await ask(service, "POST /v1/ledgers/desk/events", { key: env.HOLDFAST_KEY ?? "", body });
  }
  await on("hold", "place", "--actor", "user:u1", "--reason", "case");
  const preview = await on("retention", "preview", "--preset", "gdpr-minimal", "--at", "2040-01-01", "--json");
  const { due, held, ranges } = JSON.parse(preview.stdout) as Record<string, unknown>;
  assert.deepEqual([due, held], [2, 1], preview.stderr);
  assert.deepEqual(ranges, [
    { from: 0, to: 1, count: 1 },
    { from: 2, to: 3, count: 1 },
  ]);
  assert.equal((await on("retention", "set", "--preset", "hipaa", "--preset", "sox")).status, 0);
  const file = join(makeFolder(t), "policy.json");
  writeFileSync(file, (await on("retention", "show", "--json")).stdout);
  assert.equal((await on("retention", "set", file)).status, 0, "as it was printed it is the same");
  assert.equal((await on("retention", "set", "--preset", "hipaa", "--preset", "soc2")).status, 0);
  const refused = await on("retention", "set", file);
  assert.deepEqual([refused.status, /retention_changed/.test(refused.stderr)], [1, true], refused.stderr);
  const unknown = await on("retention", "set", "--preset", "none");
  assert.match(unknown.stderr, /expected one of pci-dss, hipaa, .*, got "none"/);
});

test("erase says first what would go, then erases it and tells the steps", async () => {
  await service.ledgers.create({ name: "files" });
  const erase = (...args: readonly string[]) => runCli(["erase", "--ledger", "files", ...args], { env });
  for (const id of ["ada", "bob", "ada"]) {
    const body = event({ actor: { type: "user", id } });
    await ask(service, "POST /v1/ledgers/files/events", { key: env.HOLDFAST_KEY ?? "", body });
  }
  const dry = await erase("--subject", "actor=user:ada");
  assert.match(dry.stdout, /^2 events would be erased: 0,2\nNothing was changed; --yes does it\.\n$/, dry.stderr);
  const unexplained = await erase("--subject", "actor=user:ada", "--yes");
  assert.deepEqual([unexplained.status, /--reason/.test(unexplained.stderr)], [2, true]);
  const done = await erase("--actor", "user:ada", "--reason", "request 31", "--yes");
  assert.match(done.stdout, /^Erased 2 events\./, done.stderr);
  assert.match(done.stderr, /^Erasing 2 events, erasure [0-9a-f]{16}\.\n/);
  const again = await erase("--index", "0-2", "--member", "actor", "--reason", "r", "--yes", "--json");
  assert.equal((JSON.parse(again.stdout) as { indexes: string }).indexes, "1", again.stderr);
});
