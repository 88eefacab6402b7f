/**
 * Puts test files together that need no process of their own: loading what they all import costs more than what most of them try. A file qualifies by what
 * it and everything it imports name: nothing that starts, listens or is changed for the whole process.
 * Why: docs/decisions/0256.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { pathToFileURL } from "node:url";

const SOURCES = join(import.meta.dirname, "..", "src", sep);
/** Of Node: what neither starts nor opens anything beside files. */
const NODE_PARTS = new Set([
  "node:assert",
  "node:assert/strict",
  "node:buffer",
  "node:crypto",
  "node:events",
  "node:fs",
  "node:fs/promises",
  "node:os",
  "node:path",
  "node:perf_hooks",
  "node:stream",
  "node:stream/promises",
  "node:string_decoder",
  "node:test",
  "node:timers",
  "node:timers/promises",
  "node:url",
  "node:util",
  "node:zlib",
]);
/** Packages that compute; a chain that Hardhat simulates is within the process. */
const PACKAGES = new Set([
  "@ethereumjs/mpt",
  "@ethereumjs/rlp",
  "@noble/curves",
  "@noble/hashes",
  "age-encryption",
  "canonicalize",
  "ethers",
  "fast-check",
  "hardhat",
  "hash-wasm",
  "keccak256",
  "merkletreejs",
  "prom-client",
  "secp256k1",
  "snappyjs",
  "solc",
  "typescript",
  "zod",
  "zstddec",
]);
/** What holds for a whole process: its settings, its clock, its memory, and hooks that would run around the tests of others. */
const WHOLE_PROCESS =
  /\bprocess\.(?:env|chdir|exit|exitCode|on|once|umask|memoryUsage)\b|\bglobalThis\b|\bmock\.|\bgc\(|\b(?:before|beforeEach|afterEach)\(/;
const IMPORTS =
  /(?:^|\n)(?:import|export)\s(?!type\b)[^;"']*?\bfrom\s*"([^"]+)"|(?:^|\n)import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/g;
const PACKAGE_NAME = /^(?:@[^/]+\/)?[^/]+/;
/** Few enough that none of them holds up the end of a run. */
const GROUP_SIZE = 8;

export type TestGroups = {
  /** To be run, in the order in which the files were given: files that stand alone, and a file for each group. */
  readonly files: readonly string[];
  /** Of the file of a group: those that it runs. */
  readonly membersOf: ReadonlyMap<string, readonly string[]>;
};

/**
 * @param files in the order in which they are to be run, absolute
 * @param folder where the files of groups are written
 */
export function groupTests(files: readonly string[], folder: string): TestGroups {
  const pure = files.filter(isPure);
  const membersOf = new Map<string, readonly string[]>();
  const groupOf = new Map<string, string>();
  for (let at = 0; at < pure.length; at += GROUP_SIZE) {
    const members = pure.slice(at, at + GROUP_SIZE);
    const rooms = new Set(members.map((file) => basename(dirname(file))));
    const group = join(folder, `${membersOf.size + 1}-${[...rooms].join("-")}.test.mjs`);
    writeFileSync(group, textOf(members));
    membersOf.set(group, members);
    for (const member of members) groupOf.set(member, group);
  }
  return { files: [...new Set(files.map((file) => groupOf.get(file) ?? file))], membersOf };
}

/** One that cannot be loaded fails by its name, and the others are run. */
function textOf(members: readonly string[]): string {
  const loads = members.map((file) => {
    const [url, name] = [pathToFileURL(file).href, relative(process.cwd(), file)].map((text) => JSON.stringify(text));
    return `await import(${url}).catch((error) => test(${name}, () => { throw error; }));\n`;
  });
  return `import test from "node:test";\n${loads.join("")}`;
}

type Named = { readonly imports: readonly string[]; readonly isOfWholeProcess: boolean };
const named = new Map<string, Named>();

/** Whether a test file can share a process with others. */
export function isPure(file: string): boolean {
  const seen = new Set([file]);
  for (const path of seen) {
    const { imports, isOfWholeProcess } = namesOf(path);
    // Sources name what a program does with its process; tests of that start one.
    if (isOfWholeProcess && !path.startsWith(SOURCES)) return false;
    for (const name of imports) {
      if (name.startsWith(".")) {
        const target = join(dirname(path), name);
        if (!existsSync(target)) return false;
        if (/\.tsx?$/.test(target)) seen.add(target);
      } else if (!NODE_PARTS.has(name) && !PACKAGES.has(PACKAGE_NAME.exec(name)?.[0] ?? "")) return false;
    }
  }
  return true;
}

/** What a file names; each is read once. */
function namesOf(path: string): Named {
  const known = named.get(path);
  if (known !== undefined) return known;
  const text = readFileSync(path, "utf8");
  const imports = [...text.matchAll(IMPORTS)].map(([, from, bare, late]) => (from ?? bare ?? late) as string);
  const found = { imports, isOfWholeProcess: WHOLE_PROCESS.test(text) };
  named.set(path, found);
  return found;
}
