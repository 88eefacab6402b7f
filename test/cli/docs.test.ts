/** The pages about operating, watching and looking say what there is: commands, options, metrics, chains. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { Command } from "commander";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { SOURCE_FACTS } from "../../src/chain/contract/sources.ts";
import { makeProgram } from "../../src/cli/main.ts";
import { EXPLORERS } from "../../src/verify/evm/explorers.ts";
import { CHECKS } from "../../src/watch/checks.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const PAGES = ["retention", "operations", "watcher", "explorer", "cli", "verify", "on-chain", "encryption"];
const page = (name: string): string => readFileSync(join(ROOT, "docs", `${name}.md`), "utf8");

/** Commands in code, each in one line. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
  const lines = blocks.flatMap((block) => block.replaceAll(/\\\n\s*/g, " ").split("\n"));
  const inline = [...text.matchAll(/`(holdfast [^`\n]+)`/g)].map(([, command]) => command as string);
  const found = [...lines, ...inline].map((line) =>
    /(?:^|[\s=])(holdfast [a-z].*)$/.exec(line)?.[1]?.replace(/ {2,}#.*$/, ""),
  );
  return found.filter((command) => command !== undefined);
}

for (const name of PAGES) {
  test(`every command and option on the page ${name} exists`, async () => {
    const program = await makeProgram(undefined, () => undefined);
    const commands = commandsIn(page(name));
    assert.ok(commands.length > 0);
    for (const text of commands) {
      let command: Command | undefined = program;
      const words = text.split(/\s+/).slice(1);
      while (command.commands.length > 0) {
        const word = words.shift() ?? "";
        if (word === "help") break;
        const next: Command | undefined = command.commands.find((each) => each.name() === word);
        assert.ok(next !== undefined, `${text}: there is no command ${word}`);
        command = next;
      }
      // A synopsis may show several commands in one line.
      const shown = text.includes(" | ") ? (command.parent?.commands ?? []) : [command];
      const known = shown.flatMap(({ options }) => options.map(({ long }) => long));
      for (const flag of text.match(/--[a-z-]+/g) ?? [])
        assert.ok(known.includes(flag), `${text}: there is no ${flag}`);
    }
  });
}

test("every example that signs says on which chain", () => {
  const signing = PAGES.flatMap((name) => commandsIn(page(name))).filter((text) => /--account\b/.test(text));
  assert.ok(signing.length > 8);
  for (const text of signing) assert.match(text, /--chain-id\b/);
});

test("every metric that is named exists", () => {
  const sources = globSync("src/**/*.ts", { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), "utf8"));
  const code = sources.join("\n");
  const named = new Set(["operations", "watcher"].flatMap((name) => page(name).match(/\bholdfast_[a-z_]+\b/g) ?? []));
  assert.ok(named.size > 15);
  for (const metric of named) assert.ok(code.includes(`"${metric.replace("holdfast_", "")}"`), metric);
});

test("the page for watchers explains every check", () => {
  const rows = [...page("watcher").matchAll(/^\| `(\w+)` \|.*\|.*\|$/gm)].map(([, name]) => name);
  assert.deepEqual(rows.slice(0, CHECKS.length).sort(), [...CHECKS].sort());
});

test("the page for explorers has the chains, the address and what forms ask for", () => {
  const text = page("explorer");
  const rows = [...text.matchAll(/^\| (\d+) \| (.+?) \| (.+?) \|$/gm)].map(([, id, name, url]) => [id, name, url]);
  const known = Object.entries(EXPLORERS).map(([id, { name, url }]) => [
    id,
    name,
    url ?? "none: it proves nothing to others",
  ]);
  assert.deepEqual(rows, known);
  for (const fact of [artifact.create2.address, SOURCE_FACTS.compiler, SOURCE_FACTS.contract])
    assert.ok(text.includes(fact), fact);
});
