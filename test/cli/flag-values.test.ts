/** Options that several commands have take the same values in all of them. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Command, Option } from "commander";
import { makeProgram } from "../../src/cli/main.ts";
import { runCli } from "./run-cli.ts";

const ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
/** One digit is another; EIP-55 finds it by the capitals. */
const SLIP = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee";
const HASH = `0x${"aB".repeat(32)}`;

type Named = { readonly name: string; readonly option: Option };

/** All options of all commands whose value is called so. */
async function optionsFor(...values: readonly string[]): Promise<Named[]> {
  const program = await makeProgram(undefined, () => undefined);
  const all = (command: Command, path: string): Named[] => [
    ...command.options.map((option) => ({ name: `${path} ${option.long}`, option })),
    ...command.commands.flatMap((each) => all(each, `${path} ${each.name()}`)),
  ];
  return all(program, "holdfast").filter(({ option }) => values.some((value) => option.flags.endsWith(`<${value}>`)));
}

/** What an option makes of a value, a list for those that may stand more than once. */
function read({ option }: Named, value: string): unknown {
  const found: unknown = option.parseArg?.(value, undefined);
  return Array.isArray(found) ? found[0] : found;
}

test("every option that takes an address refuses a slip that EIP-55 shows, and takes any right spelling", async () => {
  const options = await optionsFor("address");
  assert.ok(options.length > 12, `expected the options with addresses, got ${options.map(({ name }) => name)}`);
  for (const each of options) {
    assert.throws(() => read(each, SLIP), /Expected the capitals of EIP-55 in an address, got 0x5aA.*\?$/, each.name);
    assert.throws(() => read(each, ADDRESS.slice(0, -1)), /Expected an address, 20 bytes of hex/, each.name);
    for (const spelled of [ADDRESS, ADDRESS.toLowerCase()]) assert.equal(read(each, spelled), spelled, each.name);
  }
});

test("every option that takes a hash or a ledger's id takes it in any case, and hands it on in lower case", async () => {
  const options = (await optionsFor("hash", "id")).filter(
    // Of a filter: ids that senders and the service give.
    ({ name }) => !/ --(?:key|id)$/.test(name),
  );
  assert.ok(options.length > 6, `expected the options with hashes, got ${options.map(({ name }) => name)}`);
  for (const each of options) {
    assert.equal(read(each, HASH), HASH.toLowerCase(), each.name);
    assert.throws(() => read(each, HASH.slice(2)), /Expected 32 bytes of hex with 0x, got aB/, each.name);
  }
});

test("no command reads an address or a hash of its own", () => {
  const folder = join(import.meta.dirname, "../../src/cli");
  const own = globSync("**/*.ts", { cwd: folder }).filter((file) =>
    /\[0-9a-f(?:A-F)?\]\{(?:40|64)\}/.test(readFileSync(join(folder, file), "utf8")),
  );
  assert.deepEqual(own, [join("terminal", "parse-flag-value.ts")]);
});

test("what is wrong with a value says of which option, and a wrong option where its command is explained", async () => {
  const limit = await runCli(["search", "--limit", "x"]);
  assert.deepEqual([limit.status, limit.stderr], [2, 'holdfast: --limit: Expected a whole number, got "x".\n']);
  const signer = await runCli(["verify", "bundle.json", "--signer", "0x12"]);
  assert.match(signer.stderr, /^holdfast: --signer: Expected an address/);
  const unknown = await runCli(["export", "all.csv", "--as", "xlsx"]);
  assert.match(unknown.stderr, /\(see "holdfast export --help"\)/);
  const nested = await runCli(["keys", "add", "--sauce", "x"]);
  assert.match(nested.stderr, /\(see "holdfast keys add --help"\)/);
});
