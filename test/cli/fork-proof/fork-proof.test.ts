/** `holdfast fork-proof` as a process: what contradicts what, and what the contract makes of it. */

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { plainStatement, wholeNodes } from "../../../src/watch/statement.ts";
import { ANVIL } from "../../verify/anvil.ts";
import { CONTRACT, startContractChain } from "../contract-chain.ts";
import { deadUrl, serveHttp } from "../fake-http.ts";
import { makeFolder, type Run, runCli } from "../run-cli.ts";
import { runCommand } from "../run-command.ts";
import { History, keyNamed, LEDGER_ID, SIGNER, signerOf } from "./histories.ts";

const told = new History(20);
const other = new History(20, "other", 5);
const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";

/** Writes values into files, and runs the command on them. */
function prover(t: TestContext): (values: readonly unknown[], args?: readonly string[]) => Promise<Run> {
  const folder = makeFolder(t);
  return (values, args = []) => {
    const files = values.map((value, i) => {
      const file = join(folder, `${i}.json`);
      writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
      return file;
    });
    return runCommand(["fork-proof", ...files, ...args]);
  };
}

/** A service that shows a history. */
function serve(t: TestContext, history: History) {
  return serveHttp(t, ({ path }) => {
    const [, from, to] = /\/consistency\?from=(\d+)&to=(\d+)$/.exec(path) ?? [];
    return from === undefined ? { status: 404, body: {} } : { body: history.consistency(Number(from), Number(to)) };
  });
}

test("one signature under many roots is told as what it is, before anybody is asked", async (t) => {
  const node = await serveHttp(t, () => ({ status: 500 }));
  const checkpoint = told.checkpoint(7);
  const lines = Array.from({ length: 100 }, (_, i) => {
    return JSON.stringify({ ...checkpoint, root: `0x${(i + 1).toString(16).padStart(64, "0")}` });
  });
  const { status, stderr } = await prover(t)([lines.join("\n"), checkpoint], ["--rpc", node.url]);
  assert.equal(status, 2);
  assert.match(
    stderr,
    /Expected statements of 64 signers and contracts at most in \S+0\.json, got \d\d+: .* Leave that file out/,
  );
  assert.equal(node.asked.length, 0);
});

test("one size with two roots by a signer who is known is proved without a chain, and the call is printed", async (t) => {
  const run = prover(t);
  const found = await run([told.checkpoint(7), other.bundle(6, 7)], ["--signer", SIGNER]);
  assert.deepEqual([found.status, found.stderr], [0, ""]);
  assert.match(found.stdout, /^One ledger has two roots for size 7\.\n/);
  assert.match(found.stdout, /function {3}proveFork\(bytes32,\(uint64,bytes32,uint64,address,bytes\),/);
  assert.match(found.stdout, new RegExp(`contract {3}${CONTRACT}\\n`));
  assert.match(found.stdout, /^ {2}data {7}0x[0-9a-f]{600,}$/m);
  const same = await run([told.checkpoint(7), told.bundle(3, 7)]);
  assert.deepEqual([same.status, same.stdout], [1, "They do not contradict each other: all are of one history.\n"]);
});

test("a contradiction by a signer whom nobody vouched for proves nothing of the ledger", async (t) => {
  const run = prover(t);
  const values = [told.checkpoint(7), other.bundle(6, 7)];
  const open = await run(values, ["--json"]);
  const { cell, outcome, call } = JSON.parse(open.stdout);
  assert.deepEqual(
    [open.status, cell.given, cell.found, cell.word, outcome],
    [2, "nothing", "contradiction", "They contradict each other, signer not vouched for", "undecided"],
  );
  assert.match(call.data, /^0x[0-9a-f]{600,}$/, "the contract can still be asked");
  const stranger = signerOf(keyNamed("stranger"));
  assert.equal((await run(values, ["--signer", stranger])).status, 2, "another signer vouches for nothing");
});

test("what cannot be decided from here is said plainly", async (t) => {
  const run = prover(t);
  const sizes = await run([told.checkpoint(7), told.checkpoint(12)]);
  assert.equal(sizes.status, 2);
  assert.match(sizes.stdout, /^Could not tell: whether the tree of 12 entries begins with that of 7; .*--url/);
  const stranger = { key: keyNamed("stranger") };
  const strangers = await run([told.checkpoint(7), other.checkpoint(7, stranger)]);
  assert.equal(strangers.status, 2);
  assert.match(strangers.stdout, /if both count; of one that is not known: no chain was asked; give --rpc/);
  const signers = ["--signer", SIGNER, "--signer", signerOf(stranger.key)];
  assert.equal((await run([told.checkpoint(7), other.checkpoint(7, stranger)], signers)).status, 0);
  assert.match((await run([told.checkpoint(7)])).stdout, /one statement alone/);
  const another = await run([told.checkpoint(7), other.checkpoint(7, { ledgerId: `0x${"11".repeat(32)}` })]);
  assert.deepEqual([another.status, /is of another ledger/.test(another.stdout)], [1, true]);
  assert.equal((await run([told.checkpoint(7), "nonsense"])).status, 2);
  assert.equal((await runCli(["fork-proof", "nowhere.json"])).status, 2);
});

test("a service's path decides between two sizes, when it leads to what was signed", async (t) => {
  const run = prover(t);
  const good = await serve(t, told);
  const bad = await serve(t, other);
  const agree = await run([told.checkpoint(7), told.checkpoint(12)], ["--url", good.url]);
  assert.equal(agree.status, 1, agree.stdout);
  const rewritten = await run(
    [told.checkpoint(8), other.checkpoint(12)],
    ["--url", bad.url, "--json", "--signer", SIGNER],
  );
  assert.equal(rewritten.status, 0, rewritten.stdout);
  const { outcome, call, a, b } = JSON.parse(rewritten.stdout);
  assert.deepEqual([outcome, a.size, b.size], ["contradiction", 8, 12]);
  assert.deepEqual(call.args.path, wholeNodes(8, other.tree.root(8), other.tree.consistency(8, 12)));
  for (const url of [good.url, await deadUrl()]) {
    assert.equal((await run([told.checkpoint(8), other.checkpoint(12)], ["--url", url])).status, 2, url);
  }
});

test("the contract takes the proof, and every kind of it", { skip }, async (t) => {
  const run = prover(t);
  const evidence = (a: Parameters<typeof plainStatement>[0], b: typeof a, nodes: readonly string[]) => ({
    format: "holdfast/evidence@1",
    ledgerId: LEDGER_ID,
    a: plainStatement(a),
    b: plainStatement(b),
    nodes,
  });
  const kinds = {
    "signed and signed": [told.checkpoint(9), other.checkpoint(9)],
    "signed alone, against what is anchored": [other.checkpoint(7)],
    "signed and anchored, of two sizes": [
      evidence(other.statement(6), told.statement(12), wholeNodes(6, told.tree.root(6), told.tree.consistency(6, 12))),
    ],
    "two entries at one index": [told.bundle(6, 12), other.bundle(6, 9)],
  };
  const chain = await startContractChain(t);
  await chain.anchor(told, 7);
  await chain.anchor(told, 12);
  const args = ["--rpc", chain.url, "--development", "--account", chain.account];
  for (const [name, values] of Object.entries(kinds)) {
    const snapshot = await chain.rpc("evm_snapshot", []);
    const sent = await run(values, [...args, "--json"]);
    assert.equal(sent.status, 0, `${name}: ${sent.stdout}`);
    const { isForked, transactionHash, feeWei } = JSON.parse(sent.stdout);
    assert.deepEqual(
      [isForked, /^0x[0-9a-f]{64}$/.test(transactionHash), /^[1-9]\d*$/.test(feeWei)],
      [true, true, true],
    );
    assert.equal((await chain.call("head", [LEDGER_ID])).forked, true);
    await chain.rpc("evm_revert", [snapshot]);
  }
  const values = kinds["signed and signed"];
  const careful = await run(values, ["--rpc", chain.url]);
  assert.deepEqual([careful.status, /known from a development chain only/.test(careful.stdout)], [2, true]);
  const dry = await run(values, ["--rpc", chain.url, "--development"]);
  assert.equal(dry.status, 0, dry.stdout + dry.stderr);
  assert.match(dry.stdout, /The contract would take the proof\.\nAnybody may send this call:/);
  assert.equal((await chain.call("head", [LEDGER_ID])).forked, false);
  await run(values, args);
  const again = await run(values, args);
  assert.deepEqual([again.status, /forked already/.test(again.stdout)], [0, true]);
});

test("what is no statement of the ledger is not counted, and is refused by its reason", { skip }, async (t) => {
  const run = prover(t);
  const chain = await startContractChain(t);
  await chain.anchor(told, 7);
  const args = ["--rpc", chain.url, "--development", "--account", chain.account];
  const foreign = await run([told.checkpoint(9), other.checkpoint(9, { key: keyNamed("stranger") })], args);
  assert.equal(foreign.status, 1, foreign.stdout);
  assert.match(
    foreign.stdout,
    /Note: .*1\.json: not counted: the contract does not know 0x[0-9a-fA-F]{40} as a signer/,
  );
  const honest = await run([told.checkpoint(7)], args);
  assert.deepEqual([honest.status, honest.stdout], [1, "They do not contradict each other: all are of one history.\n"]);
  const claim = {
    chainId: 31337,
    contract: CONTRACT,
    transactionHash: told.tree.root(1),
    blockNumber: 1,
    blockTime: 1,
  };
  const lie = {
    ...claim,
    size: 12,
    root: other.tree.root(12),
    blockHash: told.tree.root(1),
    consistency: other.tree.consistency(7, 12),
  };
  const lying = await run([told.checkpoint(7), other.bundle(6, 7, [lie])], args);
  assert.equal(lying.status, 0, "the checkpoint in the bundle is signed all the same");
  assert.match(lying.stdout, /not counted: the contract holds nothing for size 12/);
  await chain.rpc("anvil_setCode", [CONTRACT, "0x6001"]);
  const wrong = await run([told.checkpoint(9), other.checkpoint(9)], args);
  assert.deepEqual([wrong.status, /got other code or none/.test(wrong.stderr)], [1, true]);
});
