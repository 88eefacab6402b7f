/** A ledger, a payer and an anchorer over a real chain, driven step by step with a clock of its own. */

import assert from "node:assert/strict";
import { Anchorer } from "../../src/anchor/anchorer.ts";
import type { Policy } from "../../src/anchor/policy.ts";
import { DEPLOYED } from "../../src/chain/contract/contract.ts";
import { connectChain, type RpcChain } from "../../src/chain/evm-chain.ts";
import { keyAccount } from "../../src/keys/key-source.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { type AnchorRecord, listAnchors } from "../../src/store/anchor-record.ts";
import type { BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import { checkState } from "../../src/verify/evm/state-proof.ts";
import { CHAIN_ID } from "../chain/anvil.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { makeLedger, OWNER, quiet } from "./world.ts";

export type RunOptions = {
  /** Endpoints of the anchorer. */
  readonly urls: readonly string[];
  /** The chain itself, to be asked what really happened. */
  readonly truth: string;
  readonly policy?: Partial<Policy>;
  readonly timeoutMs?: number;
  /** Lets a block go by. */
  readonly mine: () => Promise<void>;
  readonly mineBlocks?: () => Promise<void>;
};

const START = 1_790_000_000_000;
let runs = 0;

export class Run {
  readonly store: MemoryStore;
  readonly payer = keyAccount(`0x${(0xc0de00 + runs++).toString(16).padStart(64, "0")}`);
  readonly ledger: Ledger;
  now = START;
  options: RunOptions;
  #anchorer: Anchorer | undefined;
  #chain: RpcChain | undefined;

  /** The payer and OWNER must have money. */
  static async open(options: RunOptions): Promise<Run> {
    const store = new MemoryStore();
    return new Run(store, await makeLedger(store, `run ${runs}`, () => START), options);
  }

  private constructor(store: MemoryStore, ledger: Ledger, options: RunOptions) {
    this.store = store;
    this.ledger = ledger;
    this.options = options;
  }

  get anchorer(): Anchorer {
    assert.ok(this.#anchorer, "expected a run that was started");
    return this.#anchorer;
  }

  get chain(): RpcChain {
    assert.ok(this.#chain, "expected a run that was started");
    return this.#chain;
  }

  /** Starts the anchorer, or stops it and starts another on the same store. */
  async start(): Promise<void> {
    await this.#anchorer?.stop();
    const { urls, timeoutMs = 5_000, mineBlocks } = this.options;
    this.#chain = connectChain({ urls, chainId: CHAIN_ID, contract: DEPLOYED.address, timeoutMs });
    const policy = { intervalMs: 0, pollMs: 1000, resendMs: 5_000, bumpMs: 30_000, ...this.options.policy };
    const { payer } = this;
    this.#anchorer = await Anchorer.open({
      store: this.store,
      chains: [{ name: "run", chain: this.#chain, payer, owners: [OWNER], policy, ...(mineBlocks && { mineBlocks }) }],
      ledgers: () => [this.ledger],
      seal: async (ledger: Ledger) => ledger.head as SignedCheckpoint,
      clock: { now: () => this.now, sleep: async () => undefined },
      log: quiet,
    });
  }

  async step(): Promise<void> {
    await this.anchorer.step();
    this.now += 5_000;
  }

  async runUntilFinal(limit = 250): Promise<void> {
    for (let i = 0; i < limit; i++) {
      await this.step();
      await this.options.mine();
      const newest = await this.newest();
      if (newest?.size === this.ledger.size && newest.stage === "final") return;
    }
    assert.fail(`not final: ${JSON.stringify(await this.anchorer.status(), undefined, 1)}`);
  }

  async newest(): Promise<AnchorRecord | undefined> {
    return (await listAnchors(this.store, this.ledger.record.id, { reverse: true, limit: 1 }))[0];
  }

  /** What the chain itself says, asked beside the endpoints, is what the store says. */
  async requireOrder(balanceBefore: bigint): Promise<void> {
    const chain = connectChain({ urls: [this.options.truth], chainId: CHAIN_ID, contract: DEPLOYED.address });
    const { id } = this.ledger.record;
    const anchors = await listAnchors(this.store, id);
    const head = await chain.head(id);
    assert.deepEqual([head.count, head.size], [anchors.length, this.ledger.size]);
    for (const anchor of anchors) {
      assert.equal(anchor.stage, "final");
      assert.equal(await chain.confirms(anchor), true);
      checkState(anchor as BundleAnchor, id);
    }
    assert.equal(await chain.nonce(this.payer.address), anchors.length);
    const [status] = await this.anchorer.status();
    const account = status?.accounts.find(({ address }) => address.toLowerCase() === this.payer.address);
    assert.equal(BigInt(account?.spentTotalWei ?? 0), balanceBefore - (await chain.balance(this.payer.address)));
    chain.close();
  }

  async stop(): Promise<void> {
    await this.#anchorer?.stop();
  }
}
