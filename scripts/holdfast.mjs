#!/usr/bin/env node
/**
 * Starts the command line on Node 24, whatever Node started this: on the one that the set-up put into node_modules,
 * or on this one when it is new enough. Plain JavaScript, because an older Node reads it.
 */

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

// Otherwise this Node would open the port of its debugger to everybody on the machine.
process.on("SIGUSR1", () => undefined);

const NODE_MIN = 24;
const PARENT_LOOK_MS = 500;
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"];

const root = fileURLToPath(new URL("..", import.meta.url));
const main = join(root, "src", "cli", "main.ts");
const ownNodes = ["node", "node.exe"].map((file) => join(root, "node_modules", "node", "bin", file));

if (!existsSync(join(root, "node_modules", "commander"))) {
  process.stderr.write(`holdfast: nothing is installed yet; run "npm run setup" in ${root}\n`);
  process.exit(2);
}

if (Number(process.versions.node.split(".")[0]) >= NODE_MIN) {
  const { run } = await import(pathToFileURL(main).href);
  process.exitCode = await run(process.argv.slice(2));
} else {
  const node = ownNodes.find((file) => existsSync(file));
  if (node === undefined) {
    process.stderr.write(`holdfast: expected Node ${NODE_MIN} or later; run "npm run setup" in ${root}\n`);
    process.exit(2);
  }
  // By this it knows whom it belongs to, and ends when this process is killed: src/cli/terminal/process.ts.
  const env = { ...process.env, HOLDFAST_LAUNCHER: String(process.pid) };
  const child = spawn(node, ["--disable-sigusr1", main, ...process.argv.slice(2)], { stdio: "inherit", env });
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
  child.on("error", (error) => {
    process.stderr.write(`holdfast: could not start ${node}: ${error.message}\n`);
    process.exit(2);
  });
  child.on("close", (status, signal) => {
    // Whoever waits for us shall see the same end as if the child had been started directly.
    for (const forwarded of FORWARDED) process.removeAllListeners(forwarded);
    if (signal === null) process.exit(status ?? 2);
    process.kill(process.pid, signal);
  });
}
