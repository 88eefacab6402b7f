/** docs/on-chain.md: its programs and commands run as they stand there, its Solidity and its figures are the real ones. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { promisify } from "node:util";
import { Interface } from "ethers";
import { render, shownIn } from "../../bench/gas.ts";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { build } from "../contracts/chain.ts";
import { atService, event, ROOT, rpc, type ServiceProcess, World } from "./service-process.ts";

const read = (name: string) => readFileSync(join(ROOT, name), "utf8");
const PAGE = read("docs/on-chain.md");
const EXAMPLE = "contracts/examples/PayOnEvent.sol";
const PAYEE = "0x000000000000000000000000000000000000bEEF";
const run = promisify(execFile);

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, "gms"))].map(([, text]) => text as string);
}

/** A folder that looks like the project's, with the programs of the page in it. */
function makeProject(world: World, service: ServiceProcess): (command: string) => Promise<string> {
  for (const name of ["package.json", "node_modules", "scripts", "artifacts"])
    symlinkSync(join(ROOT, name), world.path(name));
  for (const text of blocks("js")) {
    const name = /^\/\/ (\S+\.mjs)\n/.exec(text)?.[1];
    assert.ok(name, `expected a file's name above ${text.slice(0, 40)}`);
    writeFileSync(world.path(name), atService(text, service));
  }
  const env = { ...process.env, HOLDFAST_URL: service.url };
  return async (command) => {
    const shell = ["-euo", "pipefail", "-c", atService(command, service)];
    return (await run("bash", shell, { cwd: world.folder, env })).stdout;
  };
}

test("the page's way from an event to a payment is as it is written", async (t: TestContext) => {
  await build();
  const world = new World(t);
  const service = await world.start();
  const others = Array.from({ length: 5 }, (_, i) => event(`other-${i}`));
  await service.json(201, "POST /v1/ledgers/main/events", others);
  const shell = makeProject(world, service);
  const commands = blocks("sh");
  assert.equal(commands.length, 5, "expected five blocks of commands on the page");
  const outputs: string[] = [];
  for (const command of commands) outputs.push(await shell(command));
  assert.match(outputs[0] as string, /^Ledger 0x[0-9a-f]{64} on chain 31337/);
  assert.match(outputs[4] as string, /^true\npaid in 0x[0-9a-f]{64}\n$/);
  assert.equal(BigInt(await rpc(service.node, "eth_getBalance", [PAYEE, "latest"])), 1_000_000_000n);

  const call = JSON.parse(readFileSync(world.path("call.json"), "utf8"));
  const { proofOf } = (await import(world.path("proof-of.mjs"))) as { proofOf: (text: string) => object };
  const { actionAt, targetAt, ...proof } = proofOf(readFileSync(world.path("bundle.json"), "utf8")) as Proof;
  const { ledgerId: _, ...args } = call.args;
  assert.deepEqual(proof, args, "both ways from a bundle to the arguments are one");
  assert.deepEqual([proof.members[actionAt]?.text, proof.members.length], ['"action":"order.delivered"', 5]);
  assert.equal(proof.members[targetAt]?.text, '"targets":[{"id":"o-7","type":"order"}]');

  const { address, abi } = JSON.parse(readFileSync(world.path("pay.json"), "utf8"));
  const data = new Interface(abi).encodeFunctionData("claim", [{ actionAt, targetAt, ...proof }]);
  const again = rpc(service.node, "eth_call", [{ to: address, data }, "latest"]);
  await assert.rejects(again, /revert/);
  await assert.rejects(shell("node claim.mjs"), /DealSettled/);
});

type Proof = {
  readonly actionAt: number;
  readonly targetAt: number;
  readonly members: readonly { readonly text: string }[];
};

test("the page's Solidity is the example's, and the address the contract's", () => {
  const source = read(EXAMPLE).replaceAll(/\s+/g, " ");
  const shown = blocks("solidity");
  assert.ok(shown.length > 0);
  for (const text of shown) assert.ok(source.includes(text.replaceAll(/\s+/g, " ").trim()), text);
  const addresses = new Set(PAGE.match(/0x[0-9a-fA-F]{40}\b/g));
  assert.deepEqual([...addresses].sort(), [PAYEE, artifact.create2.address].sort());
});

test("the page's figures are those of docs/gas.md", () => {
  const figures = JSON.parse(read("test/contracts/gas.json"));
  const measured = render(figures);
  assert.equal(shownIn(read("docs/gas.md")), measured);
  const cells = (row: string) =>
    row
      .split("|")
      .map((cell) => cell.trim())
      .filter((cell) => cell !== "");
  const known = measured.split("\n").map((row) => cells(row).slice(1).join());
  const rows = PAGE.split("\n").filter((line) => /^\|.*\d,\d{3}/.test(line));
  assert.equal(rows.length, 6);
  for (const row of rows) assert.ok(known.includes(cells(row).slice(1).join()), row);
});
