/** README.md: its commands run as they stand there, and its links lead somewhere. */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import test from "node:test";
import { promisify } from "node:util";
import { atService } from "./system/service-process.ts";

const ROOT = join(import.meta.dirname, "..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const run = promisify(execFile);

/** Names of places that the commands use, and what they are in the test. */
type Places = { readonly url: string; readonly rpc: string; readonly folder: string };

function commandsFor({ url, rpc }: Places): string[] {
  const blocks = [...README.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text]) => text as string);
  return blocks.map((block) => atService(block, { url, node: rpc }));
}

test("the first proof of the page works as it is written", { timeout: 120_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-readme-"));
  // `npx holdfast` finds the command through the package it is called in.
  for (const name of ["package.json", "node_modules", "scripts"]) symlinkSync(join(ROOT, name), join(folder, name));
  const env = {
    ...process.env,
    HOLDFAST_LISTEN: "127.0.0.1:0",
    HOLDFAST_DATA: join(folder, "data"),
    HOLDFAST_LOG: "warn",
  };
  const service = spawn(process.execPath, [join(ROOT, "src/cli/main.ts"), "serve", "--json"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => service.once("exit", resolve));
  try {
    const { value } = await createInterface({ input: service.stdout })[Symbol.asyncIterator]().next();
    const facts = JSON.parse(value as string) as { url: string; chains: { endpoint: string }[] };
    const places = { url: facts.url, rpc: facts.chains[0]?.endpoint as string, folder };
    const commands = commandsFor(places);
    assert.equal(commands.length, 4, "expected four blocks of commands on the page");
    const outputs: string[] = [];
    for (const command of commands) {
      const options = { cwd: folder, env: { ...process.env, HOLDFAST_URL: facts.url } };
      const { stdout } = await run("bash", ["-euo", "pipefail", "-c", command], options);
      outputs.push(stdout);
    }
    assert.equal(
      (JSON.parse(readFileSync(join(folder, "answer.json"), "utf8")) as { status: string }).status,
      "recorded",
    );
    assert.match(outputs[1] as string, /^Signed, no chain asked$/m);
    assert.match(outputs[2] as string, /^Verified on a development chain$/m);
    assert.match(outputs[3] as string, /splunk-token=hf_[\s\S]*^The pipeline works\.$[\s\S]*^docker .* 1 live$/m);
    // Without what the page says to give, neither is called verified.
    for (const file of ["answer.json", `bundle.json --rpc ${places.rpc}`]) {
      const open = run("bash", ["-c", `npx holdfast verify ${file}`], { cwd: folder });
      await assert.rejects(open, (error: { code?: unknown }) => error.code === 2, file);
    }
    const forged = readFileSync(join(folder, "bundle.json"), "utf8").replace("ada", "eve");
    writeFileSync(join(folder, "forged.json"), forged);
    const refused = run("bash", ["-c", `npx holdfast verify forged.json --rpc ${places.rpc}`], { cwd: folder });
    await assert.rejects(refused, (error: { code?: unknown }) => error.code === 1);
  } finally {
    service.kill("SIGINT");
    assert.equal(await ended, 0);
    rmSync(folder, { recursive: true });
  }
});

test("every link of the pages leads to a file that is there", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", ...globSync("docs/**/*.md", { cwd: ROOT })];
  const broken: string[] = [];
  for (const page of pages) {
    const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/```.*?```/gs, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?:|#|mailto:)/.test(target as string)) continue;
      const file = join(ROOT, dirname(page), (target as string).replace(/#.*$/, ""));
      if (!existsSync(file)) broken.push(`${page}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("what the pages say to run goes by the Node that comes from npm, not by an older one of the machine", () => {
  const pages = ["README.md", "CONTRIBUTING.md", ...globSync("docs/*.md", { cwd: ROOT })];
  const bare = pages.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), "utf8").replaceAll(/<!--.*?-->/gs, "");
    return [...text.matchAll(/(?<!npx )\bnode (?:--\S+ )*\S+\.ts\b/g)].map(([command]) => `${page}: ${command}`);
  });
  assert.deepEqual(bare, []);
});
