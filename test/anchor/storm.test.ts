/**
 * The whole loop over a real chain (anvil) through endpoints that harm requests. Whatever they do, in the end there is
 * exactly one anchor for each checkpoint, none is lost, nonces have no hole, and what was paid is what is said.
 */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Anchorer } from "../../src/anchor/anchor.ts";
import { DEPLOYED } from "../../src/anchor/contract.ts";
import { keyAccount } from "../../src/anchor/keys.ts";
import { listAnchors } from "../../src/anchor/records.ts";
import { connectChain, type RpcChain } from "../../src/anchor/rpc-chain.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { MemoryStore } from "../../src/store/memory.ts";
import type { BundleAnchor } from "../../src/verify/bundle.ts";
import { checkState } from "../../src/verify/state.ts";
import { Anvil, CHAIN_ID } from "./anvil.ts";
import { type Harm, HarmfulProxy } from "./proxy.ts";
import { append, makeLedger, OWNER, quiet } from "./world.ts";

const ETHER = 10n ** 18n;
const FEE_MAX = ETHER / 100n;

let anvil: Anvil;
let first: HarmfulProxy;
let second: HarmfulProxy;
let runs = 0;

before(async () => {
  anvil = await Anvil.start();
  [first, second] = await Promise.all([HarmfulProxy.start(anvil.url), HarmfulProxy.start(anvil.url)]);
  await anvil.fund(OWNER.address);
});

after(async () => {
  await Promise.all([first.stop(), second.stop()]);
  await anvil.stop();
});

/** A fresh ledger and payer on the one chain, anchored through both endpoints. */
class Run {
  readonly store = new MemoryStore();
  readonly payer = keyAccount(`0x${(0xc0de00 + runs++).toString(16).padStart(64, "0")}`);
  now = 1_790_000_000_000;
  ledger!: Ledger;
  anchorer!: Anchorer;
  chain!: RpcChain;

  static async open(): Promise<Run> {
    const run = new Run();
    first.rule = () => undefined;
    second.rule = () => undefined;
    run.ledger = await makeLedger(run.store, `storm ${runs}`, () => run.now);
    await anvil.fund(run.payer.address, ETHER);
    await run.reopen();
    return run;
  }

  async reopen(): Promise<void> {
    await this.anchorer?.stop();
    const urls = [first.url, second.url];
    this.chain = connectChain({ urls, chainId: CHAIN_ID, contract: DEPLOYED.address, timeoutMs: 100 });
    const policy = { intervalMs: 0, pollMs: 1000, resendMs: 5000, bumpMs: 30_000, feeMaxWei: FEE_MAX };
    this.anchorer = await Anchorer.open({
      store: this.store,
      chains: [{ name: "storm", chain: this.chain, payer: this.payer, owners: [OWNER], policy }],
      ledgers: () => [this.ledger],
      seal: async (ledger: Ledger) => ledger.head as SignedCheckpoint,
      clock: { now: () => this.now, sleep: async () => undefined },
      log: quiet,
    });
  }

  async runUntilFinal(limit = 80): Promise<void> {
    for (let i = 0; i < limit; i++) {
      await this.anchorer.step();
      this.now += 5_000;
      await anvil.mine(1);
      const [newest] = await listAnchors(this.store, this.ledger.record.id, { reverse: true, limit: 1 });
      if (newest?.size === this.ledger.size && newest.stage === "final") return;
    }
    assert.fail(`not final: ${JSON.stringify(await this.anchorer.status(), undefined, 1)}`);
  }

  /** What the chain itself says, asked beside the endpoints, is what the store says. */
  async requireOrder(): Promise<void> {
    const chain = connectChain({ urls: [anvil.url], chainId: CHAIN_ID, contract: DEPLOYED.address });
    const { id } = this.ledger.record;
    const anchors = await listAnchors(this.store, id);
    const head = await chain.head(id);
    assert.deepEqual([head.count, head.size], [anchors.length, this.ledger.size]);
    for (const anchor of anchors) {
      assert.equal(anchor.stage, "final");
      assert.equal(await chain.confirms(anchor), true);
      checkState(anchor as BundleAnchor, id);
      assert.ok(BigInt(anchor.feeWei) <= FEE_MAX);
    }
    assert.equal(await chain.nonce(this.payer.address), anchors.length);
    const [status] = await this.anchorer.status();
    const spent = status?.accounts.find(({ address }) => address.toLowerCase() === this.payer.address)?.spentTotalWei;
    assert.equal(BigInt(spent ?? 0), ETHER - (await chain.balance(this.payer.address)));
    chain.close();
    await this.anchorer.stop();
  }
}

const HARMS: readonly Harm[] = [
  ...(["drop", "swallow", "duplicate", "delay", "truncate", "garbage", "error", "error_after", "status"] as const),
];

for (const harm of HARMS) {
  test(`with "${harm}" at the first endpoint and now and then at the second, all is anchored once`, async () => {
    const run = await Run.open();
    first.delayMs = 120;
    second.delayMs = 120;
    first.rule = () => harm;
    second.rule = (method, count) => (count % (/send/.test(method) ? 2 : 17) === 0 ? harm : undefined);
    await append(run.ledger, 3);
    await run.runUntilFinal();
    await run.reopen();
    await append(run.ledger, 2);
    await run.runUntilFinal();
    await run.requireOrder();
  });
}

for (const harm of ["swallow", "error_after", "duplicate"] as const) {
  test(`with "${harm}" at every broadcast, all is anchored once`, async () => {
    const run = await Run.open();
    first.rule = (method) => (/send/.test(method) ? harm : undefined);
    second.rule = first.rule;
    await append(run.ledger, 3);
    await run.runUntilFinal();
    await append(run.ledger);
    await run.runUntilFinal();
    await run.requireOrder();
  });
}

test("receipts that are not given out for a long time lose nothing", async () => {
  const run = await Run.open();
  first.rule = (method) => (/Receipt/.test(method) ? "null" : undefined);
  await append(run.ledger, 3);
  for (let i = 0; i < 8; i++) {
    await run.anchorer.step();
    run.now += 5_000;
    await anvil.mine(1);
  }
  await append(run.ledger);
  first.rule = () => undefined;
  await run.runUntilFinal();
  await run.requireOrder();
});

for (const depth of [1, 3]) {
  test(`after a real reorganisation of depth ${depth} the transaction is sent again and ends in another block`, async () => {
    const run = await Run.open();
    await append(run.ledger, 3);
    await run.runUntilFinal();
    await append(run.ledger, 2);
    for (let i = 0; i < 2; i++) {
      await run.anchorer.step();
      run.now += 5_000;
    }
    const [before] = await listAnchors(run.store, run.ledger.record.id, { reverse: true, limit: 1 });
    assert.equal(before?.size, 5);
    await anvil.mine(depth - 1);
    await anvil.ask("anvil_reorg", depth, []);
    await anvil.mine(1);
    assert.equal((await run.chain.head(run.ledger.record.id)).size, 3);
    await run.runUntilFinal();
    const [after] = await listAnchors(run.store, run.ledger.record.id, { reverse: true, limit: 1 });
    assert.notEqual(after?.blockHash, before?.blockHash);
    assert.equal(after?.transactionHash, before?.transactionHash);
    await run.requireOrder();
  });
}
