/**
 * The architecture as a test: which folder may import which, who is the door of a third-party package, and how
 * large files and functions may grow.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import test from "node:test";
import ts from "typescript";
import { hasEscapedName } from "../src/json/names.ts";

const ROOT = join(import.meta.dirname, "..");

/** What each folder of src may import; files of src itself stand by their names. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  merkle: [],
  json: ["merkle"],
  entry: ["merkle", "json"],
  verify: ["merkle", "json", "entry"],
  ingest: ["merkle", "json", "entry"],
  store: ["merkle", "json", "entry", "health.ts"],
  ledger: ["merkle", "json", "entry", "store", "health.ts"],
  anchor: ["merkle", "json", "entry", "verify", "store", "ledger", "health.ts"],
  query: ["merkle", "json", "entry", "store", "health.ts"],
  http: [
    ...["merkle", "json", "entry", "verify", "ingest", "store", "ledger", "anchor", "query"],
    ...["metrics.ts", "health.ts"],
  ],
  web: ["merkle", "json", "entry", "verify"],
  cli: [
    ...["merkle", "json", "entry", "verify", "ingest", "store", "ledger", "anchor", "query", "http"],
    ...["chains.ts", "config.ts", "metrics.ts", "service.ts", "health.ts"],
  ],
  "chains.ts": ["merkle", "store", "ledger", "anchor", "http", "config.ts", "health.ts"],
  "config.ts": ["json"],
  "health.ts": [],
  "indexes.ts": ["store", "ledger", "query", "health.ts"],
  "metrics.ts": [],
  "storage.ts": ["merkle", "store", "config.ts", "health.ts"],
  "service.ts": [
    ...["merkle", "entry", "store", "ledger", "anchor", "query", "http"],
    ...["chains.ts", "config.ts", "health.ts", "indexes.ts", "metrics.ts", "storage.ts"],
  ],
};

/** Packages and the only places that may import them; a place is a file or a folder of src. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  "@ethereumjs/rlp": ["verify/rlp.ts", "verify/trie.ts"],
  "@noble/curves": ["merkle"],
  "@noble/hashes": ["merkle"],
  "cli-progress": ["cli"],
  commander: ["cli"],
  compression: ["http"],
  ethers: ["anchor/ethers.ts", "anchor/keys.ts"],
  express: ["http"],
  "hash-wasm": ["ledger/hash.ts"],
  helmet: ["http"],
  keccak256: ["ledger"],
  level: ["store/leveldb", "store/leveldb-index.ts"],
  "lru-cache": ["ledger"],
  merkletreejs: ["ledger"],
  pino: ["service.ts"],
  preact: ["web"],
  "prom-client": ["metrics.ts"],
  secp256k1: ["ledger/keysigner.ts"],
  snappyjs: ["store/leveldb/table.ts"],
  uplot: ["web"],
  zod: ["entry", "config.ts", "http"],
};

const RING_0 = ["merkle", "json", "entry", "verify", "ingest", "web"];
const LINES_MAX = 400;
const LINES_MEDIAN_MAX = 150;
const FUNCTION_LINES_MAX = 70;
const FORBIDDEN_NAMES = /(^|[/-])(utils?|helpers?|common|types)\.tsx?$|(^|[/])index\.tsx?$/;

type Source = { readonly path: string; readonly text: string; readonly imports: readonly string[] };

function readSources(): Source[] {
  return globSync("**/*.{ts,tsx}", { cwd: join(ROOT, "src") })
    .sort()
    .map((file) => {
      const path = file.split(sep).join("/");
      const text = readFileSync(join(ROOT, "src", file), "utf8");
      return { path, text, imports: ts.preProcessFile(text).importedFiles.map((found) => found.fileName) };
    });
}

/** Folder of a file of src, or the file's own name when it lies in src itself. */
function placeOf(path: string): string {
  return path.includes("/") ? (path.split("/")[0] as string) : path;
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] as string);
}

const sources = readSources();

test("there are sources to look at", () => {
  assert.ok(sources.length > 20, `expected more than 20 files in src, got ${sources.length}`);
});

test("imports run in one direction between the folders", () => {
  const wrong: string[] = [];
  for (const { path, imports } of sources) {
    const place = placeOf(path);
    for (const specifier of imports.filter((name) => name.startsWith("."))) {
      const target = placeOf(
        normalize(join(dirname(path), specifier))
          .split(sep)
          .join("/"),
      );
      if (target === place || MAY_IMPORT[place]?.includes(target)) continue;
      wrong.push(`${path} imports ${specifier}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("every package is imported through its door", () => {
  const wrong: string[] = [];
  for (const { path, imports } of sources) {
    for (const specifier of imports) {
      if (specifier.startsWith(".") || specifier.startsWith("node:")) continue;
      const doors = DOORS[packageOf(specifier)];
      if (doors?.some((door) => path === door || path.startsWith(`${door}/`))) continue;
      wrong.push(`${path} imports ${specifier}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("what runs in a browser imports nothing of Node", () => {
  const wrong = sources.filter(
    ({ path, imports }) => RING_0.includes(placeOf(path)) && imports.some((specifier) => specifier.startsWith("node:")),
  );
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  );
});

test("imports have no cycles", () => {
  const edges = new Map<string, string[]>();
  for (const { path, imports } of sources) {
    const targets = imports.filter((name) => name.startsWith("."));
    edges.set(
      path,
      targets.map((name) =>
        normalize(join(dirname(path), name))
          .split(sep)
          .join("/"),
      ),
    );
  }
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): void => {
    assert.ok(!trail.includes(path), `cycle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`);
    if (done.has(path)) return;
    for (const target of edges.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
});

test("files have names of what is in them and open by saying what they are", () => {
  assert.deepEqual(
    sources.filter(({ path }) => FORBIDDEN_NAMES.test(path)).map(({ path }) => path),
    [],
  );
  assert.deepEqual(
    sources.filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path),
    [],
  );
});

test("files and functions stay small", () => {
  const lengths = sources.map(({ text }) => text.split("\n").length - 1).sort((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] as number;
  assert.ok(median <= LINES_MEDIAN_MAX, `expected a median of at most ${LINES_MEDIAN_MAX} lines, got ${median}`);
  const large = sources.filter(({ text }) => text.split("\n").length - 1 > LINES_MAX).map(({ path }) => path);
  assert.deepEqual(large, [], `files over ${LINES_MAX} lines`);
  assert.deepEqual(sources.flatMap(longFunctions), [], `functions over ${FUNCTION_LINES_MAX} lines`);
});

function longFunctions({ path, text }: Source): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) {
      const first = file.getLineAndCharacterOfPosition(node.getStart()).line;
      const last = file.getLineAndCharacterOfPosition(node.getEnd()).line;
      if (last - first + 1 > FUNCTION_LINES_MAX) found.push(`${path}:${first + 1} has ${last - first + 1} lines`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Where the engine's parser may be called; the two files say what it is given. */
const JSON_DOOR = ["src/json/read.ts", "src/json/reader.ts"];

test("JSON is read through its door alone, because the engine takes escaped names for others", () => {
  const files = globSync("{src,scripts}/**/*.{ts,tsx,mjs}", { cwd: ROOT }).map((file) => file.split(sep).join("/"));
  const wrong = files.flatMap((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    return JSON_DOOR.includes(path) ? [] : engineReads(path, text);
  });
  assert.deepEqual(wrong, []);
  for (const path of JSON_DOOR) {
    assert.equal(engineReads(path, readFileSync(join(ROOT, path), "utf8")).length, 1, `${path} calls the parser once`);
  }
  const asked = "JSON.parse(a); JSON['parse'](a); const { parse } = JSON; [a].map(JSON.parse); r.json(); r.bodyJson";
  assert.equal(engineReads("asked.ts", asked).length, 6);
  assert.deepEqual(engineReads("fine.ts", "JSON.stringify(a); client.json(path); readJson(a)"), []);
});

/** Uses of the engine's parser: of JSON for anything but writing, and what answers and ethers offer. */
function engineReads(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isReading =
      (ts.isIdentifier(node) && node.text === "JSON" && !/^JSON\.stringify$/.test(node.parent.getText())) ||
      (ts.isCallExpression(node) && node.arguments.length === 0 && /\.json$/.test(node.expression.getText())) ||
      (ts.isPropertyAccessExpression(node) && node.name.text === "bodyJson");
    if (isReading) found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

test("JSON that is imported as a module, which the engine reads, has no escape in a name", () => {
  const imported = sources.flatMap(({ path, imports }) =>
    imports.filter((name) => name.endsWith(".json")).map((name) => join(ROOT, "src", dirname(path), name)),
  );
  assert.ok(imported.length > 0);
  for (const path of new Set(imported)) assert.equal(hasEscapedName(readFileSync(path, "utf8")), false, path);
});

test("no marks of unfinished work and no swallowed errors", () => {
  const words = ["TODO", "FIXME", "XXX", "HACK"].join("|");
  const marks = new RegExp(`\\b(?:${words}):|\\/\\/ *(?:${words})\\b|catch\\s*(?:\\(\\w*\\))?\\s*\\{\\s*\\}`);
  const files = globSync("{src,test,scripts,bench,contracts}/**/*.{ts,tsx,mjs,sol}", { cwd: ROOT });
  const wrong = files.filter((file) => marks.test(readFileSync(join(ROOT, file), "utf8")));
  assert.deepEqual(wrong, []);
});
