/** The pages of docs/sources: their commands that ask a service run against one, and the index has a line for each of them. */

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { promisify } from "node:util";
import { ask, type Running, startService } from "../service.ts";

const FOLDER = join(import.meta.dirname, "../../../docs/sources");
const pages = globSync("*.md", { cwd: FOLDER }).filter((page) => page !== "README.md");
const run = promisify(execFile);

const missing = ["bash", "curl", "openssl"].filter((tool) => spawnSync(tool, ["version"]).error !== undefined);
const skip = missing.length > 0 && `needs ${missing.join(", ")}`;

test("every page of a sender has a line in the index", () => {
  const index = readFileSync(join(FOLDER, "README.md"), "utf8");
  for (const page of pages) assert.ok(index.includes(`](${page})`), page);
});

/** The secret of the source that a page about signed webhooks names; no text where it names none. */
async function secretFor(service: Running, text: string): Promise<string> {
  const source = /\?source=([\w-]+)/.exec(text)?.[1];
  if (source === undefined) return "";
  // Its commands sign the time at which they run.
  service.clock.now = Date.now();
  const { webhookSecret } = await service.keys.create({ roles: ["writer"], source, webhookSecret: true });
  return webhookSecret ?? "";
}

for (const page of pages) {
  const text = readFileSync(join(FOLDER, page), "utf8");
  const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)]
    .map(([, commands]) => commands as string)
    // Others are for the machine of the sender.
    .filter((commands) => commands.includes("$URL"));
  if (blocks.length === 0) continue;
  test(`every question to the service on docs/sources/${page} succeeds, in the order of the page`, {
    skip,
  }, async () => {
    const service = await startService();
    try {
      const key = await service.key(["admin"], "desk");
      const secret = await secretFor(service, text);
      const env = { PATH: process.env.PATH, URL: service.url, KEY: key, SECRET: secret };
      for (const commands of blocks) {
        const { stdout } = await run("bash", ["-euo", "pipefail", "-c", commands], { env });
        assert.doesNotMatch(stdout, /urn:holdfast:problem/);
        assert.doesNotMatch(stdout, /"quarantined":(true|[1-9])/, "nothing that a page tells to send is quarantined");
      }
      const size = service.ledgers.get("main")?.size ?? 0;
      assert.ok(size > 0, "something was recorded");
      if (secret === "") return;
      const { event } = (await ask(service, `GET /v1/ledgers/main/events/${size - 1}`, { key })).as("StoredEvent");
      assert.equal((event._source as { signature?: string }).signature, "verified");
    } finally {
      await service.close();
    }
  });
}
