/**
 * The embedded chain: what a service runs when no chain is configured. It is a toy: whoever owns the machine can make it
 * say anything, so it proves nothing to others; but everything works on it as on a real one.
 *
 * A block is called final only when the chain's state with it is on disk: until then its finality is held back, by not
 * mining the blocks after it. So a kill -9 can take back what was mined, never what was final. A process that ends by
 * itself is started again.
 */

import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "../json/read.ts";
import type { Hex } from "../merkle/bytes.ts";
import { AnswerError } from "./bounded-fetch.ts";
import {
  type ChainProcess,
  endStale,
  findProgram,
  isPortFree,
  type Program,
  startProcess,
  type Traces,
  tracesOf,
} from "./chain-process.ts";
import { systemClock } from "./clock.ts";
import { DEPLOYED } from "./contract.ts";
import type { Endpoint } from "./endpoints.ts";
import { connectEndpoint } from "./node-endpoint.ts";
import type { Log } from "./notes.ts";
import { removeUnpacked, replaceFile, Snapshots, unpackSnapshot } from "./snapshot.ts";

export type DevChainOptions = {
  /** Folder of the chain, such as <data>/chain; made when it is missing. */
  readonly dir: string;
  /** Port to listen on; 0, or one that is taken, lets the system choose. */
  readonly port?: number;
  readonly program?: Program;
  /** Milliseconds before a chain that ended by itself is started again, doubled each time that it does not come up. */
  readonly reviveMs?: number;
  readonly log: Log;
};

type Launch = { readonly program: Program; readonly dir: string; readonly port: number };
type Parts = {
  readonly options: DevChainOptions;
  readonly again: Launch;
  readonly started: ChainProcess;
  readonly endpoint: Endpoint;
  readonly snapshots: Snapshots | undefined;
  readonly contract: Hex;
};
type Deployment = { readonly contract: Hex };
/** Seconds since 1970. */
type FirstBlock = { readonly time: number };

export const DEV_CHAIN_ID = 31337;
const REQUEST_MS = 120_000;
const ETHER = 10n ** 18n;
/** Blocks after which anvil calls one final. */
const BLOCKS_TO_FINAL = 2;
const REVIVE_MS = 1000;
const REVIVE_MS_MAX = 60_000;

export class DevChain {
  readonly url: string;
  readonly contract: Hex;
  /** "hardhat" keeps nothing: each start is another chain. */
  readonly kind: Program["kind"];
  readonly #launch: Launch;
  readonly #options: DevChainOptions;
  readonly #endpoint: Endpoint;
  readonly #snapshots: Snapshots | undefined;
  readonly #funded = new Set<Hex>();
  readonly #closing = new AbortController();
  readonly #kept: Promise<void>;
  #process: ChainProcess;
  /** Newest block that is on disk or was mined empty after one that is. */
  #covered = -1;

  /**
   * Starts the chain, or starts it again from its last snapshot, with the contract deployed.
   * @throws ChainProcessError when it does not come up
   */
  static async open(options: DevChainOptions): Promise<DevChain> {
    const { dir, log, program = findProgram() } = options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    if (program.kind === "hardhat") log.warn({}, "no anvil here: the embedded chain is Hardhat's and keeps nothing");
    const port = await choosePort(dir, options.port ?? 0, log);
    const started = await launch({ program, dir, port });
    const endpoint = connectEndpoint(started.url, REQUEST_MS);
    try {
      await setClock(program, endpoint);
      const deployment = await deployOnce(dir, endpoint);
      // Whoever was told the address finds the chain there after a restart, too.
      const again = { program, dir, port: Number(new URL(started.url).port) };
      const snapshots = program.kind === "anvil" ? new Snapshots(dir, started.url) : undefined;
      if (deployment.isNew) await snapshots?.take();
      return new DevChain({ options, again, started, endpoint, snapshots, contract: deployment.contract });
    } catch (error) {
      endpoint.close();
      await started.stop();
      throw error;
    }
  }

  private constructor({ options, again, started, endpoint, snapshots, contract }: Parts) {
    this.url = started.url;
    this.contract = contract;
    this.kind = started.kind;
    this.#options = options;
    this.#launch = again;
    this.#process = started;
    this.#endpoint = endpoint;
    this.#snapshots = snapshots;
    this.#kept = this.#keep();
  }

  /** Sees to it that an account has money to spend. */
  async fund(account: Hex): Promise<void> {
    this.#funded.add(account);
    const balance = BigInt((await this.#endpoint.request("eth_getBalance", [account, "latest"])) as string);
    if (balance >= 100n * ETHER) return;
    await this.#endpoint.request("hardhat_setBalance", [account, `0x${(10_000n * ETHER).toString(16)}`]);
  }

  /** Lets finality advance over what is on disk; does nothing when nothing happened since the last time. */
  async nudge(): Promise<void> {
    // Hardhat calls the newest block final.
    if (this.#snapshots === undefined) return;
    const latest = await this.#height();
    if (latest <= this.#covered || !this.#snapshots.isAllowed) return;
    await this.#snapshots.take();
    await this.#endpoint.request("hardhat_mine", [`0x${BLOCKS_TO_FINAL.toString(16)}`]);
    // A transaction that came in meanwhile makes the chain higher than this, and is on disk the next time.
    this.#covered = latest + BLOCKS_TO_FINAL;
  }

  /** Writes the last state and ends the chain. */
  async close(): Promise<void> {
    this.#closing.abort();
    try {
      await this.#snapshots?.take();
    } catch (error) {
      // Ended already, by itself or by somebody: what is on disk is what there is.
      if (!(error instanceof AnswerError)) throw error;
    } finally {
      this.#endpoint.close();
      await this.#process.stop();
      await this.#kept;
      await rm(join(this.#launch.dir, "chain.pid"), { force: true });
    }
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
        pause = reviveMs;
      } catch (err) {
        log.error({ err }, "the embedded chain did not start again");
        pause = Math.min(2 * pause, REVIVE_MS_MAX);
      }
    }
  }

  async #revive(): Promise<void> {
    this.#process = await launch(this.#launch);
    try {
      this.#covered = -1;
      await setClock(this.#launch.program, this.#endpoint);
      await deployOnce(this.#launch.dir, this.#endpoint);
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
async function launch({ program, dir, port }: Launch): Promise<ChainProcess> {
  const stateFile = program.kind === "anvil" ? await unpackSnapshot(dir) : undefined;
  const started = await startProcess({
    ...{ program, chainId: DEV_CHAIN_ID, port, firstTime: await firstTime(dir, stateFile !== undefined) },
    ...(stateFile !== undefined && { stateFile }),
  });
  try {
    await removeUnpacked(dir);
    await replaceFile(join(dir, "chain.pid"), JSON.stringify(tracesOf(started)));
    return started;
  } catch (error) {
    // It would hold the port, and none that is tried after it would come up.
    await started.stop();
    throw error;
  }
}

/**
 * Time of the chain's first block. Each process makes that block anew before it loads a state, and a state keeps all of those
 * that it has seen, in no order: unless they are the same one, a chain has another first block after some restarts.
 */
async function firstTime(dir: string, isContinued: boolean): Promise<number> {
  const file = join(dir, "first-block.json");
  if (isContinued && existsSync(file)) return (readJson(await readFile(file, "utf8")) as FirstBlock).time;
  // A chain that begins is another chain, also where an earlier one was removed.
  const time = Math.floor(Date.now() / 1000);
  await replaceFile(file, JSON.stringify({ time }));
  return time;
}

/** Lets anvil's clock, which starts at its first block, go with ours. */
async function setClock({ kind }: Program, endpoint: Endpoint): Promise<void> {
  if (kind !== "anvil") return;
  await endpoint.request("evm_setTime", [`0x${Math.floor(Date.now() / 1000).toString(16)}`]);
}

/** The wanted port, once a chain of an earlier run that still holds it is ended; another one when it is taken. */
async function choosePort(dir: string, port: number, log: Log): Promise<number> {
  const file = join(dir, "chain.pid");
  if (existsSync(file)) {
    const stale = readJson(await readFile(file, "utf8")) as Traces;
    if (await endStale(stale)) log.warn(stale, "ended the embedded chain of an earlier run");
    await rm(file, { force: true });
  }
  if (port === 0 || (await isPortFree(port))) return port;
  log.warn({}, `port ${port} is taken: the embedded chain listens on another one`);
  return 0;
}

/**
 * Puts the contract on the chain unless it is there; its address is recorded beside the chain, for a later version of
 * this program. It gets the address that it has on every chain, as its code by itself, so that no factory is needed.
 */
async function deployOnce(dir: string, endpoint: Endpoint): Promise<{ contract: Hex; isNew: boolean }> {
  const file = join(dir, "deployment.json");
  const known = existsSync(file) ? (readJson(await readFile(file, "utf8")) as Deployment).contract : undefined;
  const contract = known ?? DEPLOYED.address;
  if ((await endpoint.request("eth_getCode", [contract, "latest"])) !== "0x") return { contract, isNew: false };
  await endpoint.request("hardhat_setCode", [DEPLOYED.address, DEPLOYED.code]);
  // The code is in the state of blocks from the next one on.
  await endpoint.request("hardhat_mine", ["0x1"]);
  await replaceFile(file, JSON.stringify({ contract: DEPLOYED.address }));
  return { contract: DEPLOYED.address, isNew: true };
}
