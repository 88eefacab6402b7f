/** `holdfast sources` as a process, over a whole service: adding, listing, and the test of the pipeline in every format. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { promisify } from "node:util";
import { FORMATS, NATIVE } from "../../../src/ingest/known-formats.ts";
import { SENDERS } from "../../../src/senders/known-senders.ts";
import { TEST_ITEMS } from "../../../src/senders/test-items.ts";
import { startService } from "../../http/service.ts";
import { deadUrl } from "../fake-http.ts";
import { makeFolder, runCli } from "../run-cli.ts";
import { runCommand } from "../run-command.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");

async function startFor(t: TestContext) {
  const service = await startService();
  t.after(() => service.close());
  // The service of these tests has a clock of its own; what senders say is of now.
  service.clock.now = Date.now();
  const writer = await service.key(["writer"], "vm-1", ["main"]);
  const admin = await service.key(["admin"], "root");
  return { service, writer, env: { HOLDFAST_URL: service.url, HOLDFAST_KEY: writer }, admin };
}

test("a known item of every format arrives whole, is proved, and is recognised when it is sent again, with a writer's key", async (t) => {
  const { env } = await startFor(t);
  for (const { format, action } of TEST_ITEMS) {
    const { status, stdout, stderr } = await runCommand(["sources", "test", format], { env });
    assert.equal(status, 0, `${format}: ${stdout}${stderr}`);
    assert.match(
      stdout,
      new RegExp(`arrived {2}as entry \\d+ of main: ${action}, from vm-1, in the format ${format}\n`),
    );
    assert.match(stdout, /\n {2}whole .*\n {2}proved .* it is recorded\n {2}known .*\nThe pipeline works\.\n$/);
  }
});

test("every format has a known item", () => {
  const items = TEST_ITEMS.map(({ format }) => format);
  assert.equal(new Set(items).size, items.length);
  const missing = [NATIVE, ...Object.keys(FORMATS)].filter((format) => !items.includes(format));
  assert.deepEqual(missing, []);
});

test("a sender is tested in the format that it sends, and JSON has what was looked at", async (t) => {
  const { env } = await startFor(t);
  const { status, stdout } = await runCli(["sources", "test", "docker", "--json"], { env });
  assert.equal(status, 0);
  const told = JSON.parse(stdout);
  assert.deepEqual(
    [told.tested, told.format, told.source, told.works, told.status, told.checks.length],
    ["docker", "hec", "vm-1", true, "recorded", 4],
  );
});

/** A proxy that does something to what passes. */
async function startProxy(
  t: TestContext,
  to: string,
  bend: { request?: (body: string) => string; answer?: (path: string, body: string) => string },
): Promise<string> {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const sent = Buffer.concat(chunks).toString();
    const { authorization = "", "content-type": type = "" } = req.headers;
    const answer = await fetch(to + req.url, {
      method: req.method ?? "GET",
      headers: { authorization, ...(type !== "" && { "content-type": type }) },
      ...(sent !== "" && { body: bend.request?.(sent) ?? sent }),
    });
    const text = await answer.text();
    res.writeHead(answer.status, { "content-type": "application/json" });
    res.end(bend.answer?.(req.url ?? "", text) ?? text);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("what is changed on its way, made unreadable, or recorded twice is told, with status 1", async (t) => {
  const { service, env } = await startFor(t);
  const run = async (bend: Parameters<typeof startProxy>[2]) => {
    const url = await startProxy(t, service.url, bend);
    return runCommand(["sources", "test", "logs"], { env: { ...env, HOLDFAST_URL: url } });
  };
  const changed = await run({ request: (body) => body.replace("pipeline", "pipelime") });
  assert.equal(changed.status, 1);
  assert.match(changed.stdout, /whole {4}NOT: expected .*pipeline.* got .*pipelime.*\n[\s\S]*does NOT work/);
  const cut = await run({ request: (body) => body.slice(0, -10) });
  assert.equal(cut.status, 1);
  assert.match(cut.stdout, /arrived {2}NOT: /);
  let count = 0;
  const twice = await run({ request: (body) => body.replace("holdfast-test-", `holdfast-test-${count++}`) });
  assert.equal(twice.status, 1, twice.stdout);
  const edited = await run({
    answer: (path, body) => (path.includes("/bundle") ? body.replace("holdfast.test", "holdfast.tost") : body),
  });
  assert.equal(edited.status, 1);
  assert.match(edited.stderr, /gave a bundle that does not verify/);
});

test("a key that may not append, one for another ledger, and a service that is away end with their status", async (t) => {
  const { service, env } = await startFor(t);
  const reader = await service.key(["reader"], "ada");
  const refused = await runCommand(["sources", "test", "logs"], { env: { ...env, HOLDFAST_KEY: reader } });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /role_insufficient/);
  const away = await runCommand(["sources", "test", "logs"], { env: { ...env, HOLDFAST_URL: await deadUrl() } });
  assert.equal(away.status, 2);
  const unknown = await runCommand(["sources", "test", "carrier-pigeon"], { env });
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /Expected a sender, one of http, .* docker, .*, or one of the formats native, /);
  const line = await runCommand(["sources", "test", "rsyslog"], { env });
  assert.equal(line.status, 2, "its listener is not what this would try");
  assert.match(line.stderr, /does not send over HTTP/);
  const late = await runCommand(["sources", "test", "logs", "--wait", "final", "--timeout", "1"], { env });
  assert.equal(late.status, 2, "no chain takes it here");
  assert.match(late.stderr, /is recorded and not final after 1 seconds/);
});

test("what a ledger demands and the known item does not have is told as that, and not as an item that cannot be read", async (t) => {
  const { service, env, admin } = await startFor(t);
  const rules = await fetch(`${service.url}/v1/ledgers/main/requirements`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${admin}`, "Content-Type": "application/json" },
    body: JSON.stringify({ requirements: [{ name: "from where", members: ["context.ip"] }] }),
  });
  assert.equal(rules.status, 200);
  const { status, stdout } = await runCommand(["sources", "test", "docker"], { env });
  assert.equal(status, 1);
  assert.match(stdout, /arrived {2}NOT: it is quarantined: the ledger demands .*"from where".* at \/context\/ip/);
});

test("a key that the service does not know is told as one in every format, whatever its protocol spells a refusal like", async (t) => {
  const { env } = await startFor(t);
  for (const { format } of TEST_ITEMS) {
    const { status, stderr } = await runCommand(["sources", "test", format], {
      env: { ...env, HOLDFAST_KEY: "hf_other" },
    });
    assert.equal(status, 1, format);
    assert.match(stderr, /The service refused: .* \(key_invalid\); whoever has a live admin key sees/, format);
  }
});

test("a source is added with a key for one ledger, and what to paste has it and the address that senders know", async (t) => {
  const { service, env, admin } = await startFor(t);
  const asAdmin = { ...env, HOLDFAST_KEY: admin };
  const args = [
    "sources",
    "add",
    "docker",
    "--source",
    "vm-2",
    "--note",
    "ask Ada",
    "--public-url",
    "https://logs.example",
  ];
  const added = await runCommand(args, { env: asAdmin });
  assert.deepEqual([added.status, added.stderr], [0, ""]);
  const key = added.stdout.split("\n")[0] as string;
  const { source, roles, ledgers, note } = service.keys.find(key) ?? {};
  assert.deepEqual(
    { source, roles, ledgers, note },
    { source: "vm-2", roles: ["writer"], ledgers: ["main"], note: "ask Ada" },
  );
  assert.ok(
    added.stdout.includes(`--log-opt splunk-url=https://logs.example \\\n      --log-opt splunk-token=${key} \\\n`),
    added.stdout,
  );
  assert.match(added.stdout, /docs\/sources\/docker\.md/);
  const again = await runCommand(args, { env: asAdmin });
  assert.deepEqual([again.status, again.stdout], [1, ""]);
  const { id } = service.keys.find(key) ?? {};
  assert.match(
    again.stderr,
    new RegExp(`vm-2 of the ledger main has a key already \\(${id}\\).*Nothing was changed.*keys revoke ${id}`),
  );
  const another = await runCommand([...args, "--another-key"], { env: asAdmin });
  assert.match(another.stdout, /^hf_/);
  for (const { id } of SENDERS) {
    const made = await runCommand(["sources", "add", id, "--json"], { env: asAdmin });
    assert.equal(made.status, 0, `${id}: ${made.stdout}`);
    const told = JSON.parse(made.stdout);
    assert.equal(told.sender, id);
    if (told.key !== undefined) assert.ok(JSON.stringify(told.paste).includes(told.webhookSecret ?? told.key), id);
  }
  const refused = await runCommand(["sources", "add", "docker"], { env });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /role_insufficient/);
  assert.equal((await runCommand(["sources", "add", "abacus"], { env: asAdmin })).status, 2);
  assert.equal(
    (await runCommand(["sources", "add", "docker", "--public-url", "logs.example"], { env: asAdmin })).status,
    2,
  );
});

test("sources are listed with what came of them, and a key that is used after its end is not overlooked", async (t) => {
  const { service, env, writer, admin } = await startFor(t);
  await runCommand(["sources", "test", "logs"], { env });
  const list = () => runCommand(["sources", "list"], { env: { ...env, HOLDFAST_KEY: admin } });
  const first = await list();
  assert.equal(first.status, 0);
  assert.match(first.stdout, /^SOURCE +LAST SEEN +PER MIN +RECORDED +QUARANTINED +SENT AGAIN +CLOCK +BYTES +KEYS\n/);
  assert.match(first.stdout, /^vm-1 +20\S+Z +[\d.]+ +1 +0 +1 +\S+ (behind|AHEAD) +\d+ +1 live$/m);
  await service.keys.revoke(service.keys.find(writer)?.id ?? "");
  assert.equal((await runCommand(["sources", "test", "logs"], { env })).status, 1);
  assert.match((await list()).stdout, /^vm-1 .* USED AFTER ITS END, \d+ times$/m);
  const asJson = JSON.parse(
    (await runCommand(["sources", "list", "--json"], { env: { ...env, HOLDFAST_KEY: admin } })).stdout,
  );
  assert.ok(asJson.sources.some((each: { source: string }) => each.source === "vm-1"));
});

test("the test of the pipeline on the page for operators runs as it stands", async (t) => {
  const { env, admin } = await startFor(t);
  const page = readFileSync(join(ROOT, "docs", "operations.md"), "utf8");
  const [, part = ""] = page.split("\n## Testing the pipeline\n");
  const block = /^```sh\n([\s\S]*?)^```$/m.exec(part)?.[1] ?? "";
  const holdfast = `holdfast() { "${process.execPath}" "${join(ROOT, "scripts", "holdfast.mjs")}" "$@"; }`;
  const { stdout } = await promisify(execFile)("/bin/sh", ["-e", "-c", `${holdfast}\n${block}`], {
    cwd: makeFolder(t),
    env: { ...process.env, ...env, HOLDFAST_KEY: admin },
  });
  assert.match(stdout, /from pipeline-test, in the format native\n[\s\S]*The pipeline works\.\n$/);
});
