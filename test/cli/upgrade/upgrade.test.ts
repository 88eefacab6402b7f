/** `holdfast upgrade --rpc` as a process: bundles upgraded from a real chain alone, with no service anywhere. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import artifact from "../../../src/chain/contract/artifact.json" with { type: "json" };
import { checksumAddress } from "../../../src/merkle/address.ts";
import type { Bundle, BundleAnchor } from "../../../src/verify/bundle/bundle.ts";
import { parseBundle } from "../../../src/verify/bundle/parse.ts";
import { ANVIL, startAnvil } from "../../verify/anvil.ts";
import { bendNode, limitLogs } from "../bent-node.ts";
import { CONTRACT, type ContractChain, startContractChain } from "../contract-chain.ts";
import { deadUrl, serveHttp } from "../fake-http.ts";
import { History, keyNamed, SIGNED_AT, signerOf } from "../fork-proof/histories.ts";
import { makeFolder, runCli } from "../run-cli.ts";
import { runCommand } from "../run-command.ts";

const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";

type Kept = {
  readonly file: string;
  readonly folder: string;
  readonly read: () => Bundle;
  /** Runs the command, and requires that it left the file as it was unless it ended well. */
  readonly upgrade: (...args: readonly string[]) => Promise<{ status: number | null; stdout: string; stderr: string }>;
};

/** A bundle in a file of its own. */
function keep(t: TestContext, bundle: Bundle): Kept {
  const folder = makeFolder(t);
  const file = join(folder, "bundle.json");
  writeFileSync(file, JSON.stringify(bundle), { mode: 0o600 });
  const upgrade: Kept["upgrade"] = async (...args) => {
    const before = readFileSync(file, "utf8");
    const run = await runCommand(["upgrade", file, "--development", ...args]);
    if (run.status !== 0) assert.equal(readFileSync(file, "utf8"), before, "a failed upgrade leaves the file alone");
    assert.deepEqual(readdirSync(folder), ["bundle.json"], "nothing unfinished stays");
    return run;
  };
  return { file, folder, upgrade, read: () => parseBundle(readFileSync(file, "utf8")) };
}

async function mine(chain: ContractChain, blocks: number): Promise<void> {
  await chain.rpc("anvil_mine", [`0x${blocks.toString(16)}`]);
}

test("a recorded bundle becomes final from the chain alone, and then needs only a block hash", { skip }, async (t) => {
  const chain = await startContractChain(t);
  const history = new History(5);
  const recorded = history.bundle(1, 3);
  const { file, upgrade, read } = keep(t, recorded);
  const early = await upgrade("--rpc", chain.url);
  assert.deepEqual([early.status, early.stdout], [2, ""]);
  assert.match(early.stderr, /Chain 31337 has no anchor of size 3 yet: of this ledger it has nothing; try again later/);

  await chain.anchor(history, 3);
  const mined = await upgrade("--rpc", chain.url);
  assert.equal(mined.status, 0, mined.stdout + mined.stderr);
  assert.match(mined.stderr, /^Block \d+ is not final yet\. Run this again when it is/);
  assert.match(mined.stdout, /bundle\.json, which says anchored\.$/m);
  assert.equal(read().status, "anchored");
  assert.equal(read().anchors[0]?.state, undefined);

  await chain.anchor(history, 5);
  await mine(chain, 3);
  const final = await upgrade("--rpc", chain.url);
  assert.deepEqual([final.status, final.stderr], [0, ""], final.stdout);
  assert.match(final.stdout, /^ok {6}state \(anchor 1\): the state of block \d+ .* held the root for size 3$/m);
  assert.match(final.stdout, /bundle\.json, which says final\.$/m);
  const after = read();
  assert.deepEqual({ ...after, anchors: [], status: "recorded" }, recorded);
  const [anchor] = after.anchors;
  assert.ok(anchor?.state !== undefined);
  assert.deepEqual([after.anchors.length, anchor.size, anchor.chainId], [1, 3, 31_337]);
  assert.equal(statSync(file).mode & 0o777, 0o600, "whoever could not read the file still cannot");
  const frozen = await runCommand(["verify", file, "--development", "--block-hash", anchor.blockHash]);
  assert.equal(frozen.status, 0, frozen.stdout);
  assert.equal((await runCommand(["verify", file, "--development", "--block-hash", `0x${"ab".repeat(32)}`])).status, 1);

  const again = await upgrade("--rpc", chain.url, "--json");
  assert.deepEqual([again.status, JSON.parse(again.stdout).status], [0, "final"]);
  assert.deepEqual(read(), after);
  const patient = await upgrade("--rpc", chain.url, "--finality", "1000");
  assert.deepEqual([patient.status, patient.stdout], [2, ""]);
  assert.match(patient.stderr, /says final already, and what was found is only anchored: it was left as it is/);
});

test("what holds is written, also where it takes a flag to call it verified", { skip }, async (t) => {
  const chain = await startContractChain(t);
  const history = new History(3);
  await chain.anchor(history, 3);
  const { file, read } = keep(t, history.bundle(1, 3));
  const { status, stdout } = await runCli(["upgrade", file, "--rpc", chain.url]);
  assert.deepEqual([status, read().status], [2, "anchored"], stdout);
  assert.match(stdout, /^Holds on a development chain only$/m);
});

test("a size that only a larger anchor covers needs a path, and an anchor that the bundle leads to will do", {
  skip,
}, async (t) => {
  const chain = await startContractChain(t);
  const history = new History(8);
  await chain.anchor(history, 6);
  const { file, upgrade, read } = keep(t, history.bundle(1, 3));
  const missing = await upgrade("--rpc", chain.url);
  assert.equal(missing.status, 2);
  assert.match(missing.stderr, /no anchor of size 3, but of larger ones, the newest of 6: it takes a consistency path/);
  assert.match(missing.stderr, /see --url/);

  const { url } = await serveHttp(t, async ({ path }) => {
    if (path.includes("/consistency")) return { body: history.consistency(3, 6) };
    if (!path.includes("/anchors")) return { status: 404, body: { code: "event_unknown", detail: "no" } };
    const [log] = (await chain.rpc("eth_getLogs", [{ fromBlock: "0x2" }])) as Record<string, string>[];
    const { transactionHash, blockHash, address } = log ?? {};
    const blockNumber = Number(log?.blockNumber);
    const block = (await chain.rpc("eth_getBlockByNumber", [log?.blockNumber, false])) as { timestamp: string };
    const place = { transactionHash, blockNumber, blockHash, blockTime: Number(block.timestamp) };
    const contract = recordedContract(address ?? "");
    return { body: { anchors: [{ chainId: 31_337, contract, size: 6, root: history.tree.root(6), ...place }] } };
  });
  const served = await upgrade("--url", url, "--rpc", chain.url);
  assert.equal(served.status, 0, served.stdout + served.stderr);
  assert.deepEqual([read().status, read().anchors[0]?.size, read().anchors[0]?.state], ["anchored", 6, undefined]);

  await mine(chain, 3);
  const alone = await upgrade("--rpc", chain.url);
  assert.deepEqual([alone.status, alone.stderr], [0, ""], alone.stdout);
  const [anchor] = read().anchors;
  assert.deepEqual([read().status, anchor?.size, anchor?.consistency], ["final", 6, history.tree.consistency(3, 6)]);
  assert.equal(
    (await runCommand(["verify", file, "--development", "--block-hash", anchor?.blockHash ?? ""])).status,
    0,
  );
});

/** What a bundle may say of an anchor of size 3. */
function anchorAt(address: string): BundleAnchor {
  const contract = checksumAddress(address);
  const hash = `0x${"5".repeat(64)}` as const;
  const place = { transactionHash: hash, blockNumber: 1, blockHash: hash, blockTime: SIGNED_AT };
  return { chainId: 31_337, contract, size: 3, root: new History(3).tree.root(3), ...place };
}

/** The address of a log, in capitals as a service spells it. */
function recordedContract(address: string): string {
  assert.equal(address.toLowerCase(), CONTRACT.toLowerCase());
  return CONTRACT;
}

test("another root on the chain is a fork, and told loudly, unless a stranger signed the bundle", {
  skip,
}, async (t) => {
  const chain = await startContractChain(t);
  await chain.anchor(new History(5), 5);
  await mine(chain, 3);
  const other = new History(5, "untold", 2);
  const { file, upgrade } = keep(t, other.bundle(3, 5));
  const forked = await upgrade("--rpc", chain.url, "--json");
  assert.equal(forked.status, 1);
  const { error } = JSON.parse(forked.stdout) as { error: { code: string; message: string } };
  assert.equal(error.code, "ledger_forked");
  assert.match(
    error.message,
    /^FORK: for size 5 the contract on chain 31337 holds root 0x.* fork-proof .*bundle\.json --rpc/,
  );
  const proof = await runCommand(["fork-proof", file, "--rpc", chain.url, "--development"]);
  assert.deepEqual([proof.status, /would take the proof/.test(proof.stdout)], [0, true], proof.stdout);

  const key = keyNamed("a stranger");
  const bundle = other.bundle(3, 5);
  const { ledgerId: _, ...checkpoint } = other.checkpoint(5, { key });
  const forged = keep(t, {
    ...bundle,
    ledger: { ...bundle.ledger, signer: checksumAddress(signerOf(key)) },
    checkpoint,
  });
  const refused = await forged.upgrade("--rpc", chain.url);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /The bundle is not of this ledger: .* does not know 0x.*, who signed the bundle's/);

  const broken = keep(t, { ...bundle, entry: { ...bundle.entry, recordedAt: 7 } });
  const nothing = await serveHttp(t, () => ({ status: 500 }));
  const unsound = await broken.upgrade("--rpc", nothing.url);
  assert.deepEqual([unsound.status, nothing.asked.length], [1, 0], "nobody is asked about what is no proof by itself");
  assert.match(unsound.stderr, /FAILED at step "leaf"/);
});

test("a chain that cannot tell is status 2, whatever the reason", { skip }, async (t) => {
  const chain = await startContractChain(t, { isOpen: false });
  const history = new History(3);
  const { upgrade } = keep(t, history.bundle(1, 3));
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [["--rpc", chain.url], /does not know the ledger 0x.*; is it anchored to another chain, or see --contract/],
    [["--rpc", await deadUrl()], /No chain could be asked: .*ECONNREFUSED/],
    [["--rpc", chain.url, "--chain-id", "5"], /Expected an endpoint of chain 5, got one of chain 31337/],
    [
      ["--rpc", chain.url, "--contract", `0x${"11".repeat(20)}`],
      /expected a contract at 0x1{40}, got no code there; .*--contract/,
    ],
    [["--rpc", "ws://127.0.0.1:1"], /Expected an http or https URL/],
    [["--rpc", chain.url, "--url", await deadUrl()], /The service at .* cannot be reached/],
    [["--rpc", chain.url, "--offline"], /Expected --offline, or a chain/],
  ];
  for (const [args, expected] of cases) {
    const { status, stdout, stderr } = await upgrade(...args);
    assert.deepEqual([status, stdout], [2, ""], args.join(" "));
    assert.match(stderr, expected);
  }
  const empty = await startAnvil(t);
  const { status, stderr } = await upgrade("--rpc", empty.url);
  assert.deepEqual([status, /got no code there; is it another chain/.test(stderr)], [2, true], stderr);
});

test("the same code at another address counts only when it is expected", { skip }, async (t) => {
  const chain = await startContractChain(t);
  const elsewhere = `0x${"77".repeat(20)}`;
  const other = `0x${"78".repeat(20)}`;
  await chain.rpc("anvil_setCode", [elsewhere, artifact.deployedBytecode]);
  await chain.rpc("anvil_setCode", [other, "0x6001"]);
  const history = new History(3);
  const kept = keep(t, history.bundle(1, 3));
  const named = { ...history.bundle(1, 3), status: "anchored" as const, anchors: [anchorAt(elsewhere)] };
  const vouchless = await keep(t, named).upgrade("--rpc", chain.url);
  assert.equal(vouchless.status, 2);
  assert.match(vouchless.stderr, /could put roots of their own beside it: say that you expect this contract/);
  const expected = await kept.upgrade("--rpc", chain.url, "--contract", elsewhere);
  assert.deepEqual([expected.status, /does not know the ledger/.test(expected.stderr)], [2, true], expected.stderr);
  const strange = await kept.upgrade("--rpc", chain.url, "--contract", other);
  assert.deepEqual([strange.status, /expected code with hash/.test(strange.stderr)], [1, true], strange.stderr);
});

test("endpoints that search few blocks at once are searched from the time of the checkpoint on", {
  skip,
}, async (t) => {
  const chain = await startContractChain(t);
  const history = new History(5);
  await chain.rpc("anvil_setBlockTimestampInterval", [60]);
  await mine(chain, 400);
  const { timestamp } = (await chain.rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
  await mine(chain, 150);
  await chain.anchor(history, 3);
  await mine(chain, 300);
  const { ledgerId: _, ...checkpoint } = history.checkpoint(3, { signedAt: Number(timestamp) });
  const { upgrade, read } = keep(t, { ...history.bundle(1, 3), checkpoint });
  const limited = await bendNode(t, chain.url, limitLogs(100));
  const { status, stdout, stderr } = await upgrade("--rpc", limited.url);
  assert.deepEqual([status, stderr], [0, ""], stdout);
  assert.ok(read().anchors[0]?.state !== undefined);
  const ranges = limited.asked
    .filter(({ body }) => body.includes("fromBlock"))
    .map(({ body }) => JSON.parse(body).params[0]);
  assert.ok(ranges.length > 3, "one question was not enough");
  assert.ok(
    ranges.slice(1).every(({ fromBlock }) => Number(fromBlock) >= 300),
    "old blocks are left alone",
  );
});

test("a node without old states gives a final anchor without its proof, and says so", { skip }, async (t) => {
  const chain = await startContractChain(t);
  const history = new History(3);
  await chain.anchor(history, 3);
  await mine(chain, 3);
  const { file, upgrade, read } = keep(t, history.bundle(1, 3));
  const pruned = await bendNode(t, chain.url, (method, _, result) => {
    if (method === "eth_getProof") throw new Error("missing trie node 12ab (path ) state 0x12ab is not available");
    return result;
  });
  const { status, stdout, stderr } = await upgrade("--rpc", pruned.url);
  assert.equal(status, 0, stdout + stderr);
  assert.match(
    stderr,
    /^No state proof of block \d+: .*missing trie node.*; run this again with a node that keeps old states/,
  );
  assert.deepEqual([read().status, read().anchors[0]?.state], ["final", undefined]);
  assert.equal((await runCommand(["verify", file, "--development", "--rpc", chain.url])).status, 0);
  const richer = await upgrade("--rpc", chain.url);
  assert.equal(richer.status, 0, richer.stderr);
  assert.ok(read().anchors[0]?.state !== undefined);
  const again = await upgrade("--rpc", pruned.url);
  assert.equal(again.status, 0, again.stderr);
  assert.ok(read().anchors[0]?.state !== undefined, "a proof that is there already stays");
});
