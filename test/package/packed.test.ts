/** What npm packs, and what somebody has who installs it: every door with its types, the command line, a service. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import ts from "typescript";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { CONTRACT, RUNTIME_CODE_HASH } from "../../src/sdk/verify/known-contract.ts";
import { readBundleVectors } from "../vectors/bundle-file.ts";
import { signersIn } from "../vectors/bundle-judge.ts";
import { doorsOf, layOut, type Manifest, pack, ROOT, runTool } from "./packed.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-package-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
const { tarball, files } = pack(folder);
layOut(folder, tarball);
const installed = join(folder, "node_modules", "holdfast");
const vectors = readBundleVectors();
const [base] = Object.values(vectors.bases);
assert.ok(base !== undefined);
const bundle = base.text;
const signers = signersIn(base);

/** Of what somebody installs nothing is wanted but this. */
const PACKED =
  /^(dist\/.*\.(js|json|d\.ts|sol)|build\/web\/[^.][^/]*|docs\/(sources\/)?[\w-]+\.md|docs\/monitoring\/[\w-]+\.(json|yml)|scripts\/holdfast\.mjs)$/;
const BESIDE = ["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "package.json"];

test("no script of a checkout needs more than the Node and npm that are there: those that run sources are set up first", () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  const setUp = "node scripts/setup.mjs";
  const own = Object.entries(scripts).filter(([, script]) => /\.ts\b/.test(script));
  assert.ok(own.length > 8, `expected the scripts that run sources, got ${own.length}`);
  const bare = own.filter(([name]) => scripts[`pre${name}`] !== setUp);
  assert.deepEqual(bare, []);
  // npm runs no script in front of prepack, and a shell remembers the Node that it found first.
  assert.equal(scripts.prepack, "npm run --silent build:package");
});

test("what is packed is what somebody needs who installs it, and nothing that only made it", () => {
  assert.deepEqual(files.filter((file) => !PACKED.test(file)).sort(), BESIDE);
  const examples = ["build/web/verify.html", "build/web/ledger.js.br", "dist/chain/contract/artifact.json"];
  for (const file of [...examples, "docs/monitoring/holdfast-rules.yml"]) {
    assert.ok(files.includes(file), `expected ${file} in the package`);
  }
});

test("what is packed imports only what is packed, what Node has, and what is installed with it", () => {
  const allowed = new Set([
    ...builtinModules.map((name) => `node:${name}`),
    ...Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
  ]);
  const wrong: string[] = [];
  for (const file of files.filter((name) => /^dist\/.*\.(js|d\.ts)$/.test(name))) {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(installed, file), "utf8"));
    for (const { fileName } of importedFiles) {
      const isThere = fileName.startsWith(".")
        ? files.includes(join(file, "..", fileName)) ||
          files.includes(join(file, "..", fileName.replace(/js$/, "d.ts")))
        : allowed.has(fileName) || allowed.has(/^(?:@[^/]+\/)?[^/]+/.exec(fileName)?.[0] ?? "");
      if (!isThere) wrong.push(`${file} imports ${fileName}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("every door can be imported by its name, and by require() as well", () => {
  const doors = doorsOf(manifest);
  assert.ok(doors.includes("holdfast/verify"));
  const text = `
    import { createRequire } from "node:module";
    const require = createRequire(import.meta.url);
    for (const door of ${JSON.stringify(doors)}) {
      const names = Object.keys(await import(door));
      if (names.length === 0 || Object.keys(require(door)).length < names.length) throw new Error(door);
    }`;
  runTool(process.execPath, ["--input-type=module", "-e", text], folder);
});

test("a program is checked against the types of the doors, and judges a bundle with holdfast/verify", () => {
  const doors = doorsOf(manifest).map((door, i) => `export type * as door${i} from "${door}";`);
  writeFileSync(join(folder, "bundle.json"), bundle);
  const program = `
    import { readFileSync } from "node:fs";
    import { readBundle, type Verdict, verifyBundle, verifySet } from "holdfast/verify";
    const text = readFileSync("bundle.json", "utf8");
    const good: Verdict = await verifyBundle(text, { offline: true, expected: { signers: ${JSON.stringify(signers)} } });
    const bad = await verifyBundle(text.replace('"index":0', '"index":1'), { offline: true });
    const set = await verifySet(["no set"]);
    // @ts-expect-error
    export const notParsed = () => verifyBundle(readBundle(text));
    console.log(good.outcome, good.subject?.index, bad.outcome, set.outcome);`;
  writeFileSync(join(folder, "program.ts"), [...doors, program].join("\n"));
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules", "@types")],
  };
  const compiled = ts.createProgram([join(folder, "program.ts")], options);
  const problems = [...ts.getPreEmitDiagnostics(compiled)].map(({ messageText }) => messageText);
  assert.deepEqual(problems, []);
  compiled.emit();
  assert.equal(runTool(process.execPath, ["program.js"], folder), "verified 0 failed failed\n");
});

test("holdfast/verify, bundled for a browser, judges a bundle where there is nothing of Node", async (t) => {
  const contents = 'export * from "holdfast/verify";';
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    globalName: "holdfast",
    platform: "browser",
  });
  const script = outputFiles[0]?.text ?? "";
  t.diagnostic(`holdfast/verify in a browser: ${(script.length / 1000).toFixed(0)} kB, minified`);
  const context = createContext({ TextEncoder, TextDecoder, URL, bundle, signers });
  const ask = "holdfast.verifyBundle(bundle, { offline: true, expected: { signers } }).then((it) => it.outcome)";
  assert.equal(await runInContext(`${script};${ask}`, context), "verified");
});

test("holdfast/verify knows the contract that the service anchors to", () => {
  assert.equal(RUNTIME_CODE_HASH, artifact.runtimeCodeHash);
  assert.equal(CONTRACT, artifact.create2.address);
});

test("a thread of what was built is started from its JavaScript", () => {
  const program = `
    import { Rebuilder } from "./node_modules/holdfast/dist/ledger/seal/rebuilder.js";
    const rebuilder = new Rebuilder();
    await rebuilder.start(0, []);
    await rebuilder.close();`;
  writeFileSync(join(folder, "thread.mjs"), program);
  runTool(process.execPath, ["thread.mjs"], folder);
});

test("the command line runs as it is installed, and says what to do where there is no program for a chain", () => {
  const bin = join(installed, "scripts", "holdfast.mjs");
  const env = { ...process.env, PATH: "", HOLDFAST_LISTEN: "127.0.0.1:0" };
  assert.equal(runTool(process.execPath, [bin, "--version"], folder), `${manifest.version}\n`);
  const judged = runTool(
    process.execPath,
    [bin, "verify", "bundle.json", "--offline", "--signer", signers[0] ?? ""],
    folder,
  );
  assert.match(judged, /^Signed, no chain asked\n/);
  const about = JSON.parse(runTool(process.execPath, [bin, "about", "--json"], folder)) as Record<string, unknown>;
  assert.equal(about.chainBytes, undefined);
  assert.ok((about.bytes as number) < 60_000_000, `expected less than 60 MB, got ${about.bytes}`);
  const refused = spawnSync(process.execPath, [bin, "serve"], { cwd: folder, env, encoding: "utf8" });
  assert.equal(refused.status, 1);
  assert.match(
    refused.stderr,
    /^holdfast: expected a program for the embedded chain.*--include=optional.*anvil.*docs\/configuration\.md/m,
  );
});
