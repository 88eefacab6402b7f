/**
 * Builds what the package holds of src: dist, JavaScript that Node 20 runs, a file for each of the sources and at its place, and
 * the types of the doors (`exports` in package.json). The pages are built by build-web.ts.
 * Why: docs/decisions/0171.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";
import artifact from "../src/chain/contract/artifact.json" with { type: "json" };
import { readJson } from "../src/json/read.ts";

const ROOT = join(import.meta.dirname, "..");
const DIST = join(ROOT, "dist");
/** Made beside it and put in its place whole: somebody may be packing, or running it. */
const MADE = join(ROOT, `dist.${process.pid}`);
const RELATIVE_TS = /((?:from|import\(|import)\s*"\.{1,2}\/[^"]+)\.ts"/g;

function compile(): void {
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const args = [tsc, "-p", join(ROOT, "tsconfig.package.json"), "--outDir", MADE];
  const { status } = spawnSync(process.execPath, args, { stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("the sources do not compile for Node 20; see above");
}

/** Files of the doors' types, and those that these name. */
function typesOfDoors(): Set<string> {
  const { exports } = readJson(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    exports: Record<string, string | { types: string }>;
  };
  const doors = Object.values(exports).flatMap((door) => (typeof door === "object" ? [door.types] : []));
  const wanted = new Set<string>();
  const take = (file: string): void => {
    if (wanted.has(file)) return;
    wanted.add(file);
    const { importedFiles } = ts.preProcessFile(readFileSync(file, "utf8"));
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith(".")) take(join(dirname(file), fileName.replace(/\.[tj]s$/, ".d.ts")));
    }
  };
  for (const door of doors) take(join(MADE, door.replace("./dist/", "")));
  return wanted;
}

/** Leaves the types of the doors alone, and has them name files that are there: tsc does that in JavaScript only. */
function pruneTypes(): void {
  const wanted = typesOfDoors();
  for (const name of globSync("**/*.d.ts", { cwd: MADE })) {
    const file = join(MADE, name);
    if (!wanted.has(file)) rmSync(file);
    else writeFileSync(file, readFileSync(file, "utf8").replaceAll(RELATIVE_TS, '$1.js"'));
  }
}

/** The sources that the contract's code was made of, by the compiler's names: what an explorer is given. */
function copyContractSources(): void {
  for (const name of Object.keys(artifact.sources)) {
    const to = join(MADE, "chain", "contract", "sources", name);
    const [, packageName = "", path = ""] = /^npm\/((?:@[^/]+\/)?[^/@]+)@[^/]+\/(.+)$/.exec(name) ?? [];
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(
      packageName === "" ? join(ROOT, name.replace(/^project\//, "")) : join(ROOT, "node_modules", packageName, path),
      to,
    );
  }
  // As it is: what tsc writes of JSON has other bytes, and its hash is in the code.
  copyFileSync(
    join(ROOT, "src", "chain", "contract", "metadata.json"),
    join(MADE, "chain", "contract", "metadata.json"),
  );
}

try {
  compile();
  pruneTypes();
  copyContractSources();
  rmSync(DIST, { recursive: true, force: true });
  renameSync(MADE, DIST);
} finally {
  rmSync(MADE, { recursive: true, force: true });
}
