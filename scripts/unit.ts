/**
 * Runs every test file with Node's test runner, some at a time, in an order of its own: the runner's is that of the alphabet, in which
 * the files that wait most come together, and the longest ones last. Files that need no process of their own share one.
 * `node scripts/unit.ts [file …]`
 */

import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { endHungFiles } from "./hung-files.ts";
import slowestFiles from "./slowest-files.ts";
import { groupTests } from "./test-groups.ts";

const ROOT = join(import.meta.dirname, "..");
/** Four test files at a time: on two cores two of them wait for a process, a browser or a block. */
const CONCURRENCY = 4;
/** What takes longer than this hangs, and is ended and named instead of waited for; the longest file takes two and a half minutes. */
const HANGS_MS = 600_000;
/** Files that wait for services that are started, killed and started again: one after the other, spread among the rest. */
const WAITING = ["system/faults", "system"];
/** Folders whose files take long, so that none of them runs alone at the end; those that are not named come last. */
const LONG = ["store", "web", "cli", "sdk", "contracts", "anchor", "vectors", "http", "devchain"];

/** Place of a file by the first of the folders that it is in. */
function placeIn(folders: readonly string[], file: string): number {
  const place = folders.findIndex((folder) => file.startsWith(`test/${folder}/`));
  return place < 0 ? folders.length : place;
}

function sorted(files: readonly string[], folders: readonly string[]): string[] {
  return files.toSorted((a, b) => placeIn(folders, a) - placeIn(folders, b) || (a < b ? -1 : 1));
}

/** Those that wait evenly among the others. */
function inOrder(files: readonly string[]): string[] {
  const waits = (file: string) => placeIn(WAITING, file) < WAITING.length;
  const waiting = sorted(files.filter(waits), WAITING);
  const others = sorted(
    files.filter((file) => !waits(file)),
    LONG,
  );
  const places = [waiting, others].flatMap((list) => list.map((file, i) => ({ file, at: i / list.length })));
  return places.sort((a, b) => a.at - b.at).map(({ file }) => file);
}

/** Runs files. @returns those that ended without a word about how: a process that crashed or was killed */
async function runFiles(files: readonly string[]): Promise<string[]> {
  const untold = new Set(files);
  const events = run({ files: [...files], cwd: ROOT, concurrency: CONCURRENCY, timeout: HANGS_MS });
  events.on("test:fail", () => {
    process.exitCode = 1;
  });
  events.on("test:summary", ({ file }) => {
    if (file !== undefined) untold.delete(file);
  });
  events.compose(new spec()).pipe(process.stdout);
  for await (const text of slowestFiles(events.pipe(new PassThrough({ objectMode: true })))) process.stdout.write(text);
  return [...untold];
}

const folder = mkdtempSync(join(tmpdir(), "holdfast-tests-"));
const endWatch = endHungFiles(HANGS_MS, (command) => {
  console.error(`# killed, since it had not ended after ${HANGS_MS / 1000} s: ${command}`);
  process.exitCode = 1;
});
try {
  const asked = process.argv.slice(2).map((file) => resolve(file));
  const all = () => inOrder(globSync("test/**/*.test.ts", { cwd: ROOT })).map((file) => join(ROOT, file));
  const { files, membersOf } = groupTests(asked.length > 0 ? asked : all(), folder);
  const untold = await runFiles(files);
  const together = untold.flatMap((file) => membersOf.get(file) ?? []);
  const alone = untold.filter((file) => !membersOf.has(file));
  if (together.length > 0) {
    console.error(
      `# ${together.length} files shared a process that did not come to its end; each of them is run alone`,
    );
    alone.push(...(await runFiles(together)));
  }
  for (const file of alone) console.error(`# did not come to its end: ${relative(ROOT, file)}`);
  if (untold.length > 0) process.exitCode = 1;
} finally {
  endWatch();
  rmSync(folder, { recursive: true, force: true });
}
