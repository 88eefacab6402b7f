/**
 * The whole loop over a real chain (anvil) through endpoints that harm requests. Whatever they do, in the end there is
 * exactly one anchor for each checkpoint, none is lost, nonces have no hole, and what was paid is what is said.
 */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { listAnchors } from "../../src/store/anchor-record.ts";
import { Anvil } from "../chain/anvil.ts";
import { type Harm, HarmfulProxy } from "../chain/proxy.ts";
import { until } from "../until.ts";
import { Run } from "./run.ts";
import { append, OWNER } from "./world.ts";

const ETHER = 10n ** 18n;
const FEE_MAX = ETHER / 100n;

let anvil: Anvil;
let first: HarmfulProxy;
let second: HarmfulProxy;

before(async () => {
  anvil = await Anvil.start();
  [first, second] = await Promise.all([HarmfulProxy.start(anvil.url), HarmfulProxy.start(anvil.url)]);
  await anvil.fund(OWNER.address);
});

after(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await anvil.stop();
});

async function openRun(): Promise<Run> {
  for (const proxy of [first, second]) {
    proxy.rule = () => undefined;
    proxy.delayMs = 220;
  }
  const policy = { feeMaxWei: FEE_MAX };
  const mine = () => anvil.mine(1);
  const run = await Run.open({ urls: [first.url, second.url], truth: anvil.url, timeoutMs: 200, policy, mine });
  await anvil.fund(run.payer.address, ETHER);
  await run.start();
  return run;
}

async function requireOrder(run: Run): Promise<void> {
  await run.requireOrder(ETHER);
  await run.stop();
  const anchors = await listAnchors(run.store, run.ledger.record.id);
  for (const { feeWei } of anchors) assert.ok(BigInt(feeWei) <= FEE_MAX);
}

const HARMS: readonly Harm[] = [
  "drop",
  "swallow",
  "duplicate",
  "delay",
  "truncate",
  "garbage",
  "error",
  "error_after",
  "status",
];

for (const harm of HARMS) {
  test(`with "${harm}" at the first endpoint and now and then at the second, all is anchored once`, async () => {
    const run = await openRun();
    first.rule = () => harm;
    second.rule = (method, count) => (count % (/send/.test(method) ? 2 : 17) === 0 ? harm : undefined);
    await append(run.ledger, 3);
    await run.runUntilFinal();
    await run.start();
    await append(run.ledger, 2);
    await run.runUntilFinal();
    await requireOrder(run);
  });
}

for (const harm of ["swallow", "error_after", "duplicate"] as const) {
  test(`with "${harm}" at every broadcast, all is anchored once`, async () => {
    const run = await openRun();
    first.rule = (method) => (/send/.test(method) ? harm : undefined);
    second.rule = first.rule;
    await append(run.ledger, 3);
    await run.runUntilFinal();
    await append(run.ledger);
    await run.runUntilFinal();
    await requireOrder(run);
  });
}

test("receipts that are not given out for a long time lose nothing", async () => {
  const run = await openRun();
  first.rule = (method) => (/Receipt/.test(method) ? "null" : undefined);
  await append(run.ledger, 3);
  for (let i = 0; i < 8; i++) {
    await run.step();
    await anvil.mine(1);
  }
  await append(run.ledger);
  first.rule = () => undefined;
  await run.runUntilFinal();
  await requireOrder(run);
});

for (const depth of [1, 3]) {
  test(`after a real reorganisation of depth ${depth} the transaction is sent again and ends in another block`, async () => {
    const run = await openRun();
    await append(run.ledger, 3);
    await run.runUntilFinal();
    await append(run.ledger, 2);
    await run.step();
    // anvil answers before it has mined what it was sent.
    const { id } = run.ledger.record;
    await until("the transaction to be mined", async () => (await run.chain.head(id)).size === 5);
    await run.step();
    const before = await run.newest();
    assert.equal(before?.size, 5);
    await anvil.mine(depth - 1);
    await anvil.ask("anvil_reorg", depth, []);
    await anvil.mine(1);
    assert.equal((await run.chain.head(run.ledger.record.id)).size, 3);
    await run.runUntilFinal();
    const after = await run.newest();
    assert.notEqual(after?.blockHash, before?.blockHash);
    assert.equal(after?.transactionHash, before?.transactionHash);
    await requireOrder(run);
  });
}
