/**
 * The embedded chain: what a service runs when no chain is configured. It is a toy: whoever owns the machine can make it
 * say anything, so it proves nothing to others; but everything works on it as on a real one.
 *
 * A block is called final only when the chain's state with it is on disk: until then its finality is held back, by not
 * mining the blocks after it. So a kill -9 can take back what was mined, never what was final. A process that ends by
 * itself is started again.
 * Why: docs/decisions/0044.
 */

import { ChainError } from "../chain/chain.ts";
import { DEPLOYED } from "../chain/contract/contract.ts";
import { connectEndpoint } from "../chain/node/endpoint.ts";
import type { Endpoint } from "../chain/node/endpoints.ts";
import { systemClock } from "../clock.ts";
import type { Health } from "../health.ts";
import type { Log } from "../log.ts";
import type { Hex } from "../merkle/bytes.ts";
import { AnswerError } from "../net/bounded-fetch.ts";
import { ChainFolder } from "./folder.ts";
import {
  type ChainProcess,
  ChainProcessError,
  endStale,
  findProgram,
  type Program,
  startProcess,
  tracesOf,
  untoldHost,
} from "./process.ts";
import { damaged, removeUnpacked, Snapshots, unpackSnapshot } from "./snapshot.ts";
import { NodeWarden, type WardenOptions } from "./warden.ts";

export type DevChainOptions = {
  /** Folder of the chain, such as <data>/chain; made when it is missing. */
  readonly dir: string;
  /** Port to listen on; 0, or one that is taken, lets the system choose. */
  readonly port?: number;
  readonly program?: Program;
  /** The only origins whose pages may ask the chain, and only what reads; none when absent. */
  readonly pageOrigins?: readonly string[];
  /** Milliseconds before a chain that ended by itself is started again, doubled each time that it does not come up. */
  readonly reviveMs?: number;
  readonly log: Log;
  readonly health?: Health;
};

type Launch = {
  readonly program: Program;
  readonly folder: ChainFolder;
  readonly host: string;
  readonly port: number;
};
type Parts = {
  readonly options: DevChainOptions;
  readonly again: Launch;
  readonly started: ChainProcess;
  readonly warden: NodeWarden;
  readonly endpoint: Endpoint;
  readonly snapshots: Snapshots | undefined;
  readonly blocks: number;
};

export const DEV_CHAIN_ID = 31337;
const REQUEST_MS = 120_000;
const ETHER = 10n ** 18n;
/** Blocks after which anvil calls one final. */
const BLOCKS_TO_FINAL = 2;
/** Blocks, three for each anchor, in which the interval between anchors doubles: each block stays in memory and on disk. */
const BLOCKS_TO_DOUBLE = 6000;
const PACE_MS_MAX = 3_600_000;
const REVIVE_MS = 1000;
const DETAILS = {
  chain_unwritable:
    "the state of the embedded chain cannot be written to the data folder: nothing becomes final until it can; make room there, and let the service write to chain/",
  chain_ended:
    "the embedded chain ended and does not start again: events are recorded, and anchored when it runs; the log says why",
} as const;
const REVIVE_MS_MAX = 60_000;

export class DevChain {
  /** Of the warden before its node. */
  readonly url: string;
  readonly contract: Hex = DEPLOYED.address;
  /** "hardhat" keeps nothing: each start is another chain. */
  readonly kind: Program["kind"];
  readonly #launch: Launch;
  readonly #options: DevChainOptions;
  readonly #warden: NodeWarden;
  readonly #endpoint: Endpoint;
  readonly #snapshots: Snapshots | undefined;
  readonly #funded = new Set<Hex>();
  readonly #closing = new AbortController();
  readonly #kept: Promise<void>;
  #process: ChainProcess;
  /** Newest block that is on disk or was mined empty after one that is. */
  #covered = -1;
  /** Blocks of the chain, when they were last counted. */
  #blocks: number;

  /**
   * Starts the chain, or starts it again from its last snapshot, with the contract deployed.
   * @throws ChainProcessError when it does not come up, SnapshotError when its state is damaged, FileRefusedError when the
   *   system does not let its folder be used
   */
  static async open(options: DevChainOptions): Promise<DevChain> {
    const { dir, log, pageOrigins = [], program = findProgram() } = options;
    const folder = await ChainFolder.open(dir, log);
    if (program.kind === "hardhat") log.warn({}, "no anvil here: the embedded chain is Hardhat's and keeps nothing");
    await endEarlier(folder, log);
    const host = await untoldHost();
    const started = await launch({ program, folder, host, port: 0 });
    const endpoint = connectEndpoint(started.url, REQUEST_MS);
    let warden: NodeWarden | undefined;
    try {
      // Whoever was told the address finds the chain there after a restart, too.
      warden = await openWarden({ port: options.port ?? 0, nodeUrl: started.url, pageOrigins }, log);
      await setClock(program, endpoint);
      const isNew = await deployOnce(endpoint);
      const again = { program, folder, host, port: Number(new URL(started.url).port) };
      const snapshots = program.kind === "anvil" ? new Snapshots(dir, started.url) : undefined;
      if (isNew) await snapshots?.take();
      const blocks = Number(await endpoint.request("eth_blockNumber", []));
      return new DevChain({ options, again, started, warden, endpoint, snapshots, blocks });
    } catch (error) {
      endpoint.close();
      await warden?.close();
      await started.stop();
      throw error;
    }
  }

  private constructor({ options, again, started, warden, endpoint, snapshots, blocks }: Parts) {
    this.#blocks = blocks;
    this.url = warden.url;
    this.#warden = warden;
    this.kind = started.kind;
    this.#options = options;
    this.#launch = again;
    this.#process = started;
    this.#endpoint = endpoint;
    this.#snapshots = snapshots;
    this.#kept = this.#keep();
  }

  /** The interval between anchors that this chain can bear by now, of one that it bore at first; an hour at most. */
  paceMs(intervalMs: number): number {
    return Math.min(PACE_MS_MAX, intervalMs * 2 ** (this.#blocks / BLOCKS_TO_DOUBLE));
  }

  /** Sees to it that an account has money to spend. */
  async fund(account: Hex): Promise<void> {
    this.#funded.add(account);
    const balance = BigInt((await this.#endpoint.request("eth_getBalance", [account, "latest"])) as string);
    if (balance >= 100n * ETHER) return;
    await this.#endpoint.request("hardhat_setBalance", [account, `0x${(10_000n * ETHER).toString(16)}`]);
  }

  /** Lets finality advance over what is on disk; does nothing when nothing happened since the last time. */
  async mineBlocks(): Promise<void> {
    // Hardhat calls the newest block final.
    if (this.#snapshots === undefined) return;
    const latest = await this.#height();
    // A chain that is shorter than it was has been emptied by somebody: the one on disk is what was anchored to.
    if (latest < this.#blocks) return;
    this.#blocks = latest;
    if (latest <= this.#covered || !this.#snapshots.isAllowed) return;
    if (!(await this.#save(this.#snapshots))) return;
    const program = this.#process;
    await this.#endpoint.request("hardhat_mine", [`0x${BLOCKS_TO_FINAL.toString(16)}`]);
    const covered = await this.#lastEmpty(latest);
    // One that was started again meanwhile is as high as its snapshot.
    if (program === this.#process) this.#covered = covered;
  }

  /**
   * The newest of the blocks just mined that has only empty ones between itself and what is on disk. A transaction that
   * came in meanwhile is in one of them or in a block above them; either is on disk, and made final, the next time.
   */
  async #lastEmpty(onDisk: number): Promise<number> {
    let height = onDisk;
    while (height < onDisk + BLOCKS_TO_FINAL) {
      const next = `0x${(height + 1).toString(16)}`;
      if (Number(await this.#endpoint.request("eth_getBlockTransactionCountByNumber", [next])) > 0) break;
      height++;
    }
    return height;
  }

  /** Writes the last state, unless it was lost, and ends the chain. */
  async close(): Promise<void> {
    this.#closing.abort();
    try {
      // A chain that is shorter than it was has been reset by somebody: the one on disk is what was anchored to.
      if (this.#snapshots !== undefined && (await this.#height()) >= this.#blocks) await this.#save(this.#snapshots);
    } catch (error) {
      // Ended already, by itself or by somebody: what is on disk is what there is.
      if (!(error instanceof ChainError)) throw error;
    } finally {
      this.#endpoint.close();
      await this.#process.stop();
      await this.#kept;
      await this.#warden.close();
      // One that stays behind names a process that is gone, as after a kill.
      await this.#launch.folder
        .forgetProcess()
        .catch((err) => this.#options.log.warn({ err }, "chain.pid stays behind"));
    }
  }

  /**
   * Writes the state; while that is not possible, what is mined waits for its finality, and recording goes on.
   * @returns whether it is on disk
   * @throws ChainError when the chain does not give it
   */
  async #save(snapshots: Snapshots): Promise<boolean> {
    try {
      await snapshots.take();
      this.#report("chain_unwritable", undefined);
      return true;
    } catch (error) {
      if (error instanceof AnswerError) throw new ChainError("unavailable", `the embedded chain: ${error.message}`);
      this.#report("chain_unwritable", error);
      return false;
    }
  }

  /** @param cause undefined when all is well */
  #report(code: keyof typeof DETAILS, cause: unknown): void {
    const condition = cause === undefined ? undefined : { code, detail: DETAILS[code], isNotice: true };
    this.#options.health?.report(`embedded chain: ${code}`, condition, cause);
  }

  /** Starts the chain again whenever it ends, until it is closed. Hardhat's would be another chain, and stays ended. */
  async #keep(): Promise<void> {
    const { log, reviveMs = REVIVE_MS } = this.#options;
    let pause = reviveMs;
    for (;;) {
      await this.#process.ended;
      if (this.#closing.signal.aborted) return;
      const isKept = this.kind === "anvil";
      log.error({}, `the embedded chain ended by itself; ${isKept ? "it is started" : "start the service"} again`);
      if (!isKept) return;
      await systemClock.sleep(pause, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      try {
        await this.#revive();
        this.#report("chain_ended", undefined);
        pause = reviveMs;
      } catch (err) {
        log.error({ err }, "the embedded chain did not start again");
        this.#report("chain_ended", err);
        pause = Math.min(2 * pause, REVIVE_MS_MAX);
      }
    }
  }

  async #revive(): Promise<void> {
    this.#process = await launch(this.#launch);
    try {
      this.#covered = -1;
      await setClock(this.#launch.program, this.#endpoint);
      await deployOnce(this.#endpoint);
      this.#blocks = await this.#height();
      for (const account of this.#funded) await this.fund(account);
    } catch (error) {
      await this.#process.stop();
      throw error;
    } finally {
      if (this.#closing.signal.aborted) await this.#process.stop();
    }
  }

  async #height(): Promise<number> {
    return Number(await this.#endpoint.request("eth_blockNumber", []));
  }
}

/** A chain with the state of the last snapshot. */
async function launch({ program, folder, host, port }: Launch): Promise<ChainProcess> {
  const { dir } = folder;
  const stateFile = program.kind === "anvil" ? await unpackSnapshot(dir) : undefined;
  let started: ChainProcess | undefined;
  try {
    const firstTime = await folder.firstTime(stateFile);
    const options = { program, chainId: DEV_CHAIN_ID, host, port, firstTime, home: dir };
    started = await startProcess(stateFile === undefined ? options : { ...options, stateFile });
    await folder.noteProcess(tracesOf(started));
    return started;
  } catch (error) {
    // It would hold the port, and none that is tried after it would come up.
    await started?.stop();
    const isDoubtful = stateFile !== undefined && error instanceof ChainProcessError;
    throw isDoubtful ? damaged(dir, error, `the chain does not go on from it (${error.message})`) : error;
  } finally {
    await removeUnpacked(dir);
  }
}

/** Lets anvil's clock, which starts at its first block, go with ours. */
async function setClock({ kind }: Program, endpoint: Endpoint): Promise<void> {
  if (kind !== "anvil") return;
  await endpoint.request("evm_setTime", [`0x${Math.floor(Date.now() / 1000).toString(16)}`]);
}

/** Ends a chain of an earlier run that is still there. */
async function endEarlier(folder: ChainFolder, log: Log): Promise<void> {
  const stale = await folder.process();
  if (stale === undefined) return;
  if (await endStale(stale)) log.warn(stale, "ended the embedded chain of an earlier run");
  await folder.forgetProcess();
}

/** The warden at the wanted port; at another one when it is taken. */
async function openWarden(options: WardenOptions, log: Log): Promise<NodeWarden> {
  try {
    return await NodeWarden.open(options);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || options.port === 0) throw error;
    log.warn({}, `port ${options.port} is taken: the embedded chain listens on another one`);
    return NodeWarden.open({ ...options, port: 0 });
  }
}

/**
 * Puts the contract on the chain unless it is there: at the address that it has on every chain, as its code by itself, so
 * that no factory is needed. One of an earlier version of this program stays beside it, with all that it holds.
 * @returns whether it was not there
 */
async function deployOnce(endpoint: Endpoint): Promise<boolean> {
  if ((await endpoint.request("eth_getCode", [DEPLOYED.address, "latest"])) !== "0x") return false;
  await endpoint.request("hardhat_setCode", [DEPLOYED.address, DEPLOYED.code]);
  // The code is in the state of blocks from the next one on.
  await endpoint.request("hardhat_mine", ["0x1"]);
  return true;
}
