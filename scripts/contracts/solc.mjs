#!/usr/bin/env node
/**
 * The compiler of npm (solc-js) behind as much of solc's command line as forge and slither use: `--version`, and
 * `--standard-json` from standard input, with files looked up in the working folder and in node_modules. So these need
 * no compiler from elsewhere, and read the contract as the compiler does that made its code.
 */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const solc = createRequire(import.meta.url)("solc");
const options = process.argv.slice(2);

/** A file that the input names without its text. */
function read(path) {
  const found = [path, `node_modules/${path}`].find((each) => existsSync(each));
  return found === undefined ? { error: `expected a file ${path}` } : { contents: readFileSync(found, "utf8") };
}

if (options.includes("--version")) {
  // Neither knows what Emscripten is.
  const version = solc.version().replace("Emscripten.clang", "Linux.g++");
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${version}`);
} else if (options.includes("--standard-json")) {
  process.stdout.write(solc.compile(readFileSync(0, "utf8"), { import: read }));
} else {
  console.error(`expected --version or --standard-json, got ${options.join(" ") || "nothing"}`);
  process.exitCode = 1;
}
