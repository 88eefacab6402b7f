/**
 * One chain as all accounts on it see it: whether it is still the chain and the contract it was, how far it has come, and
 * what it calls safe and final. What it was is stored at the first contact (chain id, first block, code of the contract).
 */

import { type Block, type Chain, ChainError, type ChainIdentity } from "../chain/chain.ts";
import { readJson } from "../json/read.ts";
import type { Log } from "../log.ts";
import type { Hex } from "../merkle/bytes.ts";
import { DamagedStoreError, type Store } from "../store/store.ts";
import type { FinalityRule } from "../verify/evm/rpc-reader.ts";
import type { ObstacleCode, Obstacles } from "./obstacles.ts";
import type { Policy } from "./policy.ts";
import { OpenAnchors } from "./record/open-anchors.ts";

/** How far a chain has come; numbers are -1 when there is no such block yet. */
export type ChainView = { readonly latest: Block; readonly safe: number; readonly final: number };

type StoredIdentity = ChainIdentity & { readonly contract: Hex };

export type ChainWatchOptions = {
  readonly name: string;
  readonly chain: Chain;
  readonly policy: Policy;
  readonly store: Store;
  readonly obstacles: Obstacles;
  readonly log: Log;
  /** Forgets what accounts know of a chain that was replaced. */
  readonly restart: () => Promise<void>;
};

/** Looks at the chain after which its identity is asked for again, even without a reason. */
const IDENTIFY_EVERY = 100;

export class ChainWatch {
  readonly name: string;
  readonly chain: Chain;
  readonly policy: Policy;
  readonly openAnchors: OpenAnchors;
  readonly #options: ChainWatchOptions;
  #view: ChainView | undefined;
  #looks = 0;
  #isTrusted = false;

  static async open(options: ChainWatchOptions): Promise<ChainWatch> {
    return new ChainWatch(options, await OpenAnchors.open(options.store, options.chain.chainId));
  }

  private constructor(options: ChainWatchOptions, openAnchors: OpenAnchors) {
    this.#options = options;
    this.name = options.name;
    this.chain = options.chain;
    this.policy = options.policy;
    this.openAnchors = openAnchors;
  }

  /** What the last look saw; undefined while the chain cannot be used. */
  get view(): ChainView | undefined {
    return this.#view;
  }

  /** Asks for the identity at the next look: something does not fit. */
  doubt(): void {
    this.#isTrusted = false;
  }

  /**
   * Looks at the chain.
   * @returns undefined when it must not be used, and the chain's obstacle says why
   * @throws ChainError when it did not answer
   */
  async look(): Promise<ChainView | undefined> {
    this.#looks += 1;
    const before = this.#view;
    this.#view = undefined;
    if (!this.#isTrusted || this.#looks % IDENTIFY_EVERY === 0) {
      if (!(await this.#identify())) return undefined;
    }
    const latest = await this.chain.block("latest");
    if (latest === undefined) throw new ChainError("unavailable", `${this.name}: expected a newest block, got none`);
    if (before !== undefined && latest.number < before.latest.number) {
      // A lagging endpoint or a reorganisation; but also what a chain looks like that was wiped.
      this.doubt();
      if (!(await this.#identify())) return undefined;
    }
    const { finality } = this.policy;
    const [safe, final] = await Promise.all([
      this.#height(finality === "finalized" ? "safe" : finality, latest),
      this.#height(finality, latest),
    ]);
    this.#view = { latest, safe, final };
    this.#options.obstacles.clear(this.name);
    return this.#view;
  }

  /** Number of the newest block that counts as safe or final; by depth where the chain serves no such tag. */
  async #height(finality: FinalityRule, latest: Block): Promise<number> {
    const depth = typeof finality === "string" ? this.policy.confirmationsFallback : finality.confirmations;
    if (typeof finality !== "string") return latest.number - depth + 1;
    try {
      const block = await this.chain.block(finality);
      if (block !== undefined) return block.number;
    } catch (error) {
      // Some nodes answer a tag that they have nothing for yet with an error.
      if (!(error instanceof ChainError) || error.kind === "wrong_chain") throw error;
      if (error.kind === "unavailable") throw error;
    }
    return latest.number - depth + 1;
  }

  async #identify(): Promise<boolean> {
    const { store } = this.#options;
    const space = "anchoring";
    const key = `chain/${this.chain.chainId}`;
    const found = await this.#askIdentity();
    if (found === undefined) return false;
    if (!this.policy.codeHashes.includes(found.codeHash)) {
      const message = `${this.name}: expected a known version of the contract at ${found.contract}, got other code`;
      const wayOut = this.#wayOut("mend the address in the configuration");
      return this.#halt("contract_unknown", `${message} (${found.codeHash}); ${wayOut}`);
    }
    const known = await this.#knownIdentity(space, key);
    const difference = known === undefined ? undefined : compare(known, found);
    if (difference !== undefined && this.policy.onReplaced === "halt") {
      return this.#halt(difference.code, `${this.name}: ${difference.message}`);
    }
    if (difference !== undefined) {
      this.#options.log.warn(
        {},
        `${this.name}: ${difference.message}; what is on a development chain is worth nothing: starting over`,
      );
      await this.#options.restart();
    }
    if (known === undefined || difference !== undefined) {
      await store.writeRecords([{ space, key, value: JSON.stringify(found) }], { durable: true });
    }
    this.#isTrusted = true;
    return true;
  }

  /** What the chain was; where that cannot be read any more, the heads of the ledgers still tell another chain. */
  async #knownIdentity(space: string, key: string): Promise<StoredIdentity | undefined> {
    const { store, log } = this.#options;
    try {
      const text = await store.record(space, key);
      if (text === undefined) return undefined;
      const known = readJson(text) as StoredIdentity | null;
      if (typeof known?.contract === "string" && typeof known.codeHash === "string") return known;
    } catch (error) {
      if (!(error instanceof DamagedStoreError || error instanceof SyntaxError)) throw error;
    }
    log.warn({ key }, `${this.name}: the record of which chain this is was damaged, and is made again from the chain`);
    return undefined;
  }

  async #askIdentity(): Promise<StoredIdentity | undefined> {
    try {
      return { ...(await this.chain.identify()), contract: this.chain.contract };
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      if (error.kind === "wrong_chain") {
        const wayOut = this.#wayOut("mend the endpoint or the chain id in the configuration");
        this.#halt("chain_wrong", `${error.message}; ${wayOut}`);
        return undefined;
      }
      if (error.kind === "contract_missing") {
        const wayOut = this.#wayOut("mend the address in the configuration, or deploy the contract there");
        this.#halt("contract_missing", `${this.name}: ${error.message}; ${wayOut}`);
        return undefined;
      }
      throw error;
    }
  }

  /** A chain that the service runs by itself is in no configuration: a start puts it back to what is kept of it. */
  #wayOut(configured: string): string {
    if (this.policy.onReplaced === "halt") return configured;
    return "somebody changed the chain that this service runs: start the service again, and it goes on where it was";
  }

  #halt(code: ObstacleCode, message: string): false {
    this.#options.obstacles.set(this.name, code, message);
    return false;
  }
}

function compare(known: StoredIdentity, found: StoredIdentity): { code: ObstacleCode; message: string } | undefined {
  const wayOut = "either point it back to the old one, or begin with a fresh data folder";
  if (known.genesis !== undefined && found.genesis !== undefined && known.genesis !== found.genesis) {
    const message = `expected the chain with first block ${known.genesis}, got one with ${found.genesis}`;
    return { code: "chain_replaced", message: `${message}; ${wayOut}` };
  }
  if (known.contract !== found.contract || known.codeHash !== found.codeHash) {
    const message = `expected the contract at ${known.contract}, got ${found.contract} with code ${found.codeHash}`;
    return { code: "contract_replaced", message: `${message}; ${wayOut}` };
  }
  return undefined;
}
