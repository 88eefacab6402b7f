/** `holdfast upgrade --rpc` against endpoints that lie: whatever they say, nothing that does not verify is written. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { parseBundle } from "../../../src/verify/bundle/parse.ts";
import { ANVIL } from "../../verify/anvil.ts";
import { type Bend, bendNode, type Loose } from "../bent-node.ts";
import { startContractChain } from "../contract-chain.ts";
import { deadUrl, serveHttp } from "../fake-http.ts";
import { History } from "../fork-proof/histories.ts";
import { makeFolder } from "../run-cli.ts";
import { runCommand } from "../run-command.ts";

const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";

const OTHER = `0x${"ab".repeat(32)}`;

/** Changes what the node says to one method. */
function lieOn(name: string, change: (result: Loose, params: readonly Loose[]) => unknown): Bend {
  return (method, params, result) => (method === name ? change(structuredClone(result), params) : result);
}

/** Changes the last digit of a hex string. */
function slip(text: string): string {
  return `${text.slice(0, -1)}${text.endsWith("0") ? "1" : "0"}`;
}

/** A logs answer with each log changed; the verifier asks for the logs of one block, the search for those of many. */
function logs(change: object): Bend {
  return lieOn("eth_getLogs", (found: object[]) => found.map((log) => ({ ...log, ...change })));
}

type Lie = readonly [what: string, status: number, said: RegExp, bend: Bend];

const LIES: readonly Lie[] = [
  [
    "a header that is not the block's",
    1,
    /state proof .* does not hold: expected a header of block \d+ with hash 0x.*--no-state does without/,
    lieOn("eth_getBlockByNumber", (block) => block && { ...block, gasUsed: "0x7" }),
  ],
  [
    "a proof of another account",
    1,
    /state proof .* does not hold: the account proof does not hold/,
    lieOn("eth_getProof", (proof) => ({ ...proof, accountProof: proof.accountProof.map(slip) })),
  ],
  [
    "a storage proof that leads nowhere",
    1,
    /state proof .* does not hold: the storage proof does not hold/,
    lieOn("eth_getProof", (proof) => ({ ...proof, storageProof: [{ proof: [] }] })),
  ],
  [
    "logs of another contract",
    2,
    /holds the root for size 3, and the endpoint finds no event/,
    logs({ address: `0x${"12".repeat(20)}` }),
  ],
  [
    "a log of another ledger",
    2,
    /finds no event/,
    lieOn("eth_getLogs", (found: Loose[]) =>
      found.map((log) => ({ ...log, topics: [log.topics[0], OTHER, log.topics[2]] })),
    ),
  ],
  ["no logs", 2, /finds no event/, lieOn("eth_getLogs", () => [])],
  [
    "a log of a block that is not there",
    2,
    /do not fit together: an event of block \d+ with hash 0xab/,
    logs({ blockHash: OTHER }),
  ],
  ["logs that are none", 2, /could not be asked: expected a list of logs/, lieOn("eth_getLogs", () => ({}))],
  [
    "another transaction when the event is searched for",
    1,
    /FAILED {2}transaction \(anchor 1\): expected transaction/,
    lieOn("eth_getLogs", (found: Loose[], [filter]) =>
      filter.blockHash === undefined ? found.map((log) => ({ ...log, transactionHash: OTHER })) : found,
    ),
  ],
  [
    "another root in the event",
    1,
    /FAILED {2}transaction \(anchor 1\): expected root in the event/,
    lieOn("eth_getLogs", (found: Loose[]) => found.map((log) => ({ ...log, data: OTHER + log.data.slice(66) }))),
  ],
  ["other code", 1, /expected code with hash 0x.* got 0x/, lieOn("eth_getCode", () => "0x6001600255")],
  ["no sense", 2, /expected what .* gives from the endpoint, got "0x12"/, lieOn("eth_call", () => "0x12")],
];

test("nothing is written of what an endpoint lies about", { skip }, async (t) => {
  const chain = await startContractChain(t);
  const history = new History(3);
  await chain.anchor(history, 3);
  await chain.rpc("anvil_mine", ["0x4"]);
  const folder = makeFolder(t);
  const file = join(folder, "bundle.json");
  writeFileSync(file, JSON.stringify(history.bundle(1, 3)));
  const before = readFileSync(file, "utf8");
  await Promise.all(
    LIES.map(async ([what, expected, said, bend]) => {
      const { url } = await bendNode(t, chain.url, bend);
      const { status, stdout, stderr } = await runCommand(["upgrade", file, "--development", "--rpc", url]);
      assert.equal(status, expected, `${what}: ${stdout}${stderr}`);
      assert.match(stdout + stderr, said, what);
    }),
  );
  assert.equal(readFileSync(file, "utf8"), before);
  assert.deepEqual(readdirSync(folder), ["bundle.json"]);
  const { status, stdout } = await runCommand(["upgrade", file, "--development", "--rpc", chain.url]);
  assert.equal(status, 0, stdout);
});

test("a chain with headers of its own is upgraded without the state, when that is asked for", { skip }, async (t) => {
  const chain = await startContractChain(t);
  const history = new History(3);
  await chain.anchor(history, 3);
  await chain.rpc("anvil_mine", ["0x4"]);
  const folder = makeFolder(t);
  const file = join(folder, "bundle.json");
  const out = join(folder, "new.json");
  writeFileSync(file, JSON.stringify(history.bundle(1, 3)));
  const strange = lieOn("eth_getBlockByNumber", (block) => block && { ...block, l1BlockNumber: "0x1", mixHash: OTHER });
  const { url } = await bendNode(t, chain.url, strange);
  const { status, stdout, stderr } = await runCommand([
    "upgrade",
    file,
    "--development",
    "--rpc",
    url,
    "--no-state",
    "-o",
    out,
  ]);
  assert.deepEqual([status, stderr], [0, ""], stdout);
  const { status: reached, anchors } = parseBundle(readFileSync(out, "utf8"));
  assert.deepEqual([reached, anchors.map(({ state }) => state)], ["final", [undefined]]);
  assert.equal(parseBundle(readFileSync(file, "utf8")).status, "recorded", "the old file is as it was");
});

test("several endpoints of a chain have to agree, and one that is silent is made up for", { skip }, async (t) => {
  const chain = await startContractChain(t);
  const history = new History(3);
  await chain.anchor(history, 3);
  await chain.rpc("anvil_mine", ["0x4"]);
  const file = join(makeFolder(t), "bundle.json");
  const text = JSON.stringify(history.bundle(1, 3));
  writeFileSync(file, text);
  const liar = await bendNode(
    t,
    chain.url,
    lieOn("eth_getLogs", () => []),
  );
  const both = await runCommand(["upgrade", file, "--development", "--rpc", chain.url, "--rpc", liar.url]);
  assert.deepEqual([both.status, /FAILED {2}transaction/.test(both.stdout)], [1, true], both.stdout);
  assert.equal(readFileSync(file, "utf8"), text);
  const refusing = await serveHttp(t, () => ({ status: 403, body: "<html>" }));
  const nowhere = await runCommand(["upgrade", file, "--development", "--rpc", await deadUrl(), "--rpc", refusing.url]);
  assert.equal(nowhere.status, 2);
  assert.match(nowhere.stderr, /No chain could be asked: .*; .*403/);
  const { status, stdout } = await runCommand([
    "upgrade",
    file,
    "--development",
    "--rpc",
    await deadUrl(),
    "--rpc",
    chain.url,
  ]);
  assert.equal(status, 0, stdout);
});
