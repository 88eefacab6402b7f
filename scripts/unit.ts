/**
 * Runs every test file with Node's test runner, some at a time, in an order of its own: the runner's is that of the alphabet, in which
 * the files that wait most come together, and the longest ones last.
 */

import { globSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { endHungFiles } from "./hung-files.ts";
import slowestFiles from "./slowest-files.ts";

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

const files = inOrder(globSync("test/**/*.test.ts", { cwd: ROOT })).map((file) => join(ROOT, file));
const endWatch = endHungFiles(HANGS_MS, (command) => {
  console.error(`# killed, since it had not ended after ${HANGS_MS / 1000} s: ${command}`);
  process.exitCode = 1;
});
const events = run({ files, cwd: ROOT, concurrency: CONCURRENCY, timeout: HANGS_MS });
events.on("test:fail", () => {
  process.exitCode = 1;
});
events.compose(new spec()).pipe(process.stdout);
for await (const text of slowestFiles(events.pipe(new PassThrough({ objectMode: true })))) process.stdout.write(text);
endWatch();
