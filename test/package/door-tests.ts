/**
 * The tests of the doors on the Nodes for which the package is: as JavaScript, because only the newest strips types. The examples of
 * docs/client.md are TypeScript, and run on that one alone.
 */

import { copyFileSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { environmentOn } from "./nodes.ts";
import { ROOT, runTool } from "./packed.ts";

const OUT = join(ROOT, "build", "doors");
/** Programs that tests start by the names of their files. */
const NAMED_TS = /("[^"\n]*[\w/-])\.ts"/g;

/** Transpiles the tests of the doors, and all that they import. @returns names of the tests' files */
export function transpileDoorTests(): string[] {
  rmSync(OUT, { recursive: true, force: true });
  const tests = globSync("test/sdk/*/*.test.ts", { cwd: ROOT }).map((file) => join(ROOT, file));
  const taken = new Set<string>();
  for (const file of [...tests, ...globSync("test/sdk/*/*.ts", { cwd: ROOT }).map((name) => join(ROOT, name))]) {
    take(file, taken);
  }
  return tests.map(builtOf);
}

function take(file: string, taken: Set<string>): void {
  if (taken.has(file)) return;
  taken.add(file);
  const to = builtOf(file);
  mkdirSync(dirname(to), { recursive: true });
  if (!file.endsWith(".ts")) {
    copyFileSync(file, to);
    return;
  }
  const text = readFileSync(file, "utf8");
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true },
    fileName: file,
  });
  writeFileSync(to, outputText.replaceAll(NAMED_TS, '$1.js"'));
  for (const { fileName } of ts.preProcessFile(text).importedFiles) {
    if (fileName.startsWith(".")) take(join(dirname(file), fileName), taken);
  }
}

function builtOf(file: string): string {
  return join(OUT, relative(ROOT, file)).replace(/\.ts$/, ".js");
}

/** @returns a line about what ran. @throws Error with what failed */
export function runDoorTests(node: string, tests: readonly string[]): string {
  const told = runTool(
    node,
    ["--test", "--test-concurrency=1", "--test-reporter=tap", ...tests],
    OUT,
    environmentOn(node),
  );
  const [, passed = "0"] = /^# pass (\d+)$/m.exec(told) ?? [];
  if (Number(passed) < tests.length) throw new Error(`expected the tests of the doors to run, got ${told}`);
  return `${passed} tests of the doors pass, of ${tests.length} files`;
}
