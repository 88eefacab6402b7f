/** Test files that share a process: which ones do, and that each of them is told by its name, also one that ends or hangs the process. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { groupTests, isPure } from "../scripts/test-groups.ts";

const ROOT = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "holdfast-groups-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const PASSES = 'import test from "node:test";\ntest("passes", () => undefined);\n';

function put(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** As `npm test` runs files. */
function runFiles(...files: string[]) {
  // A runner within a test file would tell its parent what it runs.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/unit.ts", ...files], {
    cwd: ROOT,
    env,
    encoding: "utf8",
  });
  return { status, said: stdout + stderr };
}

test("a file shares a process when nothing that it imports starts, listens or is changed for the whole process", () => {
  const cases: Readonly<Record<string, boolean>> = {
    [PASSES]: true,
    'import { sizes } from "./sizes.ts";': true,
    'import type { Server } from "node:http";': true,
    'import { createServer } from "node:http";': false,
    'const { spawn } = await import("node:child_process");': false,
    'import { chromium } from "playwright-core";': false,
    'import "some-package/that-does-anything";': false,
    'import { served } from "./served.ts";': false,
    'import { gone } from "./gone.ts";': false,
    'process.env.TZ = "UTC";': false,
    "globalThis.fetch = () => 1;": false,
    "t.mock.timers.enable();": false,
    "beforeEach(() => undefined);": false,
  };
  put("sizes.ts", "export const sizes = [1];\n");
  put("served.ts", 'import { createServer } from "node:http";\nexport const served = createServer;\n');
  const found = Object.keys(cases).map((text, i) => [text, isPure(put(`case-${i}.ts`, text))]);
  assert.deepEqual(Object.fromEntries(found), cases);
});

test("what stands alone keeps its place, each file is run once, and a group has its place by its first file", () => {
  const alone = put("alone.test.ts", 'import "node:http";\n');
  const pure = Array.from({ length: 30 }, (_, i) => put(`pure-${i}.test.ts`, PASSES));
  const inTurn = [pure[0] as string, alone, ...pure.slice(1)];
  const { files, membersOf } = groupTests(inTurn, folder);
  assert.deepEqual([membersOf.has(files[0] ?? ""), files[1]], [true, alone]);
  assert.deepEqual(files.flatMap((file) => membersOf.get(file) ?? [file]).sort(), inTurn.sort());
  assert.ok(files.length < 6, `${files.length}`);
});

test("a test that fails, a file that cannot be loaded: both are told by name, and the others are run", () => {
  const one = put("one.test.ts", PASSES.replace("passes", "the first one passes"));
  const broken = put("broken.test.ts", `${PASSES}throw new Error("no good");\n`);
  const fails = put(
    "fails.test.ts",
    'import test from "node:test";\ntest("fails", () => { throw new Error("as it has to"); });\n',
  );
  const last = put("last.test.ts", PASSES.replace("passes", "the last one passes"));
  const { status, said } = runFiles(one, broken, fails, last);
  assert.equal(status, 1);
  for (const expected of [
    /✔ the first one passes/,
    /✔ the last one passes/,
    /✖ .*broken\.test\.ts/,
    /no good/,
    /as it has to/,
  ])
    assert.match(said, expected);
  assert.match(said, /fails\.test\.ts:2/);
  assert.equal(runFiles(one, last).status, 0);
});

test("a file that is killed with the process that it shares, as one that hangs is, is told by name, and the others are run all the same", () => {
  const one = put("one.test.ts", PASSES.replace("passes", "the first one passes"));
  const crashes = put(
    "crashes.test.ts",
    'import test from "node:test";\ntest("crashes", () => { process.kill(process.pid, "SIGKILL"); });\n',
  );
  const last = put("last.test.ts", PASSES.replace("passes", "the last one passes"));
  assert.ok(isPure(crashes));
  const { status, said } = runFiles(one, crashes, last);
  assert.equal(status, 1, said);
  assert.match(said, /3 files shared a process that did not come to its end; each of them is run alone/);
  assert.match(said, /did not come to its end: .*crashes\.test\.ts/);
  assert.doesNotMatch(said, /did not come to its end: .*(?:one|last)\.test\.ts/);
  assert.match(said, /✔ the last one passes/);
});

test("every test file has tests: one that has none would be passed without a word", () => {
  const files = globSync("test/**/*.test.ts", { cwd: ROOT });
  const registers = /(?:^|\) ) *(?:await )?(?:test\w*(?:\.\w+)?|suite)\(/m;
  const without = files.filter((file) => !registers.test(readFileSync(join(ROOT, file), "utf8")));
  assert.ok(files.length > 400, `${files.length}`);
  assert.deepEqual(without, []);
});

test("of the tests here, those of mathematics share a process, and those of services, browsers and chains do not", () => {
  const isShared = (name: string) => isPure(join(ROOT, "test", name));
  assert.deepEqual(["merkle/proof.test.ts", "entry/event.test.ts"].map(isShared), [true, true]);
  const alone = ["system/start.test.ts", "web/look.test.ts", "contracts/solidity.test.ts", "hung-files.test.ts"];
  assert.deepEqual(alone.map(isShared), [false, false, false, false]);
  assert.match(readFileSync(join(ROOT, "scripts", "unit.ts"), "utf8"), /groupTests\(/);
});
