/** Names of files in commands that are printed. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";
import { shellWord } from "../../src/cli/terminal/shell-word.ts";

const NAMES = [
  "bundle.json",
  "/a b/c",
  "it's",
  "$HOME",
  "`id`",
  '"',
  "a\\b",
  "*",
  "~",
  "#1",
  "ünï",
  "a;b|c&d",
  "!x",
  "",
];

test("a shell reads a printed name as what it was, by itself and within double quotes", () => {
  for (const name of NAMES) {
    const script = `printf %s ${shellWord(name)}; printf '\\n%s' "$(printf %s ${shellWord(name)})"`;
    assert.equal(execFileSync("/bin/sh", ["-c", script], { encoding: "utf8" }), `${name}\n${name}`);
  }
  assert.deepEqual(["a-b/c.json", "-x"].map(shellWord), ["a-b/c.json", "./-x"]);
});
