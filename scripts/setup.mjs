/**
 * Installs what the project needs and builds its pages, and is silent and quick when nothing is missing. Plain JavaScript, because it
 * runs before anything is installed, on whatever Node is there (20 or later).
 *
 * Two steps, since npm leaves out optional packages whose engines do not admit the Node that npm itself runs on:
 * the first brings Node 24 (the package `node`), the second runs npm on it and adds what the first left out.
 * Why: docs/decisions/0001.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildPages } from "./pages.mjs";

const NODE_MIN = 20;
const NODE_PROJECT = 24;

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const stampFile = join(root, "node_modules", ".holdfast-setup");

function major(version) {
  return Number(version.replace(/^v/, "").split(".")[0]);
}

/** Changes whenever an install would do something else. */
function stamp() {
  const lock = readFileSync(join(root, "package-lock.json"));
  return `${createHash("sha256").update(lock).digest("hex")} ${process.platform}-${process.arch}\n`;
}

function isDone() {
  return existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp() && existsSync(join(bin, "node"));
}

function fail(message) {
  process.stderr.write(`holdfast: ${message}\n`);
  process.exit(1);
}

/** Runs npm; with the Node of the project first on the PATH once it is there. */
function npm(args, projectNode) {
  const env = { ...process.env, npm_config_fund: "false", npm_config_audit: "false", npm_config_loglevel: "error" };
  if (projectNode) env.PATH = `${bin}${delimiter}${env.PATH ?? ""}`;
  const script = process.env.npm_execpath;
  const node = projectNode ? join(bin, "node") : process.execPath;
  const [command, head] = script?.endsWith(".js") ? [node, [script]] : ["npm", []];
  const { status, error } = spawnSync(command, [...head, ...args], { cwd: root, env, stdio: ["ignore", 2, 2] });
  if (error) fail(`could not run npm: ${error.message}`);
  if (status !== 0) fail(`npm ${args[0]} failed with status ${status}; mend what it says above and run this again`);
}

/**
 * Scripts of package.json that run until they are stopped begin with `exec`, so that the shell makes room for them and
 * they get the signals that npm passes on. The shell of Windows has no such word; there it runs what follows.
 */
function makeExec() {
  const file = join(bin, "exec.cmd");
  if (process.platform === "win32" && !existsSync(file)) writeFileSync(file, "@%*\r\n");
}

if (major(process.version) < NODE_MIN) fail(`expected Node ${NODE_MIN} or later, got ${process.version}`);

if (!isDone()) {
  // npm would empty the folder that it leads to, which is another checkout's, and leave nothing there.
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    fail(
      "what is installed is not what package-lock.json asks for, and node_modules is a link: remove the link, then run this again",
    );
  }
  process.stderr.write("holdfast: first run, installing packages (a minute or two) ...\n");
  npm(["ci", "--include=dev"], false);
  const brought = spawnSync(join(bin, "node"), ["--version"], { encoding: "utf8" });
  if (brought.status !== 0 || major(brought.stdout) < NODE_PROJECT) {
    fail(`expected the package "node" to bring Node ${NODE_PROJECT}; npm may be set to ignore install scripts`);
  }
  // Costs two seconds where nothing was left out, and does not have to know what would be.
  npm(["install", "--no-save", "--include=dev"], true);
  writeFileSync(stampFile, stamp());
}

makeExec();
if (!buildPages()) fail("the pages could not be built; mend what it says above and run this again");
