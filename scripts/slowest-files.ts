/** A reporter for Node's test runner: at the end, which files took longest, so that what makes the tests slow stays in sight. */

import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";

const SHOWN = 10;
const ROOT = `${import.meta.dirname}/..`;

export default async function* slowestFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const files: { readonly file: string; readonly seconds: number }[] = [];
  for await (const { type, data } of events) {
    if (type !== "test:summary" || data.file === undefined) continue;
    files.push({ file: relative(ROOT, data.file), seconds: data.duration_ms / 1000 });
  }
  const slowest = files.sort((a, b) => b.seconds - a.seconds).slice(0, SHOWN);
  yield `\n# slowest of ${files.length} files\n`;
  for (const { file, seconds } of slowest) yield `${seconds.toFixed(1).padStart(7)} s  ${file}\n`;
}
