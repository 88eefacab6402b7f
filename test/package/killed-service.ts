/**
 * A program that sends 10,000 events with holdfast/client and a spool, while the service is killed twice in the middle of it. Afterwards
 * every event is in the ledger once, and holdfast/verify judges each of them, in Node and, as a bundle, in a browser.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import { build } from "esbuild";
import type { ServiceProcess, World } from "../system/service-process.ts";
import { launchBrowser } from "../web/browser.ts";
import type { InstalledProject } from "./installed-project.ts";
import { environmentOn } from "./nodes.ts";

const EVENTS = 10_000;
/** Events that are recorded when the service is killed. */
const KILLS = [2000, 6000];

const SENDER = `
  import { createClient } from "holdfast/client";
  import { openSpool } from "holdfast/spool";
  const [url, key] = process.argv.slice(2);
  const spool = openSpool({ folder: "spool" });
  const onRecorded = (events) => process.send({ recorded: events.length });
  const client = createClient({ url, key, mode: "spool", spool, onRecorded, batch: { countMax: 200 }, retry: { maxMs: 500 } });
  for (let at = 0; at < ${EVENTS}; at += 100) {
    const events = Array.from({ length: 100 }, (_, i) => ({
      action: "order.paid",
      actor: { type: "user", id: "ada" },
      metadata: { number: at + i },
    }));
    await client.append(events);
  }
  await client.flush({ deadlineMs: 240_000 });
  const { waiting, dropped, refused } = await client.close();
  if (waiting + dropped + refused > 0) throw new Error(JSON.stringify({ waiting, dropped, refused }));
  process.disconnect();
`;

const JUDGE = `
  import { createReadStream } from "node:fs";
  import { createInterface } from "node:readline";
  import { verifySet } from "holdfast/verify";
  const numbers = [];
  const lines = createInterface({ input: createReadStream("set.ndjson"), crlfDelay: Infinity });
  const options = { offline: true, expected: { signers: [process.argv[2]] } };
  const verdict = await verifySet(lines, options, ({ outcome, event }) => {
    if (outcome === "verified" && event.action === "order.paid") numbers.push(event.metadata.number);
  });
  console.log(JSON.stringify({ outcome: verdict.outcome, numbers }));
`;

const IN_BROWSER = `
  import { verifySet } from "holdfast/verify";
  globalThis.judge = async (text, signer) => {
    const verdict = await verifySet(text.split("\\n").slice(0, -1), { offline: true, expected: { signers: [signer] } });
    return { outcome: verdict.outcome, verified: verdict.verified };
  };
`;

/** @returns lines about what was measured */
export async function sendThroughKills(project: InstalledProject, world: World): Promise<string[]> {
  const began = performance.now();
  const start = { data: relative(world.folder, join(project.folder, "killed")), program: project.program };
  let service = await world.start(start);
  const { url } = service;
  const env = { HOLDFAST_LISTEN: new URL(url).host };
  project.write("sender.mjs", SENDER);
  const sent = send(project, service, async () => {
    await service.stop("SIGKILL");
    service = await world.start({ ...start, env });
  });
  await sent;
  const sendS = (performance.now() - began) / 1000;
  const last = JSON.parse((await service.ask("GET /v1/ledgers/main")).text) as { readonly size: number };
  const to = ["--url", url, "--key-file", "killed/admin.key"];
  project.npx("prove", `0-${last.size - 1}`, "--out", "set.ndjson", ...to);
  await service.stop();
  const { signer } = service.facts;
  project.write("judge.mjs", JUDGE);
  const judged = JSON.parse(project.node("judge.mjs", signer)) as { outcome: string; numbers: number[] };
  assert.equal(judged.outcome, "verified");
  const numbers = judged.numbers.sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: EVENTS }, (_, i) => i),
  );
  const bytes = await judgeInBrowser(project, { signer, count: last.size });
  return [
    `${EVENTS} events through ${KILLS.length} kills: each once, each verified; sent in ${sendS.toFixed(1)} s`,
    `the same in Chromium, by ${(bytes / 1000).toFixed(0)} kB of holdfast/verify`,
  ];
}

/** Runs the sender to its end, and kills the service whenever so many events are recorded. */
async function send(project: InstalledProject, service: ServiceProcess, kill: () => Promise<void>): Promise<void> {
  const [node = ""] = project.program;
  const child = spawn(node, ["sender.mjs", service.url, service.key], {
    cwd: project.folder,
    env: environmentOn(node),
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const left = [...KILLS];
  let recorded = 0;
  let killing = Promise.resolve();
  child.on("message", (message: { readonly recorded: number }) => {
    recorded += message.recorded;
    if (recorded < (left[0] ?? Number.POSITIVE_INFINITY)) return;
    left.shift();
    killing = killing.then(kill);
  });
  const status = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  await killing;
  assert.equal(status, 0, "the sender ended well");
  assert.deepEqual(left, [], "the service was killed as often as was meant");
}

/** @returns the size of the bundle */
async function judgeInBrowser(
  project: InstalledProject,
  { signer, count }: { readonly signer: string; readonly count: number },
): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: IN_BROWSER, resolveDir: project.folder },
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    platform: "browser",
  });
  const script = outputFiles[0]?.text ?? "";
  const server = createServer((_, res) => res.end("<!doctype html><title>holdfast/verify</title>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.addScriptTag({ content: script });
    const asked = { text: project.read("set.ndjson"), signer };
    const said = await page.evaluate(({ text, signer: by }) => {
      const { judge } = globalThis as unknown as { judge: (text: string, by: string) => Promise<unknown> };
      return judge(text, by);
    }, asked);
    assert.deepEqual(said, { outcome: "verified", verified: count });
  } finally {
    await browser.close();
    server.close();
  }
  return script.length;
}
