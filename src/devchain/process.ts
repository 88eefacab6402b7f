/**
 * The process of an embedded chain: anvil from npm or from the PATH, else Hardhat's node. It listens on loopback only,
 * writes nothing to disk itself, and does not outlive this process: a shell holds a pipe and ends it when that breaks.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { accessSync, constants, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";

export type Program = {
  readonly kind: "anvil" | "hardhat";
  readonly command: string;
  readonly args: readonly string[];
};

export type ChainProcess = {
  readonly kind: Program["kind"];
  readonly pid: number;
  readonly url: string;
  /** Resolves when the process has ended, whoever ended it. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
};

export type StartOptions = {
  readonly program: Program;
  readonly chainId: number;
  /** 0 lets the system choose. */
  readonly port: number;
  /** File with the state of an earlier run, for anvil. */
  readonly stateFile?: string;
  /** Time of anvil's first block, seconds since 1970; its clock starts there, too. */
  readonly firstTime?: number;
  /** The only folder that it may take for its user's; without one it has none. */
  readonly home?: string;
  /** Address of loopback to listen on; 127.0.0.1 when absent. */
  readonly host?: string;
};

/** The chain's process did not come up, or another one is in its place. */
export class ChainProcessError extends Error {
  override readonly name = "ChainProcessError";
  readonly code = "devchain_failed";
}

/** Older states that are kept: proofs are taken when an anchor is mined, and at most some blocks later. */
const STATES_KEPT = 16;
const READY_MS = 30_000;
const STOP_MS = 5_000;
const OUTPUT_MAX = 4_000;
/** Ends the chain when the pipe on descriptor 3 breaks; exec keeps the process id, so that signals reach the chain. */
const GUARD = 'chain=$$; (cat <&3 >/dev/null; kill -9 $chain 2>/dev/null) & exec "$@" 3<&-';

/** What to do where npm brings none: it does for Linux and macOS, unless it was told to leave out what is optional. */
const WAYS_TO_A_CHAIN = [
  "install it with npm, optional packages included (npm install --include=optional)",
  'put "anvil" of Foundry on the PATH',
  'or name the chains to anchor to ("chains" in docs/configuration.md)',
].join(", ");

/** Finds a program that runs a chain. @throws ChainProcessError where there is none */
export function findProgram(): Program {
  const require = createRequire(import.meta.url);
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  const candidates = [
    () => join(dirname(require.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/package.json`)), "bin", "anvil"),
    ...(process.env.PATH ?? "").split(delimiter).map((folder) => () => join(folder, "anvil")),
  ];
  for (const candidate of candidates) {
    const command = accessible(candidate, constants.X_OK);
    if (command !== undefined) return { kind: "anvil", command, args: [] };
  }
  // Only a checkout has it: it is needed to build.
  const cli = accessible(
    () => join(dirname(require.resolve("hardhat/package.json")), "dist", "src", "cli.js"),
    constants.R_OK,
  );
  if (cli !== undefined) return { kind: "hardhat", command: process.execPath, args: [cli, "node"] };
  const expected = `expected a program for the embedded chain, which there is when no chain is configured, got none`;
  throw new ChainProcessError(`${expected} for ${process.platform} on ${process.arch}: ${WAYS_TO_A_CHAIN}`);
}

function accessible(locate: () => string, mode: number): string | undefined {
  try {
    const path = locate();
    accessSync(path, mode);
    return path;
  } catch {
    return undefined;
  }
}

/** Starts a chain and waits until it listens. @throws ChainProcessError when it does not come up */
export async function startProcess(options: StartOptions): Promise<ChainProcess> {
  const { program } = options;
  const { host = "127.0.0.1" } = options;
  const port = program.kind === "hardhat" && options.port === 0 ? await freePort(host) : options.port;
  const command = [program.command, ...program.args, ...argumentsFor(program.kind, { ...options, host, port })];
  const guarded = process.platform === "win32" ? command : ["/bin/sh", "-c", GUARD, "holdfast-chain", ...command];
  const child = spawn(guarded[0] as string, guarded.slice(1), {
    // Its own group: an interrupt from the terminal is for us, and we stop it after the last snapshot.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    cwd: join(import.meta.dirname, "..", ".."),
    env: environmentOf(options.home ?? "/nonexistent"),
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  // The guard must not wait to kill a process id that is not the chain's any more.
  ended.then(() => closeGuard(child));
  const listening = await waitForPort(child, ended).catch(async (error) => {
    await stopChild(child, ended);
    throw error;
  });
  const url = `http://${host}:${listening}`;
  const stop = () => stopChild(child, ended);
  return { kind: program.kind, pid: child.pid as number, url, ended, stop };
}

/** Programs like these keep caches and settings where they find a user's folders; here they find one. */
function environmentOf(home: string): NodeJS.ProcessEnv {
  const { PATH, SystemRoot } = process.env;
  return {
    PATH,
    SystemRoot,
    HOME: home,
    USERPROFILE: home,
    TMPDIR: home,
    TEMP: home,
    HARDHAT_DISABLE_TELEMETRY: "true",
  };
}

function argumentsFor(
  kind: Program["kind"],
  { chainId, host, port, stateFile, firstTime }: StartOptions & { readonly host: string },
): string[] {
  if (kind === "hardhat") return ["--hostname", host, "--port", String(port), "--chain-id", String(chainId)];
  // One slot in an epoch: safe is the block before the newest, final the one before that.
  const fixed = ["--host", host, "--slots-in-an-epoch", "1", "--accounts", "0", "--color", "never"];
  // Without a number of states anvil writes all but the last 500 to its user's folder, each larger than the last.
  const kept = ["--prune-history", String(STATES_KEPT)];
  // Any page that the user has open could send requests to it; those that may ask come through the warden before it.
  const closed = ["--no-cors"];
  const state = stateFile === undefined ? [] : ["--load-state", stateFile];
  const time = firstTime === undefined ? [] : ["--timestamp", String(firstTime)];
  return [...fixed, ...kept, ...closed, "--port", String(port), "--chain-id", String(chainId), ...time, ...state];
}

function waitForPort(child: ChildProcess, ended: Promise<void>): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new ChainProcessError(`expected the embedded chain to listen, ${why}: ${output.trim().slice(-300)}`));
    };
    const timer = setTimeout(() => fail(`it did not within ${READY_MS} ms`), READY_MS);
    child.once("error", (error) => fail(`it did not start (${error.message})`));
    ended.then(() => fail("it ended"));
    const read = (chunk: Buffer) => {
      // Afterwards both streams are only drained: the chain writes a line for every request.
      if (output.length > OUTPUT_MAX) return;
      output += chunk.toString();
      const match = /(?:Listening on |http:\/\/)127\.[\d.]+:(\d+)/.exec(output);
      if (match === null) return;
      clearTimeout(timer);
      resolve(Number(match[1]));
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
  });
}

async function stopChild(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}

function closeGuard(child: ChildProcess): void {
  for (const stream of child.stdio) stream?.destroy();
}

/** A port that is free at this moment. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/**
 * An address of loopback that nobody was told: a page cannot ask what it cannot find, and a WebSocket asks without leave.
 * Where loopback has one address only, as on macOS, it is that one.
 */
export async function untoldHost(): Promise<string> {
  const host = [127, 1 + randomInt(254), randomInt(256), 1 + randomInt(254)].join(".");
  return freePort(host).then(
    () => host,
    () => "127.0.0.1",
  );
}

/** A process as it can be found again: process ids are given to others, but not with the same time of start. */
export type Traces = { readonly pid: number; readonly port: number; readonly startedAt?: string | undefined };

/** What is needed to find a chain again. */
export function tracesOf({ pid, url }: Pick<ChainProcess, "pid" | "url">): Traces {
  return { pid, port: Number(new URL(url).port), startedAt: startOf(pid) };
}

/**
 * Ends a chain that an earlier run of ours left behind, told by its process id, its start and its command line.
 * @returns whether there was one
 */
export async function endStale({ pid, startedAt }: Traces): Promise<boolean> {
  const line = commandLine(pid);
  const isChain = line !== undefined && /anvil|hardhat/.test(line) && /\b127\.\d+\.\d+\.\d+\b/.test(line);
  if (!isChain || startedAt === undefined || startOf(pid) !== startedAt) return false;
  process.kill(pid, "SIGKILL");
  for (let i = 0; i < 100 && commandLine(pid) !== undefined; i++) await new Promise((wake) => setTimeout(wake, 20));
  return true;
}

/** When a process began, in ticks since the system did; where the system does not show it, undefined. */
function startOf(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold anything; the start is the 22nd field, the 20th behind it.
    return line.slice(line.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** Command line of a process, where the system shows it as a file; elsewhere the guard alone must do. */
function commandLine(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
    return line === "" ? undefined : line;
  } catch {
    return undefined;
  }
}
