/** Ledgers, keys, a clock and a fake chain, and the anchorer over them, which can crash and be opened again. */

import assert from "node:assert/strict";
import { Anchorer } from "../../src/anchor/anchorer.ts";
import type { Policy } from "../../src/anchor/policy.ts";
import { ChainError } from "../../src/chain/chain.ts";
import type { Event } from "../../src/entry/event.ts";
import { prepareEntry } from "../../src/entry/prepare.ts";
import { keyAccount } from "../../src/keys/key-source.ts";
import { keySigner } from "../../src/keys/local-signer.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import type { Log } from "../../src/log.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { deriveLedgerId, labelOf, type SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { type AnchorRecord, listAnchors } from "../../src/store/anchor-record.ts";
import { FakeChain } from "../chain/fake-chain.ts";
import { MemoryStore } from "../store/memory-store.ts";
import { Faults } from "./faults.ts";

export const PAYER = keyAccount(`0x${"11".repeat(32)}`);
export const OWNER = keyAccount(`0x${"22".repeat(32)}`);
export const SIGNER = keySigner(`0x${"33".repeat(32)}`);

export const quiet: Log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
function ignore(): undefined {
  return undefined;
}

/** A ledger in a store, with entries that all have one time. */
export async function makeLedger(store: MemoryStore, name: string, clock: () => number): Promise<Ledger> {
  const label = labelOf(name);
  const id = deriveLedgerId(OWNER.address, label);
  const record = { id, name, label, owner: OWNER.address, signer: SIGNER.address, createdAt: clock() };
  await store.addLedger(record);
  return Ledger.open({ store, record, signer: SIGNER, hash: keccak256, clock });
}

/** Records events that differ; a test records the same ones each time. */
export async function append(ledger: Ledger, count = 1): Promise<void> {
  const salts = (n: number) => new Uint8Array(16 * n);
  const entries = Array.from({ length: count }, (_, i) =>
    prepareEntry({ action: "test", n: ledger.size + i } as unknown as Event, { hash: keccak256, salts }),
  );
  await ledger.append({ entries, source: "test" });
}

export type WorldOptions = {
  readonly names?: readonly string[];
  readonly policy?: Partial<Policy>;
  readonly seal?: (ledger: Ledger) => Promise<SignedCheckpoint>;
  readonly resign?: (ledger: Ledger, sealed: SignedCheckpoint) => Promise<SignedCheckpoint>;
  readonly heartbeat?: (ledger: Ledger) => Promise<void>;
};

export class World {
  readonly store = new MemoryStore();
  readonly chain = new FakeChain();
  readonly faults = new Faults();
  ledgers: Ledger[] = [];
  now = 1_790_000_000_000;
  anchorer: Anchorer | undefined;
  readonly #options: WorldOptions;

  static async open(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    for (const name of options.names ?? ["main"]) {
      world.ledgers.push(await makeLedger(world.store, name, () => world.now));
    }
    world.chain.fund(PAYER.address);
    world.chain.fund(OWNER.address);
    return world;
  }

  private constructor(options: WorldOptions) {
    this.#options = options;
  }

  get ledger(): Ledger {
    return this.ledgers[0] as Ledger;
  }

  /** Opens the anchorer, again after a crash. */
  async start(): Promise<Anchorer> {
    this.faults.revive();
    const { faults } = this;
    const chain = faults.wrap("chain", this.chain, () => new ChainError("unavailable", "no answer"));
    const away = () => new Error("away");
    const policy = { intervalMs: 0, pollMs: 1000, resendMs: 5000, bumpMs: 10_000, ...this.#options.policy };
    const seal = this.#options.seal ?? (async (ledger: Ledger) => ledger.head as SignedCheckpoint);
    const { heartbeat, resign } = this.#options;
    this.anchorer = await Anchorer.open({
      store: faults.wrap("store", this.store, () => new Error("disk")),
      chains: [
        {
          name: "fake",
          chain,
          payer: faults.wrap("payer", PAYER, away),
          owners: [faults.wrap("owner", OWNER, away)],
          policy,
        },
      ],
      ledgers: () => this.ledgers,
      seal: (ledger: Ledger) => faults.call("seal", away, () => seal(ledger)),
      ...(heartbeat !== undefined && { heartbeat }),
      ...(resign !== undefined && { resign }),
      clock: { now: () => this.now, sleep: async () => undefined },
      random: () => 0,
      log: quiet,
    });
    return this.anchorer;
  }

  /** Steps, with time and a block between two; opens the anchorer again whenever it crashed. */
  async run(steps: number, blocks = 1): Promise<void> {
    for (let i = 0; i < steps; i++) await this.tick(blocks);
  }

  async tick(blocks = 1): Promise<void> {
    while (this.anchorer === undefined || this.faults.isDead) {
      try {
        await this.start();
      } catch (error) {
        if (!(error instanceof Error) || !/crashed|disk/.test(error.message)) throw error;
      }
    }
    await this.anchorer.step();
    this.now += 3_000;
    this.chain.mine(blocks);
  }

  /** Steps until all ledgers are final. */
  async runUntilFinal(limit = 60): Promise<void> {
    for (let i = 0; i < limit; i++) {
      await this.tick();
      if (await this.isFinal()) return;
    }
    const status = JSON.stringify(await this.anchorer?.status(), undefined, 1);
    assert.fail(`expected all ledgers to be final after ${limit} steps, got ${status}`);
  }

  async isFinal(): Promise<boolean> {
    for (const ledger of this.ledgers) {
      const [newest] = await this.anchors(ledger, true);
      if (newest?.size !== ledger.size || newest.stage !== "final") return false;
    }
    return true;
  }

  anchors(ledger = this.ledger, reverse = false): Promise<AnchorRecord[]> {
    return listAnchors(this.store, ledger.record.id, { reverse });
  }

  async note(scope: string): Promise<string | undefined> {
    const [chain] = (await this.anchorer?.status()) ?? [];
    const obstacles = [chain?.note, ...(chain?.accounts ?? []).map((each) => each.note)];
    const ledgers = (chain?.ledgers ?? []).map((each) => each.note);
    return (scope === "ledger" ? ledgers : obstacles).find((note) => note !== undefined)?.code;
  }

  /** What must hold in the end, whatever failed on the way. */
  async requireOrder({ isSpendKnown = true } = {}): Promise<void> {
    for (const ledger of this.ledgers) await this.#requireAnchors(ledger);
    for (const account of [PAYER.address, OWNER.address]) this.#requireNonces(account);
    if (!isSpendKnown) return;
    const [chain] = (await this.anchorer?.status()) ?? [];
    for (const { address, spentTotalWei } of chain?.accounts ?? []) {
      const own = this.chain.mined.filter(({ tx }) => tx.from === address.toLowerCase());
      const paid = own.reduce((sum, { receipt }) => sum + receipt.feeWei, 0n);
      assert.equal(BigInt(spentTotalWei), paid, `what ${address} is said to have spent`);
    }
  }

  /** Every anchor of the chain is known, once, and where it is. */
  async #requireAnchors(ledger: Ledger): Promise<void> {
    const onChain = this.chain.mined.flatMap(({ receipt }) =>
      receipt.anchored
        .filter((event) => event.ledgerId === ledger.record.id)
        .map(({ size, root }) => [size, root, receipt.transactionHash, receipt.blockHash]),
    );
    const known = (await this.anchors(ledger)).map((a) => [a.size, a.root, a.transactionHash, a.blockHash]);
    assert.deepEqual(known, onChain);
    assert.equal(onChain.at(-1)?.[0], ledger.size);
  }

  #requireNonces(account: Hex): void {
    const nonces = this.chain.mined.filter(({ tx }) => tx.from === account).map(({ tx }) => tx.draft.nonce);
    assert.deepEqual(
      nonces,
      nonces.map((_, i) => i),
    );
  }
}

/** A world in which the first anchor of 3 entries is final. */
export async function anchoredWorld(options: WorldOptions = {}): Promise<World> {
  const world = await World.open(options);
  await append(world.ledger, 3);
  await world.runUntilFinal();
  return world;
}

/** Transactions of the payer that were mined. */
export function payerTransactions(world: World): number {
  return world.chain.mined.filter(({ tx }) => tx.from === PAYER.address).length;
}
