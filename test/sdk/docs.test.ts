/** The examples of docs/client.md, run as they stand, and the client as a page has it. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { startScene } from "./clients.ts";

const ROOT = join(import.meta.dirname, "../..");
const scene = await startScene({ after });
const folder = mkdtempSync(join(tmpdir(), "holdfast-client-page-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const blocks = [...readFileSync(join(ROOT, "docs/client.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, block = ""]) => block,
);

async function run(block: string, name: string): Promise<string> {
  const source = block
    .replaceAll(/"holdfast\/(\w+)"/g, (_, door) => JSON.stringify(join(ROOT, "src/sdk", door, "index.ts")))
    .replaceAll(/from "(express|pino|winston)"/g, (_, name) => `from ${JSON.stringify(import.meta.resolve(name))}`);
  const file = join(folder, `${name}.ts`);
  writeFileSync(file, source);
  const env = { ...process.env, URL: scene.service.url, KEY: scene.key };
  const child = spawn(process.execPath, [file], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  assert.equal(await new Promise((resolve) => child.once("close", resolve)), 0, output);
  return output;
}

test("every example of the page runs and does what the page says", async () => {
  const outputs: string[] = [];
  for (const [i, block] of blocks.entries()) outputs.push(await run(block, `example-${i}`));
  const reading = /^0 invoice\.paid recorded passed\n\d+ invoice\.paid recorded passed\n$/;
  const expected = [/^0 holdfast\/bundle@1\nevent_invalid \/action 1\n$/, /^spooled\n0\n$/, reading, /^$/, /^$/, /^$/];
  assert.equal(outputs.length, expected.length);
  for (const [i, output] of outputs.entries()) assert.match(output, expected[i] as RegExp, blocks[i]);
  const found: Record<string, unknown>[] = [];
  for await (const { event } of scene.client().read.events()) found.push({ ...event });
  const order = found.find(({ action }) => action === "POST /orders/:id");
  assert.deepEqual(((order?.metadata ?? {}) as { request?: unknown }).request, {
    params: { id: "7" },
    body: { amount: 12 },
  });
  const approved = found
    .filter(({ action }) => action === "invoice.approved")
    .map(({ actor }) => (actor as { id: string }).id);
  assert.deepEqual(approved, ["alice", "carol"]);
  assert.ok(found.some(({ message }) => message === "login failed"));
});

test("a page has the client in one file without anything of Node, and appends and verifies with it", async () => {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "src/sdk/client/index.ts")],
    bundle: true,
    format: "iife",
    globalName: "holdfast",
    platform: "browser",
    minify: true,
    write: false,
  });
  const text = outputFiles[0]?.text ?? "";
  assert.ok(text.length < 150_000, `got ${text.length} characters`);
  // What a page has, and a program has not.
  const names = {
    fetch,
    URL,
    URLSearchParams,
    TextEncoder,
    TextDecoder,
    AbortController,
    setTimeout,
    clearTimeout,
    crypto,
    console,
    performance,
  };
  const page = createContext({ ...names });
  runInContext(text, page);
  const settings = JSON.stringify({ url: scene.service.url, key: scene.key });
  const work = `(async () => {
    const client = holdfast.createClient(${settings});
    const { state, index, bundle } = await client.append({ action: "page.opened", actor: { type: "user", id: "p" } });
    const { verdict } = await client.read.bundle(index);
    await client.close();
    return JSON.stringify([state, bundle.format, verdict.checks]);
  })()`;
  assert.equal(await runInContext(work, page), '["recorded","holdfast/bundle@1","passed"]');
});
