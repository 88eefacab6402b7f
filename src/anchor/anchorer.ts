/**
 * Anchors all ledgers of a service on all its chains, one loop for each chain. Recording never waits for it, and whatever
 * happens to it loses nothing: what is on its way is in the store (anchor/transaction/pending.ts), and a start goes on
 * from there.
 */

import { type Clock, systemClock } from "../clock.ts";
import type { Health } from "../health.ts";
import type { Log } from "../log.ts";
import type { Store } from "../store/store.ts";
import { ChainLoop, type ChainSetup } from "./chain-loop.ts";
import type { AnchoredLedger, LedgerSource } from "./ledgers.ts";
import { type Obstacle, type ObstacleCode, Obstacles } from "./obstacles.ts";
import { type AnchoringStatus, chainStatus } from "./status.ts";

export type AnchorerOptions<L extends AnchoredLedger> = LedgerSource<L> & {
  readonly store: Store;
  readonly chains: readonly ChainSetup[];
  readonly clock?: Clock;
  /** In [0, 1); for jitter only. */
  readonly random?: () => number;
  readonly log: Log;
  /** Hears of what somebody has to look at. */
  readonly health?: Health;
};

/** What a chain says contradicts what the store holds: a service that started now would make it worse. */
export class AnchorStartError extends Error {
  override readonly name = "AnchorStartError";
  readonly code: ObstacleCode;

  constructor({ code, message }: Obstacle) {
    super(message);
    this.code = code;
  }
}

/** Obstacles that forbid a start. A chain that does not answer is none of them: recording goes on without it. */
const FORBIDDING: ReadonlySet<ObstacleCode> = new Set([
  "chain_wrong",
  "chain_replaced",
  "contract_missing",
  "contract_replaced",
  "contract_unknown",
  "store_behind",
  "root_differs",
]);

export class Anchorer {
  readonly #loops: readonly ChainLoop[];
  readonly #obstacles: Obstacles;
  readonly #source: LedgerSource;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  #running: Promise<void>[] = [];
  #steps: Promise<void> = Promise.resolve();

  /**
   * Opens the state of all chains and compares it with what they say now, as far as they answer.
   * @throws AnchorStartError when a chain, a contract or a store is not the one it was
   */
  static async open<L extends AnchoredLedger>(options: AnchorerOptions<L>): Promise<Anchorer> {
    const { store, chains, clock = systemClock, random = Math.random, log, health } = options;
    const ids = chains.map(({ chain }) => chain.chainId);
    if (new Set(ids).size < ids.length) throw new TypeError(`expected chains of different ids, got ${ids.join(", ")}`);
    // What goes into seal came out of ledgers, so nothing here needs to know what class it is.
    const source = options as unknown as LedgerSource;
    const obstacles = new Obstacles(log, () => clock.now(), health);
    const loops = await Promise.all(
      chains.map((setup) => ChainLoop.open(setup, { store, source, obstacles, clock, random, log })),
    );
    const found = (await Promise.all(loops.map((loop) => loop.reconcile()))).flat();
    const forbidding = found.find(({ code }) => FORBIDDING.has(code));
    if (forbidding !== undefined) {
      for (const { watch } of loops) watch.chain.close();
      throw new AnchorStartError(forbidding);
    }
    return new Anchorer(loops, obstacles, source, clock);
  }

  private constructor(loops: readonly ChainLoop[], obstacles: Obstacles, source: LedgerSource, clock: Clock) {
    this.#loops = loops;
    this.#obstacles = obstacles;
    this.#source = source;
    this.#clock = clock;
  }

  /** The newest block of each chain, where one was seen by the last look. */
  newestBlocks(): {
    readonly chain: string;
    readonly chainId: number;
    readonly number: number;
    readonly timeMs: number;
  }[] {
    return this.#loops.flatMap(({ watch: { name, chain, view } }) => {
      if (view === undefined) return [];
      return [{ chain: name, chainId: chain.chainId, number: view.latest.number, timeMs: view.latest.time * 1000 }];
    });
  }

  /** Runs the loops until {@link stop}. */
  start(): void {
    if (this.#running.length > 0) throw new TypeError("expected an anchorer that does not run, got one that does");
    this.#running = this.#loops.map((loop) => this.#run(loop));
  }

  /** Ends the loops after the step that they are in, and closes the chains. What is on its way stays on its way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#obstacles.mute();
    // Requests that hang end with it; a step that is cut off is taken again at the next start.
    for (const { watch } of this.#loops) watch.chain.close();
    await Promise.all([...this.#running, this.#steps]);
  }

  /** One step of every chain, for those who drive it themselves instead of {@link start}. */
  step(): Promise<void> {
    this.#steps = this.#steps.then(async () => {
      for (const loop of this.#loops) await loop.step();
    });
    return this.#steps;
  }

  /** What is to be told, of all ledgers or of one. */
  async status(ledgerId?: string): Promise<AnchoringStatus[]> {
    const ledgers = this.#source.ledgers().filter(({ record }) => ledgerId === undefined || record.id === ledgerId);
    const now = this.#clock.now();
    return Promise.all(this.#loops.map((loop) => chainStatus(loop, this.#obstacles, ledgers, now)));
  }

  async #run(loop: ChainLoop): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await loop.step();
      await this.#clock.sleep(loop.watch.policy.pollMs, this.#stopping.signal);
    }
  }
}
