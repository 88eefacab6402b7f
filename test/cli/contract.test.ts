/** `holdfast contract sources`: what explorers are given, without an account and without asking anybody. */

import assert from "node:assert/strict";
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { CONTRACT_ADDRESS } from "../../src/chain/contract/contract.ts";
import { makeSourceInput, sourcifyFiles } from "../../src/chain/contract/sources.ts";
import { makeFolder, runCli } from "./run-cli.ts";

test("the sources are written in Sourcify's layout for each chain, and as the compiler's input", async (t) => {
  const cwd = makeFolder(t);
  const other = "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf";
  const args = ["contract", "sources", "--sourcify", "repo", "--chain-id", "31337", "--chain-id", "8453"];
  const written = await runCli([...args, "--standard-json", "input.json", "--json"], { cwd });
  assert.equal(written.status, 0, written.stderr);
  const elsewhere = await runCli([...args.slice(0, -2), "--contract", other], { cwd });
  assert.equal(elsewhere.status, 0, elsewhere.stderr);
  const folders = [
    `contracts/full_match/31337/${CONTRACT_ADDRESS}`,
    `contracts/full_match/8453/${CONTRACT_ADDRESS}`,
    "contracts/full_match/31337/0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf",
  ];
  assert.deepEqual(
    JSON.parse(written.stdout).folders,
    folders.slice(0, 2).map((folder) => join("repo", folder)),
  );
  const expected = new Map(
    folders.flatMap((folder) => [...sourcifyFiles()].map(([path, text]) => [`${folder}/${path}`, text] as const)),
  );
  const files = globSync("**/*", { cwd: join(cwd, "repo") }).filter((name) =>
    statSync(join(cwd, "repo", name)).isFile(),
  );
  assert.deepEqual(files.sort(), [...expected.keys()].sort());
  for (const [path, text] of expected) assert.equal(readFileSync(join(cwd, "repo", path), "utf8"), text, path);
  assert.equal(readFileSync(join(cwd, "input.json"), "utf8"), makeSourceInput());
});

test("what would write nothing, or leaves open for which chain, is refused with what to give", async (t) => {
  const cwd = makeFolder(t);
  for (const [args, expected] of [
    [[], /Expected --sourcify or --standard-json/],
    [["--sourcify", "repo"], /Expected --chain-id together with --sourcify/],
    [["--chain-id", "1", "--standard-json", "a"], /Expected --chain-id together with --sourcify/],
    [["--standard-json", "none/a"], /cannot be written/],
  ] as const) {
    const { status, stderr } = await runCli(["contract", "sources", ...args], { cwd });
    assert.equal(status, 2);
    assert.match(stderr, expected);
  }
});
