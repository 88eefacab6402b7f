/** What a start of the service reads: not the mathematics of what few services ever do. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import test from "node:test";

const SRC = join(import.meta.dirname, "../../src");
/** Imports that are read at once; those of types are not, nor those that are asked for when they are needed. */
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^;]*?\sfrom\s+)?"([^"]+)"/gm;

/** The packages that a file brings with it, each with the file of ours that names it. */
function packagesOf(file: string, seen = new Set<string>(), found = new Map<string, string>()): Map<string, string> {
  if (seen.has(file)) return found;
  seen.add(file);
  for (const [, name = ""] of readFileSync(file, "utf8").matchAll(IMPORT)) {
    if (name.startsWith(".")) packagesOf(join(dirname(file), name), seen, found);
    else if (!name.startsWith("node:")) found.set(name, relative(SRC, file));
  }
  return found;
}

test("a start reads nothing of what encrypts archives, writes Parquet, decompresses by WebAssembly or talks to key services", () => {
  const read = packagesOf(join(SRC, "cli/serve.ts"));
  assert.ok(
    [...read.keys()].some((name) => name.startsWith("ethers/")) && read.has("level"),
    "the imports of a service are found",
  );
  const later = [
    "age-encryption",
    "hyparquet-writer",
    "zstddec",
    "graphene-pk11",
    "@aws-sdk/client-kms",
    "cli-progress",
    "ethers",
    "nodemailer",
    "re2js",
  ];
  assert.deepEqual(
    [...read].filter(([name]) => later.includes(name)),
    [],
  );
});
