/**
 * The architecture as a test: which folder may import which, who is the door of a third-party package, and how
 * large folders, files and functions may grow.
 * Why: docs/decisions/0002, docs/decisions/0114, docs/decisions/0129.
 */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import test from "node:test";
import ts from "typescript";
import { hasEscapedName } from "../src/json/names.ts";
import { packed } from "./packing.ts";
import { unusedExports } from "./unused-exports.ts";

const ROOT = join(import.meta.dirname, "..");

/** From the innermost ring outwards; imports point to what stands before. Some rooms are named before they are built. */
const RINGS: readonly (readonly string[])[] = [
  ["group-by.ts", "merkle", "json", "entry", "verify", "watch", "export", "senders"],
  [
    "clock.ts",
    "deferred.ts",
    "health.ts",
    "log.ts",
    "metrics.ts",
    "mix32.ts",
    "process-metrics.ts",
    "recently-used.ts",
    "worker-thread.ts",
    "net",
    "bucket",
    "web",
    "store",
    "chain",
    "keys",
    "devchain",
  ],
  ["ledger", "prove", "encryption"],
  ["query", "anchor", "retention", "archive", "backup", "audit", "access", "alerts", "evidence"],
  ["ingest", "sdk", "http"],
  ["service"],
  ["cli"],
];

/** What each folder of src may import; files of src itself stand by their names. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  merkle: [],
  json: ["merkle"],
  entry: ["merkle", "json"],
  verify: ["merkle", "json", "entry"],
  "group-by.ts": [],
  watch: ["group-by.ts", "merkle", "json", "verify"],
  export: ["merkle", "json", "entry"],
  senders: [],
  sdk: ["merkle", "json", "entry", "verify", "net", "ingest"],
  web: ["merkle", "json", "entry", "verify", "senders", "net"],
  "clock.ts": [],
  "deferred.ts": [],
  "worker-thread.ts": [],
  "health.ts": [],
  "log.ts": [],
  "metrics.ts": [],
  "mix32.ts": [],
  "process-metrics.ts": ["group-by.ts", "metrics.ts"],
  "recently-used.ts": [],
  net: ["verify", "health.ts", "log.ts"],
  bucket: ["net"],
  store: ["merkle", "json", "entry", "verify", "deferred.ts", "group-by.ts", "health.ts", "mix32.ts"],
  chain: ["merkle", "json", "verify", "watch", "net"],
  keys: ["merkle", "json", "store", "chain", "health.ts", "log.ts"],
  devchain: ["merkle", "json", "verify", "net", "store", "chain", "clock.ts", "health.ts", "log.ts"],
  ledger: [
    "merkle",
    "json",
    "entry",
    "store",
    "keys",
    "clock.ts",
    "deferred.ts",
    "health.ts",
    "recently-used.ts",
    "worker-thread.ts",
  ],
  prove: ["merkle", "entry", "verify", "store", "keys", "ledger"],
  encryption: ["merkle", "json", "entry", "net", "store", "deferred.ts", "recently-used.ts", "worker-thread.ts"],
  query: ["merkle", "json", "entry", "store", "deferred.ts", "health.ts", "mix32.ts"],
  anchor: ["merkle", "json", "verify", "store", "chain", "clock.ts", "health.ts", "log.ts"],
  retention: ["merkle", "json", "entry", "export", "store", "ledger", "query", "health.ts"],
  alerts: ["group-by.ts", "merkle", "json", "watch", "net", "store", "keys", "ledger", "clock.ts", "health.ts"],
  audit: ["merkle", "json", "entry", "verify", "store", "keys", "ledger", "health.ts", "log.ts", "worker-thread.ts"],
  backup: ["merkle", "json", "entry", "bucket", "store"],
  archive: ["merkle", "json", "entry", "verify", "bucket", "store", "keys", "ledger", "prove"],
  access: ["json", "store", "ledger", "health.ts"],
  ingest: [
    "merkle",
    "json",
    "net",
    "entry",
    "store",
    "ledger",
    "clock.ts",
    "health.ts",
    "log.ts",
    "metrics.ts",
    "worker-thread.ts",
  ],
  http: [
    "archive",
    "group-by.ts",
    "deferred.ts",
    "merkle",
    "json",
    "entry",
    "verify",
    "watch",
    "export",
    "ingest",
    "store",
    "ledger",
    "prove",
    "encryption",
    "query",
    "anchor",
    "alerts",
    "retention",
    "audit",
    "access",
    "clock.ts",
    "health.ts",
    "log.ts",
    "metrics.ts",
  ],
  service: [
    "group-by.ts",
    "merkle",
    "json",
    "net",
    "bucket",
    "entry",
    "verify",
    "store",
    "chain",
    "keys",
    "devchain",
    "ledger",
    "encryption",
    "query",
    "anchor",
    "alerts",
    "retention",
    "archive",
    "audit",
    "access",
    "ingest",
    "http",
    "clock.ts",
    "health.ts",
    "log.ts",
    "metrics.ts",
    "process-metrics.ts",
    "worker-thread.ts",
  ],
  cli: [
    "group-by.ts",
    "merkle",
    "json",
    "entry",
    "verify",
    "watch",
    "export",
    "senders",
    "net",
    "bucket",
    "store",
    "chain",
    "keys",
    "ledger",
    "anchor",
    "alerts",
    "archive",
    "backup",
    "audit",
    "retention",
    "service",
    "metrics.ts",
    "process-metrics.ts",
    "clock.ts",
    "health.ts",
  ],
};

/** Packages and the only places that may import them; a place is a file or a folder of src. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  "@ethereumjs/rlp": ["verify/evm/rlp.ts"],
  "@noble/curves": ["merkle"],
  "@noble/hashes": ["merkle"],
  "age-encryption": ["archive/age.ts"],
  ajv: ["ingest/rules"],
  "ajv-formats": ["ingest/rules/compiled-schemas.ts"],
  aws4fetch: ["bucket/bucket-client.ts"],
  "cli-progress": ["cli/terminal"],
  commander: ["cli"],
  ethers: ["chain/ethers.ts"],
  express: ["http"],
  "hash-wasm": ["ledger/keccak"],
  helmet: ["http"],
  "hyparquet-writer": ["cli/export/parquet.ts"],
  keccak256: ["ledger/seal"],
  level: ["store/leveldb", "store/level-index.ts"],
  merkletreejs: ["ledger/seal"],
  nodemailer: ["alerts/delivery/channels"],
  pino: ["service"],
  preact: ["web"],
  re2js: ["ingest/rules/patterns.ts"],
  secp256k1: ["keys/local-signer.ts"],
  snappyjs: ["store/leveldb/tables/table.ts", "http/intake/decode.ts"],
  uplot: ["web"],
  "winston-transport": ["sdk/winston"],
  zstddec: ["archive/format/compression.ts"],
  zod: ["entry", "service/config.ts", "service/settings", "http"],
};

const PURE = ["merkle", "json", "entry", "verify", "watch", "export", "senders", "ingest", "web"];
/** Folders of those that are not: they have threads and sockets. */
const NOT_PURE = ["ingest/intake", "ingest/listeners", "ingest/rules", "ingest/sources"];
/** Names in a folder, so that its listing is read at a glance. */
const NAMES_MAX = 14;
/** Folders with more names, each a list that a reader knows: the rooms of the rings, and the commands. */
const LONG_LISTS = ["src", "src/cli"];
const LINES_MAX = 400;
const LINES_MEDIAN_MAX = 150;
const FUNCTION_LINES_MAX = 70;
/** What other programs import of the package, under its name. */
const SDK_DOOR = /^sdk\/\w+\/index\.ts$/;
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

test("what a folder may import stands before it in the rings", () => {
  const order = RINGS.flat();
  const wrong = Object.entries(MAY_IMPORT).flatMap(([place, targets]) =>
    targets.filter((target) => order.indexOf(target) >= order.indexOf(place)).map((target) => `${place}: ${target}`),
  );
  assert.deepEqual(wrong, []);
  const places = [...new Set(sources.map(({ path }) => placeOf(path)))];
  assert.deepEqual(
    places.filter((place) => !order.includes(place)),
    [],
    "every name in src is in the rings",
  );
  assert.deepEqual(Object.keys(MAY_IMPORT).sort(), places.sort());
});

test("a folder's listing is short, and docs/architecture.md has one line for each folder", () => {
  const folders = new Map<string, Set<string>>();
  for (const file of globSync("src/**/*.*", { cwd: ROOT })) {
    const parts = file.split(sep);
    for (let i = 1; i < parts.length; i++) {
      const folder = parts.slice(0, i).join("/");
      folders.set(folder, (folders.get(folder) ?? new Set()).add(parts[i] as string));
    }
  }
  const long = [...folders].filter(([, names]) => names.size > NAMES_MAX).map(([folder]) => folder);
  assert.deepEqual(long.sort(), LONG_LISTS, `folders with more than ${NAMES_MAX} names`);
  const page = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
  const lines = [...page.matchAll(/^\| `(src(?:\/[\w-]+)*)` \| \S/gm)].map(([, folder]) => folder as string);
  assert.deepEqual(lines.sort(), [...folders.keys()].sort());
});

test("every name in src/cli is a command, but for what commands share", () => {
  const main = readFileSync(join(ROOT, "src/cli/main.ts"), "utf8");
  const commands = [...main.matchAll(/^ {2}"?([\w-]+)"?: async \(\) => \(await import\(/gm)].map(([, name]) => name);
  assert.ok(commands.length > 10, `expected the table of commands in src/cli/main.ts, got ${commands.length} of them`);
  const names = globSync("*", { cwd: join(ROOT, "src/cli") }).map((name) => name.replace(/\.ts$/, ""));
  assert.deepEqual(names.sort(), [...commands, "main", "remote", "terminal"].sort());
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

test("fields stand one on a line: no literal is spread into another, no assignments are put side by side", () => {
  const files = globSync("{src,test,scripts,bench}/**/*.{ts,tsx,mjs}", { cwd: ROOT });
  assert.deepEqual(
    files.flatMap((file) => packed(file, readText(file))),
    [],
  );
  const asked = [
    "f({ ...{ a, b }, c })",
    "const all = [...([a, b] as const), c]",
    "const [a, b] = [x, y]",
    "const { a } = { a: x }",
  ];
  for (const text of asked) assert.equal(packed("asked.ts", text).length, 1, text);
  const fine = "const [a, b] = pair; const [first] = [...some]; f({ ...fields, ...(a && { b }) }, [...all, c])";
  assert.deepEqual(packed("fine.ts", fine), []);
});

test("nothing is exported that nobody needs, and no class has a member that nothing names", () => {
  const files = globSync("{src,test,scripts,bench}/**/*.{ts,tsx,mjs}", { cwd: ROOT });
  const texts = new Map(files.map((file) => [file.split(sep).join("/"), readText(file)]));
  const ofDoor = (unused: string) => SDK_DOOR.test(unused.replace(/^src\/(\S+) .*$/, "$1"));
  assert.deepEqual(
    unusedExports(texts).filter((unused) => !ofDoor(unused)),
    [],
  );
  const small = new Map([
    ["src/a.ts", "export const used = 1; export const own = used; export const dead = 2; export type T = 1;"],
    ["src/b.ts", 'import { used } from "./a.ts"; export class B { kept() { return used; } dropped() {} }'],
    ["src/c.ts", 'import { B } from "./b.ts"; const { taken } = await import("./d.ts"); new B().kept(taken);'],
    ["src/d.ts", "export const taken = 1; export const left = 2; export const tested = left;"],
    ["test/d.ts", 'import { left, tested } from "../src/d.ts";'],
  ]);
  assert.deepEqual(unusedExports(small), ["src/a.ts own", "src/a.ts dead", "src/b.ts dropped", "src/d.ts tested"]);
});

/** Rooms that look at the same things for different readers, whose names would be taken for one another. */
const LOOKING = /^(alerts|audit|service\/watching|http\/routes\/watching)\//;

test("among rooms that look at the same things every exported function has a name of its own", () => {
  const places = new Map<string, string[]>();
  for (const { path, text } of sources.filter((source) => LOOKING.test(source.path))) {
    for (const [, name = ""] of text.matchAll(/^export (?:async )?function\*? (\w+)/gm))
      places.set(name, [...(places.get(name) ?? []), path]);
  }
  assert.ok(places.size > 50, `${places.size} names`);
  assert.deepEqual(
    [...places].filter(([, paths]) => paths.length > 1),
    [],
  );
});

/** Packages that are used by their programs, and by what name. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "@arethetypeswrong/cli": "attw",
  "@biomejs/biome": "biome",
  // Of the older Node, whose types that file names.
  "@node20/node": "tsconfig\\.package\\.json",
  node: "node",
  publint: "publint",
  typescript: "tsc",
};

test("every package that is depended on is used, and every door is one of a package that is", () => {
  const { dependencies, devDependencies, scripts } = manifest();
  const packages = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
  const files = globSync(["{src,test,scripts,bench,contracts}/**/*.{ts,tsx,mjs,sol}", "hardhat.config.ts"], {
    cwd: ROOT,
  });
  const texts = files.filter((file) => !file.endsWith("architecture.test.ts")).map(readText);
  const isNamed = (name: string) => {
    const spelled = new RegExp(`["\`]${name}["\`/]`);
    return texts.some((text) => spelled.test(text));
  };
  const isProgram = (name: string) => {
    const program = PROGRAMS[name];
    const runs = [...Object.values(scripts), ...texts];
    return program !== undefined && runs.some((text) => new RegExp(`\\b${program}\\b`).test(text));
  };
  const isUsed = (name: string): boolean =>
    isNamed(name) ||
    isProgram(name) ||
    (name.startsWith("@types/") &&
      packages.includes(name.slice("@types/".length)) &&
      isUsed(name.slice("@types/".length)));
  assert.deepEqual(
    packages.filter((name) => !isUsed(name)),
    [],
  );
  const imported = new Set(
    sources
      .flatMap(({ imports }) => imports)
      .filter((name) => !name.startsWith("."))
      .map(packageOf),
  );
  assert.deepEqual(
    Object.keys(DOORS).filter((name) => !imported.has(name) || !packages.includes(name)),
    [],
  );
});

type Manifest = Readonly<Record<"dependencies" | "devDependencies" | "scripts", Readonly<Record<string, string>>>>;

function manifest(): Manifest {
  return JSON.parse(readText("package.json")) as Manifest;
}

function readText(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

test("what runs in a browser imports nothing of Node", () => {
  const isPure = (path: string): boolean =>
    PURE.includes(placeOf(path)) && !NOT_PURE.some((folder) => path.startsWith(`${folder}/`));
  const wrong = sources.filter(
    ({ path, imports }) => isPure(path) && imports.some((specifier) => specifier.startsWith("node:")),
  );
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  );
});

/** What of other rooms the doors of the package may take: it opens nothing and listens nowhere. */
const OF_DOORS = [
  "merkle",
  "json",
  "entry",
  "verify",
  "ingest",
  "net/bounded-fetch.ts",
  "net/retry.ts",
  "net/service-defaults.ts",
];
/** Doors that a page may import. */
const FOR_PAGES = ["sdk/verify/index.ts", "sdk/client/index.ts"];

test("the doors of the package take only what is pure, and those for pages nothing of Node, however far it is followed", () => {
  const pure = sources.filter(
    ({ path }) =>
      OF_DOORS.some((place) => path === place || path.startsWith(`${place}/`)) &&
      !NOT_PURE.some((folder) => path.startsWith(`${folder}/`)),
  );
  const allowed = new Set([...pure.map(({ path }) => path), ...sdkFiles().map(({ path }) => path)]);
  const wrong = sdkFiles()
    .filter(({ path }) => !path.startsWith("sdk/verify/"))
    .flatMap(({ path, imports }) =>
      targetsOf(path, imports)
        .filter((target) => !allowed.has(target))
        .map((target) => `${path} imports ${target}`),
    );
  assert.deepEqual(wrong, []);
  for (const door of FOR_PAGES) {
    const reached = [...reachedFrom(door)];
    assert.ok(reached.length > 5, door);
    const ofNode = sources.filter(({ path, imports }) => reached.includes(path) && imports.some(isOfNode));
    assert.deepEqual(
      ofNode.map(({ path }) => path),
      [],
      door,
    );
  }
});

function sdkFiles(): Source[] {
  return sources.filter(({ path }) => path.startsWith("sdk/"));
}

function isOfNode(specifier: string): boolean {
  return specifier.startsWith("node:");
}

function targetsOf(path: string, imports: readonly string[]): string[] {
  return imports
    .filter((name) => name.startsWith("."))
    .map((name) =>
      normalize(join(dirname(path), name))
        .split(sep)
        .join("/"),
    );
}

function reachedFrom(path: string, reached = new Set<string>()): Set<string> {
  if (reached.has(path)) return reached;
  reached.add(path);
  const { imports = [] } = sources.find((source) => source.path === path) ?? {};
  for (const target of targetsOf(path, imports)) reachedFrom(target, reached);
  return reached;
}

test("imports have no cycles", () => {
  const edges = new Map<string, string[]>();
  for (const { path, imports } of sources) {
    edges.set(path, targetsOf(path, imports));
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
    sources.filter(({ path }) => FORBIDDEN_NAMES.test(path) && !SDK_DOOR.test(path)).map(({ path }) => path),
    [],
  );
  assert.deepEqual(
    sources.filter(({ text }) => !text.startsWith("/**")).map(({ path }) => path),
    [],
  );
});

test("the name of an exported type has one meaning in src", () => {
  const files = new Map<string, string[]>();
  for (const { path, text } of sources) {
    for (const name of exportedTypes(path, text)) files.set(name, [...(files.get(name) ?? []), path]);
  }
  const double = [...files].filter(([, paths]) => paths.length > 1).map(([name]) => name);
  assert.deepEqual(double, []);
  const asked = "export type A = 1; export interface B {} export class C {} type D = 1; export const E = 1;";
  assert.deepEqual(exportedTypes("asked.ts", asked), ["A", "B", "C"]);
});

function exportedTypes(path: string, text: string): string[] {
  const names: string[] = [];
  ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true).forEachChild((node) => {
    const isType = ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node);
    if (!isType || node.name === undefined) return;
    if (node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) names.push(node.name.text);
  });
  return names;
}

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

/** What only src/http/admit.ts does, so that every handler is handed what the table of operations promises. */
const ADMITTING = ["authorize", "authenticate", "findKey", "readPath", "readQuery", "admission"];
/** Members of a request in which its path, its query or its key stand as the client wrote them. */
const UNCHECKED = ["query", "params", "url", "originalUrl", "path", "get", "header", "authorization"];

test("no handler looks at a key, a path or a query itself", () => {
  const routes = sources.filter(({ path }) => path.startsWith("http/routes/"));
  assert.ok(routes.length > 5);
  assert.deepEqual(routes.flatMap(uncheckedReads), []);
  const asked = [
    "authorize(keys, req, 'read')",
    "req.query.size",
    "const { params } = req",
    "request.req['url']",
    "const { req: { query } } = it",
    "req.headers.authorization",
    "const { authorization } = req.headers",
  ];
  for (const text of asked) assert.equal(uncheckedReads({ path: "asked.ts", text, imports: [] }).length, 1, text);
  const fine = "const { size } = query; query(indexer, path.format); ({ req, res, path: { id } }) => req.headers.etag";
  assert.deepEqual(uncheckedReads({ path: "fine.ts", text: fine, imports: [] }), []);
});

/** Uses of what only an admission does, and of members of `req` that nothing has checked. */
function uncheckedReads({ path, text }: Source): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const note = (node: ts.Node): void => {
    found.push(`${path}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1} ${node.getText()}`);
  };
  const isRequest = (text: string) => /(^|\.)req(\.headers)?$/.test(text);
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && ADMITTING.includes(node.text)) note(node);
    if (
      ts.isPropertyAccessExpression(node) &&
      isRequest(node.expression.getText()) &&
      UNCHECKED.includes(node.name.text)
    )
      note(node);
    if (
      ts.isElementAccessExpression(node) &&
      isRequest(node.expression.getText()) &&
      UNCHECKED.includes(node.argumentExpression.getText().slice(1, -1))
    )
      note(node);
    if (ts.isObjectBindingPattern(node) && isRequest(bound(node))) {
      for (const { name, propertyName } of node.elements)
        if (UNCHECKED.includes((propertyName ?? name).getText())) note(name);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** What a pattern takes apart: the text of an expression, or the name of a member of a pattern around it. */
function bound({ parent }: ts.ObjectBindingPattern): string {
  if (ts.isVariableDeclaration(parent)) return parent.initializer?.getText() ?? "";
  return ts.isBindingElement(parent) ? (parent.propertyName?.getText() ?? "") : "";
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
