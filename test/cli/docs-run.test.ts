/** What the pages show is run as it stands: the first commands for operators, and verifying in code. */

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { knownCodeHashes } from "../../src/cli/remote/known-contract.ts";
import { World } from "../system/service-process.ts";
import { anchored, TestChain, TestLedger } from "../verify/fixture.ts";
import { serveNode } from "./fake-http.ts";
import { makeFolder } from "./run-cli.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const run = promisify(execFile);

/** Blocks of code of a kind on a page, from a heading on. */
function blocksOf(page: string, heading: string, kind: string): string[] {
  const text = readFileSync(join(ROOT, "docs", `${page}.md`), "utf8");
  const [, part = ""] = text.split(`\n## ${heading}\n`);
  return [...part.matchAll(new RegExp(`^\`\`\`${kind}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, block = ""]) => block);
}

test("the keys for the first real anchor are made by the commands on the page, each for its owner alone", async (t) => {
  const cwd = makeFolder(t);
  const holdfast = `holdfast() { "${process.execPath}" "${join(ROOT, "scripts", "holdfast.mjs")}" "$@"; }`;
  for (const block of blocksOf("operations", "Before the first real anchor", "sh").slice(0, 2)) {
    await run("/bin/sh", ["-e", "-c", `${holdfast}\n${block}`], { cwd });
  }
  for (const who of ["signer", "payer", "owner"]) {
    for (const file of [`${who}.json`, `${who}.password`]) {
      assert.ok(existsSync(join(cwd, file)), file);
      assert.equal(statSync(join(cwd, file)).mode & 0o077, 0, file);
    }
  }
});

test("the code on the page about verdicts verifies a bundle", async (t) => {
  const [sample = ""] = blocksOf("verify", "In code", "ts");
  const folder = makeFolder(t);
  const ledger = new TestLedger(13);
  const chain = new TestChain();
  chain.code = knownCodeHashes()[0];
  const bundle = anchored(ledger.bundle(5, 11), [await chain.anchor(ledger, 13, { from: 11 })]);
  const file = join(folder, "bundle.json");
  writeFileSync(file, JSON.stringify(bundle));
  const script = join(folder, "check.ts");
  writeFileSync(script, sample.replaceAll('"../src/', `"${ROOT}/src/`));
  const { url } = await serveNode(t, chain);
  const check = (id: string) => run(process.execPath, [script, file, url, id]);
  assert.equal((await check(ledger.record.id)).stdout, "verified\n");
  assert.equal((await check(`0x${"1".repeat(64)}`)).stdout, "failed\n", "another ledger is expected");
});

const noOpenssl = spawnSync("openssl", ["version"]).status !== 0 && "NOT TRIED: openssl is missing";

test("the commands on the page make a certificate for the service, and one for a client", {
  skip: noOpenssl,
}, async (t) => {
  const world = new World(t);
  const [, made = "", asked = "", forClients = ""] = blocksOf("operations", "TLS", "sh");
  const cwd = world.folder;
  await run("/bin/sh", ["-e", "-c", made], { cwd });
  const env = {
    HOLDFAST_LISTEN: "",
    HOLDFAST_TLS_LISTEN: "127.0.0.1:0",
    HOLDFAST_TLS_CERT: world.path("tls.crt"),
    HOLDFAST_TLS_KEY: world.path("tls.key"),
    HOLDFAST_TLS_CLIENT_CA: world.path("ca.pem"),
  };
  const service = await world.start({ env });
  const port = new URL(service.url).port;
  const holdfast = `holdfast() { "${process.execPath}" "${join(ROOT, "scripts", "holdfast.mjs")}" "$@"; }`;
  const here = (block: string) => `${holdfast}\n${block.replaceAll("localhost:4643", `127.0.0.1:${port}`)}`;
  const options = {
    cwd,
    env: { ...process.env, HOLDFAST_KEY: service.key, HOLDFAST_URL: `https://127.0.0.1:${port}` },
  };
  const { stdout } = await run("/bin/sh", ["-e", "-c", here(asked)], options);
  assert.match(stdout, /subject=CN = holdfast\.example\nnotAfter=/);
  assert.match(stdout, /"ready":true|"status":"ready"/);
  const shown = await run("/bin/sh", ["-e", "-c", here(forClients)], options);
  assert.match(shown.stdout, /ready/);
});
