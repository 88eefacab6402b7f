/**
 * The loop of one chain: looks at it, makes final what is, and lets each account take its step. A step that
 * fails leaves an obstacle and is taken again; nothing that was promised depends on a step's having come to its end.
 */

import type { Account } from "../chain/account.ts";
import { type Chain, ChainError } from "../chain/chain.ts";
import { DEPLOYED } from "../chain/contract/contract.ts";
import { type Clock, isRecent } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { Store } from "../store/store.ts";
import { stepAccount } from "./account-loop.ts";
import { type ChainView, ChainWatch } from "./chain-identity.ts";
import { AnchorJob } from "./jobs/anchor-job.ts";
import { checkLedger } from "./jobs/ledger-check.ts";
import { OpenJob } from "./jobs/open-job.ts";
import { Schedule } from "./jobs/schedule.ts";
import type { LedgerSource } from "./ledgers.ts";
import type { Obstacle, ObstacleCode, Obstacles } from "./obstacles.ts";
import { POLICY, type Policy } from "./policy.ts";
import { finalizeAnchors } from "./record/finalize.ts";
import { AnchorMending } from "./record/mend.ts";
import { PendingStore } from "./transaction/pending-store.ts";
import { type Job, ledgerScope, type SendingAccount } from "./transaction/sending-account.ts";

/** A chain to anchor to. */
export type ChainSetup = {
  /** Short name for people, unique in the service. */
  readonly name: string;
  readonly chain: Chain;
  /** Pays for anchors. */
  readonly payer: Account;
  /** Open their ledgers, and rotate their signers; may be the payer. */
  readonly owners?: readonly Account[];
  readonly policy?: Partial<Policy>;
  /** Called while something waits for finality: a chain without other users needs a block now and then. */
  readonly mineBlocks?: () => Promise<void>;
};

export type LoopParts = {
  readonly store: Store;
  readonly source: LedgerSource;
  readonly obstacles: Obstacles;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
};

/** How often an account's balance is asked for when nothing is sent. */
const BALANCE_MS = 60_000;

type Balance = { readonly wei: bigint; readonly at: number };

export class ChainLoop {
  readonly watch: ChainWatch;
  readonly schedule: Schedule;
  /** Owners first: an anchor needs an open ledger. */
  readonly senders: readonly SendingAccount[];
  readonly balances = new Map<Hex, Balance>();
  readonly #parts: LoopParts;
  readonly #mineBlocks: (() => Promise<void>) | undefined;
  readonly #mending: AnchorMending;

  static async open(setup: ChainSetup, parts: LoopParts): Promise<ChainLoop> {
    const { name, chain, payer, owners = [], mineBlocks } = setup;
    const { store, obstacles, log, clock, source, random } = parts;
    const policy = { ...POLICY, codeHashes: [DEPLOYED.codeHash], ...setup.policy };
    const senders: SendingAccount[] = [];
    const restart = () => forgetChain(watch, schedule, senders, openJob, source);
    const watch = await ChainWatch.open({ name, chain, policy, store, obstacles, log, restart });
    const schedule = new Schedule({ store, openAnchors: watch.openAnchors, policy, now: () => clock.now(), random });
    const openJob = new OpenJob(source, schedule);
    const jobs = new Map<Hex, Job[]>();
    for (const owner of owners) jobs.set(owner.address, [openJob]);
    jobs.set(payer.address, [...(jobs.get(payer.address) ?? []), new AnchorJob(source, schedule)]);
    const accounts = new Map([...owners, payer].map((account) => [account.address, account]));
    for (const [address, account] of accounts) {
      const pendingStore = await PendingStore.open(store, chain.chainId, address, log, clock.now());
      const scope = `${name}/${address}`;
      const now = () => clock.now();
      senders.push({
        watch,
        account,
        pendingStore,
        jobs: jobs.get(address) ?? [],
        obstacles,
        log,
        now,
        scope,
        nonceGapLooks: 0,
      });
    }
    // The payer last, unless it is an owner as well.
    senders.sort((a, b) => Number(a.account.address === payer.address) - Number(b.account.address === payer.address));
    return new ChainLoop(watch, schedule, senders, parts, mineBlocks);
  }

  private constructor(
    watch: ChainWatch,
    schedule: Schedule,
    senders: readonly SendingAccount[],
    parts: LoopParts,
    mineBlocks: (() => Promise<void>) | undefined,
  ) {
    this.watch = watch;
    this.schedule = schedule;
    this.senders = senders;
    this.#parts = parts;
    this.#mineBlocks = mineBlocks;
    this.#mending = new AnchorMending(watch, parts.log);
  }

  /** What must be said before a service starts: this chain and each ledger on it, as far as the chain answers. */
  async reconcile(): Promise<Obstacle[]> {
    const { obstacles, source } = this.#parts;
    await this.#guarded(this.watch.name, async () => {
      if ((await this.watch.look()) === undefined) return;
      await this.#mending.step(this.#parts.source.ledgers());
      for (const ledger of source.ledgers()) {
        const check = await checkLedger(this.watch, ledger);
        const scope = ledgerScope(this.watch, ledger.record.id);
        if (check.state === "halted") obstacles.set(scope, check.code, check.message);
      }
    });
    const scopes = [this.watch.name, ...source.ledgers().map(({ record }) => ledgerScope(this.watch, record.id))];
    return scopes.map((scope) => obstacles.get(scope)).filter((note) => note !== undefined);
  }

  /** Takes the next step of everything on this chain; it never throws. */
  async step(): Promise<void> {
    const { log } = this.#parts;
    let view: ChainView | undefined;
    await this.#guarded(this.watch.name, async () => {
      view = await this.watch.look();
      if (view === undefined) return;
      await this.#mending.step(this.#parts.source.ledgers());
      await finalizeAnchors(this.watch, view, log);
    });
    if (view === undefined) return;
    for (const sender of this.senders) {
      const seen = view;
      await this.#guarded(sender.scope, async () => {
        await stepAccount(sender, seen);
        await this.#askBalance(sender);
        this.#parts.obstacles.clear(sender.scope, "step_failed", "chain_unreachable");
      });
    }
    if (this.#mineBlocks !== undefined && this.isWaitingForFinality())
      await this.#guarded(this.watch.name, this.#mineBlocks);
  }

  isWaitingForFinality(): boolean {
    return this.watch.openAnchors.all.length > 0 || this.senders.some((sender) => sender.pendingStore.open.length > 0);
  }

  async #askBalance(sender: SendingAccount): Promise<void> {
    const { address } = sender.account;
    const at = this.#parts.clock.now();
    const known = this.balances.get(address);
    if (known !== undefined && isRecent(known.at, at, BALANCE_MS) && sender.pendingStore.unmined.length === 0) return;
    this.balances.set(address, { wei: await this.watch.chain.balance(address), at });
  }

  async #guarded(scope: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#parts.obstacles.set(scope, codeOf(error), `${this.watch.name}: ${message}`);
      // Whatever answers next may be another chain.
      this.watch.doubt();
    }
  }
}

function codeOf(error: unknown): ObstacleCode {
  if (!(error instanceof ChainError)) return "step_failed";
  if (error.kind === "wrong_chain") return "chain_wrong";
  if (error.kind === "funds") return "funds_insufficient";
  return error.kind === "contract_missing" ? "contract_missing" : "chain_unreachable";
}

async function forgetChain(
  watch: ChainWatch,
  schedule: Schedule,
  senders: readonly SendingAccount[],
  owners: OpenJob,
  source: LedgerSource,
): Promise<void> {
  for (const sender of senders) await sender.pendingStore.reset();
  await watch.openAnchors.reset(source.ledgers().map(({ record }) => record.id));
  schedule.reset();
  owners.reset();
}
