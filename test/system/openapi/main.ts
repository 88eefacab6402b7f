/**
 * `npm run test:openapi`: schemathesis (https://schemathesis.readthedocs.io) reads the published description and tries a service
 * by it, in all its phases, a fresh service for each seed. It is Python's and is installed into a folder of its own; where that
 * cannot be done it is said loudly. What it cannot know is in schemathesis.toml, with a reason for each.
 */

import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { readJson } from "../../../src/json/read.ts";
import { readConfig } from "../../../src/service/config.ts";
import { startService } from "../../../src/service/service.ts";

const VERSION = "4.32.5";
const FOLDER = join(tmpdir(), `holdfast-schemathesis-${VERSION}`);

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1,2,3" },
    examples: { type: "string", default: "30" },
    workers: { type: "string", default: "1" },
    only: { type: "string" },
  },
});

function run(command: string, args: readonly string[]): SpawnSyncReturns<Buffer> {
  return spawnSync(command, args, { stdio: ["ignore", "ignore", 2] });
}

/** The program, installed when it is not there yet; undefined where it cannot be had. */
function findSchemathesis(): string | undefined {
  const program = join(FOLDER, "bin", "schemathesis");
  if (existsSync(program)) return program;
  if (run("python3", ["-m", "venv", FOLDER]).status !== 0) return undefined;
  const pip = run(join(FOLDER, "bin", "pip"), ["install", "--quiet", `schemathesis==${VERSION}`]);
  return pip.status === 0 && existsSync(program) ? program : undefined;
}

async function makeKey(url: string, adminKey: string): Promise<string> {
  const response = await fetch(`${url}/v1/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${adminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ source: "sender", roles: ["writer"], ledgers: ["main"] }),
  });
  return (readJson(await response.text()) as { key: string }).key;
}

/** Tries a fresh service. @returns the status of schemathesis, 0 when it found nothing */
async function tryWith(program: string, seed: string): Promise<number> {
  const data = await mkdtemp(join(tmpdir(), "holdfast-openapi-"));
  const service = await startService(
    readConfig({ HOLDFAST_DATA: data, HOLDFAST_LISTEN: "127.0.0.1:0", HOLDFAST_LOG: "error" }),
    "0.0.0-test",
  );
  try {
    const adminKey = (await readFile(join(data, "admin.key"), "utf8")).trim();
    const sender = await makeKey(service.url, adminKey);
    const args = [
      ["--config-file", join(import.meta.dirname, "schemathesis.toml")],
      ["run", `${service.url}/openapi.json`, "--url", service.url, "-H", `Authorization: Bearer ${adminKey}`],
      ["--phases", "examples,coverage,fuzzing,stateful", "--seed", seed],
      ["--max-examples", values.examples, "--workers", values.workers],
      ["--request-timeout", "60", "--no-color"],
      values.only === undefined ? [] : ["--include-operation-id", values.only],
    ].flat();
    const env = {
      ...process.env,
      HOLDFAST_SENDER: sender,
      SCHEMATHESIS_HOOKS: "hooks",
      PYTHONPATH: import.meta.dirname,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    const child = spawn(program, args, { cwd: data, env, stdio: ["ignore", 1, 2] });
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (status) => resolve(status ?? 1));
    });
  } finally {
    await service.close();
    await rm(data, { recursive: true, force: true });
  }
}

const program = findSchemathesis();
if (program === undefined) {
  process.stderr.write("\nNOTHING WAS TRIED: schemathesis is not to be had; it needs python3 with venv, and PyPI.\n\n");
} else {
  const failed: string[] = [];
  for (const seed of values.seeds.split(",")) if ((await tryWith(program, seed)) !== 0) failed.push(seed);
  if (failed.length > 0) {
    process.stderr.write(
      `\nThe description and the service disagree, with the seeds ${failed.join(", ")}; see above.\n`,
    );
    process.exitCode = 1;
  }
}
