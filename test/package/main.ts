/**
 * `npm run test:package`: the package as somebody has it who installs it into an empty folder, on every Node for which it is. It says
 * what it measures. Part of it is in packed.test.ts, which `npm test` runs. `-- 20` tries one version alone.
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { World } from "../system/service-process.ts";
import { runDoorTests, transpileDoorTests } from "./door-tests.ts";
import { firstRun } from "./first-run.ts";
import { InstalledProject } from "./installed-project.ts";
import { sendThroughKills } from "./killed-service.ts";
import { MAJORS, nodeOf } from "./nodes.ts";
import { pack, ROOT, runTool } from "./packed.ts";

const ends: (() => Promise<void>)[] = [];
const world = new World({ after: (end) => ends.push(end) });

function lint(tarball: string): void {
  const bin = (name: string) => join(ROOT, "node_modules", ".bin", name);
  runTool(bin("publint"), ["run", "--strict", tarball], ROOT);
  runTool(bin("attw"), [tarball], ROOT);
  console.log("publint and attw find nothing");
}

async function tryOn(major: number, tarball: string, doorTests: readonly string[]): Promise<void> {
  const node = nodeOf(major);
  console.log(runDoorTests(node, doorTests));
  const project = new InstalledProject(world.path(`node-${major}`), node, tarball);
  const told = [...(await firstRun(project, world)), ...(await sendThroughKills(project, world))];
  for (const line of told) console.log(line);
}

/** Whoever has an older Node is told so by every door and by the command line, and not by something that is missing. */
function refusesOlder(tarball: string): void {
  const node = nodeOf(TOO_OLD);
  const project = new InstalledProject(world.path(`node-${TOO_OLD}`), node, tarball);
  const refusal = /expected Node 20\.19, 22\.12, 24 or later, got v?18\./;
  for (const door of ["client", "spool", "express", "pino"]) {
    project.write("door.mjs", `await import("holdfast/${door}");`);
    assert.throws(() => project.node("door.mjs"), refusal, door);
  }
  assert.throws(() => project.npx("--version"), refusal);
  console.log(`Node ${TOO_OLD} is refused with the versions that are not`);
}

const TOO_OLD = 18;

try {
  const wanted = process.argv.slice(2).map(Number);
  mkdirSync(world.path("packed"));
  const { tarball } = pack(world.path("packed"));
  lint(tarball);
  if (wanted.length === 0) refusesOlder(tarball);
  const doorTests = transpileDoorTests();
  for (const major of MAJORS) {
    if (wanted.length === 0 || wanted.includes(major)) await tryOn(major, tarball, doorTests);
  }
} finally {
  for (const end of ends) await end();
}
