/** A file of 32 MiB that was made to fill memory takes little more than its own length: limits hold while it is read. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { BUNDLE_LIMITS } from "../../src/verify/bundle/bundle.ts";
import { SetPacker } from "../../src/verify/set/pack.ts";
import { TestLedger } from "../verify/fixture.ts";
import { makeFolder } from "./run-cli.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
/** Tells at its end how much memory the process had at most. */
const METER = `data:text/javascript,${encodeURIComponent(
  'process.on("exit", () => process.stderr.write("\\n" + process.resourceUsage().maxRSS))',
)}`;
/** What a file of so many characters takes by itself, read, joined and looked at. */
const OWN_KIB = 480 * 1024;

const ledger = new TestLedger(13);
const bundle = JSON.stringify(ledger.bundle(5));
const room = BUNDLE_LIMITS.charactersMax - bundle.length - 200;

/** A list of as many pieces as there is room for. */
function many(piece: string): string {
  return `${`${piece},`.repeat(Math.floor(room / (piece.length + 1)) - 1)}${piece}`;
}

function sharedSet(): string {
  const packer = new SetPacker(ledger.record.id);
  const lines = [3, 4, 5].flatMap((index) => packer.add(ledger.bundle(index)));
  const [begin = "", shared = "", ...rest] = [...lines, ...packer.end()];
  return [begin, shared.replace('"nodes":[', `"nodes":[${many("{}")},`), ...rest].join("\n");
}

const FILES: readonly (readonly [what: string, command: string, make: () => string, status: number])[] = [
  ["empty objects as anchors", "verify", () => bundle.replace('"anchors":[]', `"anchors":[${many("{}")}]`), 1],
  ["empty lists as anchors", "verify", () => bundle.replace('"anchors":[]', `"anchors":[${many("[]")}]`), 1],
  [
    "empty objects in a member",
    "verify",
    () => bundle.replace(/"text":"[^"\\]*(?:\\.[^"\\]*)*"/, `"text":${JSON.stringify(`"a":[${many("{}")}]`)}`),
    1,
  ],
  ["empty objects in a shared proof", "verify", sharedSet, 1],
  ["empty lines", "verify", () => "\n".repeat(room), 3],
  ["empty lines in a proof", "verify", () => bundle.replace("{", `{${"\n".repeat(room)}`), 2],
  ["empty objects and nothing else", "verify", () => `[${many("{}")}]`, 3],
  ["empty objects and nothing else", "fork-proof", () => `[${many("{}")}]`, 2],
];

function measure(
  t: TestContext,
  command: string,
  text: string,
): Promise<{ readonly status: number; readonly kib: number }> {
  const file = join(makeFolder(t), "file");
  writeFileSync(file, text);
  const { promise, resolve } = Promise.withResolvers<{ status: number; kib: number }>();
  execFile(process.execPath, ["--import", METER, MAIN, command, file], (error, _, stderr) => {
    const status = error === null ? 0 : Number(error.code);
    resolve({ status, kib: Number(stderr.slice(stderr.lastIndexOf("\n") + 1)) });
  });
  return promise;
}

test("no file of 32 MiB takes a command many times its length in memory", async (t) => {
  const { kib: least } = await measure(t, "verify", bundle);
  assert.ok(least > 0);
  const wrong: string[] = [];
  for (const [what, command, make, expected] of FILES) {
    const { status, kib } = await measure(t, command, make());
    if (status !== expected) wrong.push(`${command}, ${what}: status ${status}, expected ${expected}`);
    if (!(kib - least < OWN_KIB)) wrong.push(`${command}, ${what}: ${Math.round((kib - least) / 1024)} MiB`);
  }
  assert.deepEqual(wrong, []);
});
