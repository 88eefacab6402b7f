/** docs/api.md: its commands run against a service, and its table of codes is the table of the code. */

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { promisify } from "node:util";
import { CODES } from "../../../src/http/api/codes.ts";
import { type Running, startService } from "../service.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/api.md"), "utf8");
const [, ...blocks] = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, commands]) => commands as string);
const run = promisify(execFile);

let service: Running;
let key: string;

before(async () => {
  service = await startService();
  key = await service.key(["admin"], "admin");
});
after(() => service.close());

const missing = ["bash", "curl", "gzip"].filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);
const skip = missing.length > 0 && `needs ${missing.join(", ")}`;

test("every command of the page succeeds, in the order of the page", { skip }, async () => {
  assert.ok(blocks.length >= 7);
  // Only what the page shows is set, so that nothing of the machine is needed to follow it.
  const env = { PATH: process.env.PATH, URL: service.url, KEY: key };
  for (const commands of blocks) {
    const { stdout } = await run("bash", ["-euo", "pipefail", "-c", commands], { env });
    assert.doesNotMatch(stdout, /urn:holdfast:problem/);
  }
  assert.equal(service.ledgers.get("main")?.size, 4);
  assert.ok(service.ledgers.get("payroll") !== undefined);
});

test("the table of codes is complete", () => {
  const rows = [...page.matchAll(/^\| (\d{3}) \| `(\w+)` \| (.*) \|$/gm)].map(([, status, code, title]) => {
    return [code, [Number(status), title]];
  });
  assert.deepEqual(Object.fromEntries(rows), CODES);
});
