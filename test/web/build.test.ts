/** What the build makes: the same each time, small, and closed in itself. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { build } from "esbuild";
import { buildAnew } from "./built.ts";

const ROOT = join(import.meta.dirname, "..", "..");

let folder: string;
let page: string;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-build-"));
  buildAnew(join(folder, "one"));
  buildAnew(join(folder, "two"));
  page = readFileSync(join(folder, "one", "verify.html"), "utf8");
});

after(() => rmSync(folder, { recursive: true, force: true }));

function sha256(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}

test("two builds of the same sources give the same bytes, and no trace of the machine", () => {
  const names = readdirSync(join(folder, "one"));
  const pages = [
    "api.css",
    "api.html",
    "api.js",
    "docs.css",
    "favicon.svg",
    "index.html",
    "ledger.css",
    "ledger.js",
    "verify.html",
  ];
  assert.deepEqual(names.sort(), pages.flatMap((name) => [name, `${name}.br`, `${name}.gz`]).sort());
  for (const name of names) {
    const [one, two] = ["one", "two"].map((build) => readFileSync(join(folder, build, name)));
    assert.deepEqual(one, two, name);
    assert.ok(!one?.includes(ROOT), name);
  }
});

test("every page is there compressed, too, and is the same", () => {
  for (const name of [
    "api.css",
    "api.html",
    "api.js",
    "docs.css",
    "favicon.svg",
    "index.html",
    "ledger.css",
    "ledger.js",
    "verify.html",
  ]) {
    const path = join(folder, "one", name);
    const plain = readFileSync(path);
    assert.deepEqual(gunzipSync(readFileSync(`${path}.gz`)), plain, name);
    assert.deepEqual(brotliDecompressSync(readFileSync(`${path}.br`)), plain, name);
  }
});

test("verify.html is one file of less than 182 kB that loads nothing", () => {
  assert.ok(Buffer.byteLength(page) < 182_000, `${Buffer.byteLength(page)} bytes`);
  const markup = page.replace(/<script>.*<\/script>/s, "").replace(/<style>.*<\/style>/s, "");
  const addresses = [...markup.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address as string);
  assert.deepEqual(
    addresses.filter((address) => !address.startsWith("data:")),
    [],
  );
  const style = page.match(/<style>(.*)<\/style>/s)?.[1] as string;
  assert.doesNotMatch(style, /url\(|@import/);
});

test("the page of the API is small, and evaluates no text", () => {
  const script = readFileSync(join(folder, "one", "api.js"), "utf8");
  assert.ok(Buffer.byteLength(script) < 40_000, `${Buffer.byteLength(script)} bytes`);
  assert.doesNotMatch(script, /new Function|\beval\(/);
});

test("the policy of verify.html names exactly the script and the style that are in it", () => {
  const policy = page.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1] as string;
  const script = page.match(/<script>(.*)<\/script>/s)?.[1] as string;
  const style = page.match(/<style>(.*)<\/style>/s)?.[1] as string;
  const directives = policy.split("; ");
  assert.ok(directives.includes("default-src 'none'"));
  assert.ok(directives.includes(`script-src ${sha256(script)}`));
  assert.ok(directives.includes(`style-src ${sha256(style)}`));
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.doesNotMatch(script, /<\/script/);
});

test("the ledger's pages load only from where they came", () => {
  const index = readFileSync(join(folder, "one", "index.html"), "utf8");
  const addresses = [...index.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address as string);
  assert.equal(addresses.length, 3);
  for (const address of addresses) assert.match(address, /^[a-z]+\.(svg|css|js)$/);
  assert.doesNotMatch(index, /<style|<script>|\son[a-z]+=/);
});

test("the set-up builds the pages anew when anything changes that they are made of", async () => {
  const names = ["ledger-main.tsx", "api-main.tsx", "verify-main.tsx"];
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: names.map((name) => `src/web/${name}`),
    bundle: true,
    write: false,
    outdir: folder,
    metafile: true,
    jsx: "automatic",
    jsxImportSource: "preact",
    tsconfigRaw: "{}",
  });
  const files = Object.keys(metafile.inputs).filter((file) => !file.startsWith("node_modules/"));
  assert.ok(files.length > 100, `${files.length}`);
  const printed = execFileSync(process.execPath, ["scripts/pages.mjs", "--sources"], { cwd: ROOT, encoding: "utf8" });
  const sources = JSON.parse(printed) as string[];
  const isSeen = (file: string) => sources.some((source) => file === source || file.startsWith(`${source}/`));
  assert.deepEqual(
    files.filter((file) => !isSeen(file)),
    [],
  );
});
