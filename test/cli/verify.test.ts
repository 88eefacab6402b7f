/** `holdfast verify` as a process: exit statuses, what it prints, whom it asks. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { knownCodeHashes } from "../../src/cli/remote/known-contract.ts";
import { memberText } from "../../src/entry/member.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { SetWriter } from "../../src/verify/set/set.ts";
import { anchored, CHAIN_ID, CONTRACT, OWNER, TestChain, TestLedger } from "../verify/fixture.ts";
import { deadUrl, serveHttp, serveNode } from "./fake-http.ts";
import { makeFolder, runCli } from "./run-cli.ts";
import { runCommand } from "./run-command.ts";

const ledger = new TestLedger(13);
/** Flags of a reader who knows who signs. */
const KNOWS = ["--signer", ledger.record.signer];
/** Control characters other than a newline, and one that turns the direction of writing. */
const UNSEEN = /[^\P{Cc}\n]|\u202e/u;

async function anchoredBundle(chainId = CHAIN_ID) {
  const chain = new TestChain();
  chain.id = chainId;
  chain.code = knownCodeHashes()[0];
  const anchor = await chain.anchor(ledger, 13, { from: 11, withState: true });
  chain.finalUpTo = anchor.blockNumber;
  return { chain, anchor, bundle: anchored(ledger.bundle(5, 11), [anchor], "final") };
}

function save(t: TestContext, value: Bundle | string): string {
  const file = join(makeFolder(t), "bundle.json");
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value, null, 2));
  return file;
}

test("a recorded bundle is verified without a chain by who signs, and it is said that none was asked", async (t) => {
  const { status, stdout, stderr } = await runCli(["verify", save(t, ledger.bundle(5)), ...KNOWS]);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.match(stdout, /^ok {6}members: 5 shown/m);
  assert.match(stdout, /No chain was asked/);
  assert.match(stdout, /Note: You did not say which ledger you expect/);
  const named = await runCli(["verify", "-", "--ledger-id", ledger.record.id, ...KNOWS], {
    input: JSON.stringify(ledger.bundle(5)),
  });
  assert.equal(named.status, 0);
  assert.doesNotMatch(named.stdout, /Note:/);
});

test("nothing in a bundle moves a terminal's cursor or begins a line of its own", async (t) => {
  const trick = "main\u001b[2J\u001b[H\nok      signature: fine\n\nProved: all of it.\u009b8m\u202e";
  const named = new TestLedger(3, { name: trick });
  const spoken = new TestLedger(3, { texts: () => [memberText("message", trick)] });
  const lied: Bundle = { ...ledger.bundle(1), ledger: { ...ledger.record, name: trick } };
  for (const [bundle, expected] of [
    [named.bundle(1), 0],
    [spoken.bundle(1), 0],
    [lied, 1],
  ] as const) {
    const file = save(t, bundle);
    const { status, stdout } = await runCommand(["verify", file, ...KNOWS]);
    assert.equal(status, expected);
    assert.doesNotMatch(stdout, UNSEEN);
    assert.equal(stdout.match(/^Proved/gm)?.length ?? 0, expected === 0 ? 1 : 0);
    const json = await runCommand(["verify", file, ...KNOWS, "--json"]);
    assert.doesNotMatch(json.stdout, UNSEEN);
    if (expected === 0) assert.ok(JSON.stringify(JSON.parse(json.stdout)).includes(JSON.stringify(trick).slice(1, -1)));
  }
});

test("what a node says of an error begins no line of its own either", async (t) => {
  const { bundle } = await anchoredBundle();
  const message = "none\n\nProved: all of it.\u001b[8m";
  const { url } = await serveHttp(t, () => ({ body: { error: { code: -32000, message } } }));
  const { status, stdout } = await runCommand(["verify", save(t, bundle), "--rpc", url]);
  assert.equal(status, 2);
  assert.doesNotMatch(stdout, UNSEEN);
  assert.doesNotMatch(stdout, /^Proved/m);
});

test("a recorded bundle is not anchored yet when a chain is asked for", async (t) => {
  const file = save(t, ledger.bundle(5));
  const { url } = await serveNode(t, new TestChain());
  for (const args of [["--require-chain"], ["--rpc", url]]) {
    const { status, stdout } = await runCommand(["verify", file, ...args]);
    assert.equal(status, 2);
    assert.match(stdout, /not anchored yet/);
    assert.match(stdout, /"holdfast upgrade <file>"/);
  }
});

test("a final bundle is verified on its chain, which is asked and nobody else", async (t) => {
  const { chain, bundle } = await anchoredBundle();
  const { url, asked } = await serveNode(t, chain);
  const service = await serveHttp(t, () => ({ status: 500 }));
  const args = ["verify", save(t, bundle), "--rpc", url, "--require-chain", "--json"];
  const pins = ["--contract", CONTRACT, "--chain-id", `${CHAIN_ID}`, "--owner", OWNER];
  const { status, stdout } = await runCommand([...args, ...pins], { env: { HOLDFAST_URL: service.url } });
  const verdict = JSON.parse(stdout);
  assert.deepEqual([status, verdict.outcome, verdict.status], [0, "verified", "final"], verdict.summary);
  assert.ok(asked.length > 5);
  assert.equal(service.asked.length, 0);
  const byEnvironment = await runCommand(["verify", save(t, bundle)], { env: { HOLDFAST_RPC: url } });
  assert.equal(byEnvironment.status, 0);
  const wrong = await runCommand([...args, "--contract", OWNER]);
  assert.equal(wrong.status, 1);
});

test("a frozen bundle is verified by a block hash alone", async (t) => {
  const { anchor, bundle } = await anchoredBundle();
  const file = save(t, bundle);
  const good = await runCommand(["verify", file, "--block-hash", anchor.blockHash.toUpperCase().replace("0X", "0x")]);
  assert.equal(good.status, 0, good.stdout);
  assert.match(good.stdout, /whose hash you trust/);
  const other = await runCommand(["verify", file, "--block-hash", `0x${"ab".repeat(32)}`]);
  assert.equal(other.status, 1);
});

test("a bundle with anchors and nobody to ask cannot be told", async (t) => {
  const { bundle } = await anchoredBundle();
  const file = save(t, bundle);
  const writer = new SetWriter(bundle.ledger.id);
  const set = [writer.begin(), writer.add(bundle), writer.end()].map((line) => `${line}\n`).join("");
  for (const asked of [await runCli(["verify", file]), await runCli(["verify"], { input: set })]) {
    assert.equal(asked.status, 2);
    assert.match(asked.stdout, /Give --rpc <url> of the chain/, "it is said what to do next");
  }
  const offline = await runCommand(["verify", file, "--offline", ...KNOWS]);
  assert.equal(offline.status, 0);
  assert.match(offline.stdout, /-\s+chain \(anchor 1\): no chain was asked, as you wanted/);
});

test("an unreachable chain is told apart from a lie, by its host only", async (t) => {
  const { bundle } = await anchoredBundle();
  const url = new URL(await deadUrl());
  const file = save(t, bundle);
  const secret = `${url.protocol}//user:hunter2@${url.host}/v2/secret-path`;
  const { status, stdout, stderr } = await runCommand(["verify", file, "--rpc", secret]);
  assert.equal(status, 2);
  assert.match(stdout, /could not be asked: 127\.0\.0\.1:\d+: eth_chainId: nothing listens there \(ECONNREFUSED\)/);
  assert.match(stdout, /^See whether the node of --rpc .* runs and can be reached from here, or name another;/m);
  assert.doesNotMatch(stdout + stderr, /hunter2|secret-path/);
  for (const reply of [{ status: 502, body: "<html>" }, { body: [] }, { body: { jsonrpc: "2.0" } }]) {
    const node = await serveHttp(t, () => reply);
    assert.equal((await runCommand(["verify", file, "--rpc", node.url])).status, 2);
  }
});

test("a changed bundle fails and the step is named", async (t) => {
  const { chain, bundle } = await anchoredBundle();
  const { url } = await serveNode(t, chain);
  const text = JSON.stringify(bundle);
  const changes: readonly [string, string, RegExp][] = [
    ["invoice.approve", "invoice.approvf", /FAILED +leaf:/],
    ['"index":5', '"index":6', /FAILED +path:/],
    ['"blockTime":1', '"blockTime":2', /FAILED +state \(anchor 1\):/],
    ['"format":"h', '"format":"H', /FAILED +bundle:/],
    ['"chainId":1', '"chainId":2', /FAILED +chain \(anchor 1\):/],
  ];
  for (const [from, to, expected] of changes) {
    const { status, stdout } = await runCommand(["verify", save(t, text.replace(from, to)), "--rpc", url]);
    assert.equal(status, 1, stdout);
    assert.match(stdout, expected);
    assert.match(stdout, /FAILED at step .*Do not rely on this bundle/);
  }
});

test("what is no proof is called that with a status of its own, and nothing has a stack trace", async (t) => {
  const others = ["", "no", "{}", "[".repeat(5000), new Uint8Array([0x22, 0xff, 0x22]), '{"a":1}\n{"b":2}\n', "x\ny\n"];
  for (const input of others) {
    const { status, stdout, stderr } = await runCli(["verify", "-"], { input });
    assert.deepEqual([status, stderr], [3, ""], stdout);
    assert.match(stdout, /^This is not a Holdfast proof\nNothing was verified\. /m);
    assert.doesNotMatch(stdout, /FAILED|^\s+at |rely/m);
  }
  const receipts = JSON.stringify({ ledger: ledger.record, checkpoint: {}, receipts: [{ index: 3 }] });
  const file = save(t, receipts);
  for (const args of [
    ["verify", file],
    ["calldata", file],
    ["upgrade", file, "--offline"],
  ]) {
    const { status, stdout, stderr } = await runCommand(args);
    assert.equal(status, 3, args.join(" "));
    assert.match(
      stdout + stderr,
      /not a Holdfast proof[\s\S]*receipts of a batch.*"holdfast prove <index>"/,
      args.join(" "),
    );
  }
  const bytes = Buffer.from(JSON.stringify(ledger.bundle(5)).replace("main", "ma\u00ffn"), "latin1");
  const damaged = await runCli(["verify", "-"], { input: bytes });
  assert.equal(damaged.status, 1, "a proof with a changed byte was changed");
  assert.match(damaged.stdout, /FAILED at step "bundle": expected UTF-8 in standard input, got other bytes\. Do not/);
  const missing = await runCli(["verify", join(makeFolder(t), "missing.json")]);
  assert.deepEqual([missing.status, missing.stdout], [2, ""]);
  assert.match(missing.stderr, /^holdfast: Could not read .*ENOENT/);
});

test("an evidence set is verified, and a cut one is not", async (t) => {
  const writer = new SetWriter(ledger.record.id);
  const bundles = [3, 4, 5].map((index) => writer.add.bind(writer, ledger.bundle(index)));
  const lines = [writer.begin(), ...bundles.map((add) => add()), writer.end()].map((line) => `${line}\n`);
  const good = await runCommand(["verify", save(t, lines.join("")), ...KNOWS]);
  assert.equal(good.status, 0, good.stdout);
  const { id, owner } = ledger.record;
  const range = `entries 3 to 5 of ledger "main" (${id}), opened by ${owner}; none in between is missing`;
  assert.ok(good.stdout.includes(`Proved: all 3 bundles of the set, ${range}. For 3 no chain was asked`), good.stdout);
  const cut = await runCli(["verify", "--json"], { input: lines.slice(0, -1).join("") });
  assert.equal(cut.status, 1);
  assert.match(JSON.parse(cut.stdout).summary, /it was cut/);
});

test("options that have no meaning are usage errors", async (t) => {
  const file = save(t, ledger.bundle(5));
  for (const args of [
    ["--offline", "--rpc", "http://127.0.0.1:1"],
    ["--offline", "--require-chain"],
    ["--rpc", "not a url"],
    ["--ledger-id", "0x12"],
    ["--signer", "me"],
    ["--chain-id", "one"],
    ["--finality", "soon"],
    ["--unknown"],
  ]) {
    const { status, stderr } = await runCommand(["verify", file, ...args]);
    assert.equal(status, 2, args.join(" "));
    assert.ok(stderr.length > 0);
    assert.doesNotMatch(stderr, /^\s+at /m);
  }
});

test("a file with a victim's ledger and a stranger's key is nobody's word but the stranger's, alone and in a set", async (t) => {
  const stranger = new TestLedger(13, { key: new Uint8Array(32).fill(7) });
  const { id, owner } = ledger.record;
  const writer = new SetWriter(id);
  const set = [writer.begin(), writer.add(stranger.bundle(3)), writer.add(stranger.bundle(4)), writer.end()].join("\n");
  for (const text of [JSON.stringify(stranger.bundle(3)), set]) {
    const file = save(t, text);
    for (const args of [[], ["--offline"], ["--ledger-id", id, "--owner", owner]]) {
      const { status, stdout } = await runCommand(["verify", file, ...args]);
      assert.equal(status, 2, stdout);
      assert.match(stdout, /^Holds, signer not vouched for$/m);
      assert.match(stdout, new RegExp(`recorded by ${stranger.record.signer}, whom nobody vouched for`));
      assert.match(stdout, /^Give --signer <address>/m, "it is said what to do next");
      assert.doesNotMatch(stdout, /Proved/);
    }
    assert.equal((await runCommand(["verify", file, ...KNOWS])).status, 1, "it is not who the reader knows");
    const rotated = ["--signer", ledger.record.signer, "--signer", stranger.record.signer];
    assert.equal((await runCommand(["verify", file, ...rotated])).status, 0, "a ledger may have had several signers");
  }
});

test("a development chain is enough only for those who say so", async (t) => {
  const { chain, bundle } = await anchoredBundle(31_337);
  const { url } = await serveNode(t, chain);
  const file = save(t, bundle);
  const [block = ""] = bundle.anchors.map(({ blockHash }) => blockHash);
  for (const by of [
    ["--rpc", url],
    ["--block-hash", block],
  ]) {
    const plain = await runCommand(["verify", file, ...by]);
    assert.equal(plain.status, 2, plain.stdout);
    assert.match(plain.stdout, /^Holds on a development chain only$/m);
    assert.match(plain.stdout, /give --development\.$/m);
    const asked = await runCommand(["verify", file, ...by, "--development"]);
    assert.equal(asked.status, 0, asked.stdout);
    assert.match(
      asked.stdout,
      /^Verified on a development chain\nProved on a development chain, which .* nothing to others/m,
    );
  }
});

test("a trusted block repeats neither the chain that a bundle names nor sends anybody there", async (t) => {
  const { anchor, bundle } = await anchoredBundle(31_337);
  const renamed = anchored(bundle, [{ ...anchor, chainId: 1 }], "final");
  const args = ["verify", save(t, renamed), "--block-hash", anchor.blockHash];
  const { status, stdout } = await runCommand(args);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^Verified against a block that you trust$/m);
  assert.match(stdout, /The hash does not say on which chain that block is/);
  assert.doesNotMatch(stdout, /etherscan|chain 1\b|Ethereum/);
  const { witness } = JSON.parse((await runCommand([...args, "--json"])).stdout);
  assert.deepEqual(
    [witness.blockNumber, "chainId" in witness, "transactionHash" in witness],
    [anchor.blockNumber, false, false],
  );
});

test("the verdict is the first line, and with --quiet the only one, for bundles, sets and what is neither", async (t) => {
  const bundle = ledger.bundle(5);
  const good = save(t, bundle);
  const bad = save(t, JSON.stringify(bundle).replace("invoice.approve", "invoice.approvf"));
  const none = save(t, "");
  const writer = new SetWriter(bundle.ledger.id);
  const lines = [writer.begin(), writer.add(bundle), writer.add(ledger.bundle(6)), writer.end()];
  const set = save(t, lines.join("\n"));
  const broken = save(t, lines.join("\n").replace("invoice.approve", "invoice.approvf"));
  const { id, owner } = bundle.ledger;
  for (const [file, status, word, of] of [
    [good, 0, "Signed, no chain asked", `; entry 5 of ledger "main" (${id}), opened by ${owner}`],
    [bad, 1, "FAILED", ' at step "leaf"'],
    [none, 3, "This is not a Holdfast proof", ""],
    [set, 0, "Signed, no chain asked", "; 2 of 2 bundles verified"],
    [broken, 1, "FAILED", "; 1 of 2 bundles verified"],
  ] as const) {
    const whole = await runCommand(["verify", file, ...KNOWS]);
    assert.deepEqual([whole.status, whole.stdout.split("\n")[0]], [status, word]);
    const quiet = await runCommand(["verify", "--quiet", file, ...KNOWS]);
    assert.deepEqual([quiet.status, quiet.stdout, quiet.stderr], [status, `${file}: ${word}${of}\n`, ""]);
  }
});

test("empty lines behind a set's last line mean nothing, and anywhere else they do", async () => {
  const writer = new SetWriter(ledger.record.id);
  const lines = [writer.begin(), writer.add(ledger.bundle(5)), writer.add(ledger.bundle(6)), writer.end()];
  const { status, stdout } = await runCli(["verify", ...KNOWS], { input: `${lines.join("\n")}\n\n \t\r\n\n` });
  assert.equal(status, 0, stdout);
  const between = await runCli(["verify", ...KNOWS], { input: `${lines.toSpliced(2, 0, "").join("\n")}\n` });
  assert.equal(between.status, 1, between.stdout);
  const behind = await runCli(["verify", ...KNOWS], { input: `${lines.join("\n")}\n\n${lines[1]}\n` });
  assert.match(behind.stdout, /Line 6: expected nothing after the set's last line/);
});
