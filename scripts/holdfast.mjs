#!/usr/bin/env node
/**
 * Starts the command line. As an installed package: the JavaScript that was built, on the Node that started this. In a checkout: the
 * sources, on Node 24, be it the one that the set-up put into node_modules. Plain JavaScript, because an older Node reads it.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// Otherwise this Node would open the port of its debugger to everybody on the machine.
process.on("SIGUSR1", () => undefined);

/** That runs the sources. */
const NODE_MIN = 24;
/** Each with the first of its versions that runs what was built; `engines` in package.json says the same. */
const NODES_BUILT = { 20: 19, 22: 12 };
/** So that a service stays small; package.json has them for npm start. Why: docs/decisions/0191. */
const SERVICE_FLAGS = ["--disable-sigusr1", "--max-semi-space-size=16", "--heap-growing-percent=30"];
const PARENT_LOOK_MS = 500;
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

const root = fileURLToPath(new URL("..", import.meta.url));
const sources = join(root, "src", "cli", "main.ts");
const built = join(root, "dist", "cli", "main.js");
const ownNodes = ["node", "node.exe"].map((file) => join(root, "node_modules", "node", "bin", file));
const [major, minor] = process.versions.node.split(".").map(Number);

if (!existsSync(sources)) await runInstalled();
else if (!existsSync(join(root, "node_modules", "commander"))) {
  fail(`nothing is installed yet; run "npm run setup" in ${root}`);
} else if (major >= NODE_MIN) await run(sources);
else spawnSources();

async function run(main) {
  if (isService() && !process.execArgv.includes(SERVICE_FLAGS[0])) becomeService();
  const { run: runCommand } = await import(pathToFileURL(main).href);
  process.exitCode = await runCommand(process.argv.slice(2));
}

function isService() {
  return process.argv[2] === "serve";
}

/** The same process begins anew with the flags, which cannot be set any more; where a system has no such call it goes on without. */
function becomeService() {
  if (process.execve === undefined || process.platform === "win32") return;
  const command = [process.execPath, ...process.execArgv, ...SERVICE_FLAGS, ...process.argv.slice(1)];
  process.execve(process.execPath, command, process.env);
}

async function runInstalled() {
  const minorMin = NODES_BUILT[major] ?? (major >= NODE_MIN ? 0 : Number.POSITIVE_INFINITY);
  if (minor < minorMin) fail(`expected Node 20.19, 22.12, 24 or later, got ${process.version}`);
  await run(built);
}

function fail(message) {
  process.stderr.write(`holdfast: ${message}\n`);
  process.exit(2);
}

function spawnSources() {
  const node = ownNodes.find((file) => existsSync(file));
  if (node === undefined) fail(`expected Node ${NODE_MIN} or later; run "npm run setup" in ${root}`);
  // By this it knows whom it belongs to, and ends when this process is killed: src/cli/terminal/process.ts.
  const env = { ...process.env, HOLDFAST_LAUNCHER: String(process.pid) };
  const flags = isService() ? SERVICE_FLAGS : ["--disable-sigusr1"];
  const child = spawn(node, [...flags, sources, ...process.argv.slice(2)], { stdio: "inherit", env });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  // The shell of npx does not pass signals on: it is gone, and this goes on without it.
  const parent = process.ppid;
  const look = () => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    child.kill("SIGTERM");
  };
  const timer = setInterval(look, PARENT_LOOK_MS).unref();
  if (process.env.npm_lifecycle_event !== "npx") clearInterval(timer);
  child.on("error", (error) => fail(`could not start ${node}: ${error.message}`));
  child.on("close", (status, signal) => {
    // Whoever waits for us shall see the same end as if the child had been started directly.
    for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
    if (signal === null) process.exit(status ?? 2);
    process.kill(process.pid, signal);
  });
}
