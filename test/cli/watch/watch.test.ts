/** A watcher against a service that lies, over real HTTP, and against a real chain. */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { accountOn } from "../../../src/chain/chain-account.ts";
import { connectChain } from "../../../src/chain/evm-chain.ts";
import { PublicTree } from "../../../src/cli/remote/public-tree.ts";
import { serveMetrics } from "../../../src/cli/watch/metrics.ts";
import type { Report } from "../../../src/cli/watch/report.ts";
import { Watcher, type WatcherOptions } from "../../../src/cli/watch/rounds.ts";
import { StateFile } from "../../../src/cli/watch/state-file.ts";
import { Webhook } from "../../../src/cli/watch/webhook.ts";
import { openAccount } from "../../../src/keys/key-source.ts";
import { CHECKS, type CheckName } from "../../../src/watch/checks.ts";
import { beginWatch } from "../../../src/watch/memory/state.ts";
import { ANVIL } from "../../verify/anvil.ts";
import { CONTRACT, type ContractChain, startContractChain } from "../contract-chain.ts";
import { type Asked, deadUrl, type Reply, serveHttp } from "../fake-http.ts";
import { History, keyNamed, LEDGER_ID } from "../fork-proof/histories.ts";
import { makeFolder, runCli } from "../run-cli.ts";

const told = new History(40);
const other = new History(40, "other", 5);
const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";
const TIMEOUT_MS = 1500;

/** A service whose answers a test changes. */
type Lies = { history: History; size: number; answer?: (asked: Asked) => Reply | Promise<Reply> | undefined };

async function serveLies(t: TestContext, lies: Lies): Promise<string> {
  const { url } = await serveHttp(t, async (asked) => {
    const lie = await lies.answer?.(asked);
    if (lie !== undefined) return lie;
    const { history, size } = lies;
    if (asked.path === "/v1/ledgers/main/checkpoint") {
      if (size === 0) return { status: 404, body: { code: "checkpoint_unknown", detail: "none yet" } };
      return { body: history.checkpoint(size) };
    }
    const [, from, to] = /\/consistency\?from=(\d+)&to=(\d+)$/.exec(asked.path) ?? [];
    if (Number(to) <= size) return { body: history.consistency(Number(from), Number(to)) };
    return { status: 400, body: { code: "parameter_invalid", detail: `expected to <= ${size}` } };
  });
  return url;
}

type World = {
  readonly lies: Lies;
  readonly clock: { now: number };
  readonly chain: ContractChain;
  readonly stateFile: string;
  /** One round; the next one is ten seconds later. */
  readonly round: () => Promise<Report>;
  /** A watcher that begins with what is on disk. */
  readonly restart: (options?: Partial<WatcherOptions>) => Watcher;
  readonly url: string;
};

async function makeWorld(t: TestContext, options: Partial<WatcherOptions> = {}): Promise<World> {
  const chain = await startContractChain(t);
  const lies: Lies = { history: told, size: 10 };
  const url = await serveLies(t, lies);
  const clock = { now: 1_800_000_000_000 };
  const stateFile = join(makeFolder(t), "watch.json");
  const tree = new PublicTree({ url, ledger: "main", timeoutMs: TIMEOUT_MS, pausesMs: [] });
  const reader = connectChain({ urls: [chain.url], chainId: 31337, contract: CONTRACT });
  t.after(() => reader.close());
  const sources = { tree, nodes: [{ name: "node.example", chain: reader }], secondLookMs: 0, now: () => clock.now };
  const patience = { silentMs: 30_000, lagMs: 60_000 };
  const restart: World["restart"] = (more = {}) => {
    const file = new StateFile(stateFile);
    const fresh = beginWatch({ ledger: "main", chainId: 31337, contract: CONTRACT, signers: [] }, clock.now);
    return new Watcher(file.load() ?? fresh, { url, stateFile: file, sources, patience, ...options, ...more });
  };
  let watcher: Watcher | undefined;
  const round = async () => {
    watcher ??= restart();
    const { report } = await watcher.round();
    clock.now += 10_000;
    return report;
  };
  return { lies, clock, chain, stateFile, round, restart, url };
}

const bad = ({ checks }: Report): CheckName[] => CHECKS.filter((name) => checks[name].mark === -1);
const unknown = ({ checks }: Report): CheckName[] => CHECKS.filter((name) => checks[name].mark === 0);
const believed = ({ checkpoint }: Report) => [checkpoint?.size, checkpoint?.root];

test("a ledger that only grows, is anchored, and changes its signer is good in every check", { skip }, async (t) => {
  const { lies, chain, round, restart, stateFile } = await makeWorld(t);
  lies.size = 0;
  const empty = await round();
  assert.deepEqual([empty.outcome, empty.ledgerId, empty.checkpoint], ["unknown", null, null]);
  lies.size = 10;
  const first = ["consistency", "agreement"];
  assert.deepEqual(unknown(await round()), first, "nothing is known to compare with, and nothing is anchored yet");
  await chain.anchor(told, 10);
  assert.equal((await round()).outcome, "good");
  lies.size = 17;
  const grown = await round();
  assert.deepEqual([grown.outcome, grown.ledgerId, ...believed(grown)], ["good", LEDGER_ID, 17, told.tree.root(17)]);
  const next = { key: keyNamed("next signer") };
  lies.answer = ({ path }) => (path.endsWith("/checkpoint") ? { body: told.checkpoint(20, next) } : undefined);
  lies.size = 20;
  const early = await round();
  assert.deepEqual([bad(early), believed(early)[0]], [[], 17], "the contract does not know the signer yet");
  const { signer } = told.statement(20, next);
  await chain.send("rotateSigner", [LEDGER_ID, signer]);
  const rotated = await round();
  assert.deepEqual([rotated.outcome, ...believed(rotated)], ["good", 20, told.tree.root(20)]);
  const { report } = await restart().round();
  assert.deepEqual([report.outcome, ...believed(report)], ["good", 20, told.tree.root(20)], "it goes on where it was");
  assert.ok(new StateFile(stateFile).load()?.signers.includes(signer));
});

test("a rewritten history is bad in every way it can be told, and the evidence proves it to the contract", {
  skip,
}, async (t) => {
  const { lies, chain, round, stateFile } = await makeWorld(t);
  await chain.anchor(told, 4);
  await round();
  const folder = join(stateFile, "..");
  const evidence = () => readdirSync(folder).filter((name) => name.includes("evidence"));
  Object.assign(lies, { history: other, size: 8 });
  const shrunk = await round();
  assert.deepEqual([bad(shrunk), shrunk.open], [["size"], 1], "it shrank, and what it was is not known yet");
  assert.equal(evidence().length, 0);
  lies.size = 10;
  const changed = await round();
  assert.deepEqual(bad(changed), ["root", "consistency", "fork"]);
  assert.deepEqual(believed(changed), [10, told.tree.root(10)]);
  assert.deepEqual(changed.evidence.length, 1);
  lies.size = 13;
  const rewritten = await round();
  assert.deepEqual(bad(rewritten), ["consistency", "fork"]);
  assert.deepEqual(believed(rewritten), [10, told.tree.root(10)]);
  const [file] = rewritten.evidence;
  await round();
  assert.equal(evidence().length, 2, "the same evidence is not written twice");
  Object.assign(lies, { history: told, size: 12 });
  const repented = await round();
  assert.deepEqual(bad(repented), ["consistency", "fork"], "what it said of size 8 is disproved now");
  assert.equal(evidence().length, 4, "by what was believed before, and by what is now");
  const after = await round();
  assert.deepEqual(
    [bad(after), ...believed(after), after.open],
    [["fork"], 12, told.tree.root(12), 0],
    "a signed lie does not pass",
  );
  const by = ["--rpc", chain.url, "--development", "--account", chain.account];
  const sent = await runCli(["fork-proof", file as string, ...by, "--json"]);
  assert.deepEqual([sent.status, JSON.parse(sent.stdout).isForked], [0, true], sent.stdout);
  assert.match((await round()).checks.fork.detail, /found before/);
});

test("a service that tells others something else, and anchors it, is caught by the chain", { skip }, async (t) => {
  const { lies, chain, round } = await makeWorld(t);
  await chain.anchor(told, 4);
  await round();
  await chain.anchor(other, 10);
  const equivocated = await round();
  assert.deepEqual([bad(equivocated), unknown(equivocated)], [["agreement"], ["fork"]]);
  assert.match(equivocated.disagrees[0]?.detail ?? "", /^node.example says that the contract holds root/);
  lies.answer = () => ({ status: 500, body: "" });
  const silent = await round();
  assert.deepEqual(bad(silent), ["agreement"], "also when the service says nothing more");
  const ahead = await makeWorld(t);
  await ahead.chain.anchor(told, 20);
  assert.deepEqual(bad(await ahead.round()), ["ahead"]);
});

test("garbage, silence and withheld proofs are unknown until they last, and then bad", { skip }, async (t) => {
  const patience = { silentMs: 30_000, lagMs: 600_000 };
  const { lies, chain, round, clock } = await makeWorld(t, { patience });
  await chain.anchor(told, 4);
  await round();
  assert.equal((await round()).outcome, "good");
  lies.size = 12;
  const forged = { ...told.checkpoint(12), signature: `0x${"1".repeat(130)}` };
  const garbage: (Reply | Promise<Reply>)[] = [
    { body: "<html>" },
    { body: "null" },
    { body: "[]" },
    { body: { size: 12 } },
    { status: 204 },
    { body: forged },
    { body: { ...told.checkpoint(12), size: 1e300 } },
    { body: { ...told.checkpoint(12), size: "12" } },
    { body: `{"x":"${"a".repeat(100_000)}"}` },
    { status: 301, headers: { Location: "http://127.0.0.1:1/" } },
    { status: 404, body: { code: "ledger_unknown", detail: "no such ledger" } },
    new Promise<Reply>(() => undefined),
  ];
  for (const each of garbage) {
    lies.answer = () => each;
    const report = await round();
    clock.now -= 10_000;
    assert.deepEqual([bad(report), report.checks.service.mark, believed(report)[0]], [[], 0, 10], JSON.stringify(each));
  }
  clock.now += 31_000;
  assert.deepEqual(bad(await round()), ["service"]);
  lies.answer = ({ path }) => (path.includes("consistency") ? { status: 503, body: "" } : undefined);
  for (const expected of [[], [], [], [], ["consistency", "agreement"]]) {
    const report = await round();
    assert.deepEqual([bad(report), believed(report)[0]], [expected, 10]);
  }
  lies.answer = undefined as never;
  assert.deepEqual([(await round()).outcome, believed(await round())[0]], ["good", 12]);
});

test("anchors that do not come are late, and a watcher with an account makes them itself", { skip }, async (t) => {
  const { lies, chain, round, restart, clock, stateFile } = await makeWorld(t);
  await chain.anchor(told, 4);
  await round();
  clock.now += 61_000;
  assert.deepEqual(bad(await round()), ["lag"]);
  const account = accountOn(31337, await openAccount({ file: chain.account }));
  const reader = connectChain({ urls: [chain.url], chainId: 31337, contract: CONTRACT });
  t.after(() => reader.close());
  const send = { costMaxWei: 10n ** 17n, timeoutMs: 20_000 };
  const anchoring = { account, chain: reader, send, afterMs: 1000, budgetWei: 10n ** 17n };
  lies.answer = () => ({ status: 500, body: "" });
  const { report } = await restart({ anchoring }).round();
  assert.match(report.anchored ?? "", /^0x[0-9a-f]{64}$/, "also when the service is gone");
  assert.deepEqual((await chain.call("head", [LEDGER_ID])).size, 10n);
  const { spent } = new StateFile(stateFile).load() ?? {};
  assert.ok(BigInt(spent?.wei ?? 0) > 0n);
  lies.answer = undefined as never;
  lies.size = 15;
  await restart().round();
  clock.now += 5000;
  const doubtful = new StateFile(stateFile);
  const known = doubtful.load();
  assert.ok(known !== undefined);
  await doubtful.save({ ...known, open: [{ statement: other.statement(13), since: 0 }] });
  lies.answer = ({ path }) => (path.includes("consistency?from=13") ? { status: 503 } : undefined);
  assert.deepEqual(bad((await restart({ anchoring }).round()).report), ["consistency"]);
  assert.equal((await chain.call("head", [LEDGER_ID])).size, 10n, "nor what there is a doubt about");
  lies.answer = undefined as never;
  await doubtful.load();
  await doubtful.save(known);
  mkdirSync(`${stateFile}.new`);
  const unkept = await restart({ anchoring }).round();
  assert.deepEqual([unkept.report.anchored, unknown(unkept.report)], [undefined, ["state"]]);
  assert.equal((await chain.call("head", [LEDGER_ID])).size, 10n, "what cannot be remembered is not spent");
  rmdirSync(`${stateFile}.new`);
  await restart({ anchoring: { ...anchoring, budgetWei: BigInt(spent?.wei ?? 0) } }).round();
  assert.equal((await chain.call("head", [LEDGER_ID])).size, 10n, "the budget is used up");
  await restart({ anchoring }).round();
  assert.equal((await chain.call("head", [LEDGER_ID])).size, 15n);
  assert.equal((await restart().round()).report.outcome, "good");
});

test("a state that cannot be written is told in every round, and kept in memory until it can be", {
  skip,
}, async (t) => {
  const { round, restart, stateFile, lies } = await makeWorld(t);
  await round();
  await round();
  const kept = readFileSync(stateFile, "utf8");
  mkdirSync(`${stateFile}.new`);
  lies.size = 12;
  const watcher = restart();
  const { report, isNews } = await watcher.round();
  assert.deepEqual([believed(report)[0], isNews], [12, true]);
  assert.match(report.trouble ?? "", /could not be saved/);
  assert.equal(report.checks.state.mark, 0);
  assert.equal((await watcher.round()).isNews, true);
  assert.equal(watcher.outcome, "unknown");
  assert.equal(readFileSync(stateFile, "utf8"), kept);
  rmdirSync(`${stateFile}.new`);
  assert.equal((await watcher.round()).report.checks.state.mark, 1);
  assert.equal(new StateFile(stateFile).load()?.checkpoint?.size, 12);
});

test("a webhook gets what is news, again after it failed, and metrics tell the same", { skip }, async (t) => {
  const posted: Report[] = [];
  let isDown = true;
  const hook = await serveHttp(t, ({ body }) => {
    if (isDown) return { status: 500 };
    posted.push(JSON.parse(body) as Report);
    return { status: 204 };
  });
  const webhook = new Webhook(hook.url, { pausesMs: [] });
  const { lies, chain, restart } = await makeWorld(t, { webhook });
  await chain.anchor(told, 4);
  const watcher = restart();
  await watcher.round();
  assert.deepEqual([await webhook.deliver(), posted.length], [true, 0], "nothing is bad");
  lies.size = 9;
  await watcher.round();
  assert.deepEqual([await webhook.deliver(), posted.length], [false, 0]);
  isDown = false;
  await watcher.round();
  assert.deepEqual([await webhook.deliver(), posted.map(bad)], [true, [["size"]]]);
  lies.size = 10;
  await watcher.round();
  await webhook.deliver();
  assert.deepEqual(
    posted.map(({ outcome }) => outcome),
    ["bad", "good"],
  );
  const gone = new Webhook(await deadUrl(), { pausesMs: [] });
  gone.offer(posted[0] as Report, undefined);
  assert.equal(await gone.deliver(), false);

  const metrics = await serveMetrics({ host: "127.0.0.1", port: 0 }, "main", () => watcher.latest);
  t.after(() => metrics.close());
  const text = await (await fetch(metrics.url)).text();
  assert.match(text, /^holdfast_watch_check\{ledger="main",check="size"\} 1$/m);
  assert.match(text, /^holdfast_watch_believed_entries\{ledger="main"\} 10$/m);
  assert.match(text, /^holdfast_watch_anchored_entries\{ledger="main"\} 4$/m);
  assert.equal((await fetch(metrics.url.replace("/metrics", "/"))).status, 404);
});
