/**
 * Faults of the operating system, by strace(1): a system call of a running process is answered with an error, with less
 * than was asked for, or with SIGKILL, at the n-th time and for some files only. The calls themselves do not happen.
 * strace counts the calls of each thread for itself.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export type Fault = {
  /** Names of system calls, with commas. */
  readonly calls: string;
  /** What strace shall do to them, as "error=EIO", "retval=0" or "signal=SIGKILL". */
  readonly does: string;
  /** "3" the third call of a thread, "3+" that one and all later ones, "1..4" the first four. */
  readonly when: string;
  /** A second fault at the same places. */
  readonly and?: Fault;
};

const ATTACH_MS = 20_000;
const PACKAGE = ["install", "-y", "--no-install-recommends", "strace"];

/** Why no faults can be injected on this machine; undefined when they can. strace is installed where that is possible. */
export function findObstacle(): string | undefined {
  if (process.platform !== "linux") return `strace is for Linux, this is ${process.platform}`;
  if (hasStrace()) return undefined;
  if (process.getuid?.() !== 0) return "strace is not here, and only root could install it";
  spawnSync("apt-get", ["update"], { stdio: "ignore" });
  spawnSync("apt-get", PACKAGE, { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  return hasStrace() ? undefined : "strace is not here, and apt-get did not bring it";
}

function hasStrace(): boolean {
  return spawnSync("strace", ["--version"], { stdio: "ignore" }).status === 0;
}

/** Arguments that inject a fault at these files, and write every call that was looked at to a log. */
function argumentsFor(fault: Fault, paths: readonly string[], log: string): string[] {
  const filters = paths.flatMap((path) => ["-P", path]);
  const faults = fault.and === undefined ? [fault] : [fault, fault.and];
  const injected = faults.flatMap(({ calls, does, when }) => ["-e", `inject=${calls}:${does}:when=${when}`]);
  return ["-f", "-o", log, "-e", `trace=${faults.map(({ calls }) => calls)}`, ...filters, ...injected];
}

/** The command that a process is started by, to be under a fault from its first call on. */
export function under(fault: Fault, paths: readonly string[], log: string): string[] {
  // Beside the process and not above it (-D), and to be ended by a signal (-I2).
  return ["strace", "-D", "-I2", ...argumentsFor(fault, paths, log)];
}

/** How often a fault happened, by the log of strace. */
export function countFaults(log: string): number {
  if (!existsSync(log)) return 0;
  return readFileSync(log, "utf8").split("\n").filter(isFault).length;
}

function isFault(line: string): boolean {
  return /\((?:INJECTED|DELAYED)\)/.test(line) || line.endsWith("+++ killed by SIGKILL +++");
}

/** A fault that a running process is under, until it is lifted. */
export class Attached {
  readonly #tracer: ChildProcess;
  readonly #log: string;
  readonly #ended: Promise<unknown>;

  private constructor(tracer: ChildProcess, log: string, ended: Promise<unknown>) {
    this.#tracer = tracer;
    this.#log = log;
    this.#ended = ended;
  }

  /** Puts a process and all its threads under a fault. */
  static async to(pid: number, fault: Fault, paths: readonly string[], log: string): Promise<Attached> {
    const args = [...argumentsFor(fault, paths, log), "-p", String(pid)];
    const tracer = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    tracer.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
    tracer.once("error", reject);
    tracer.once("close", () => resolve());
    for (const until = Date.now() + ATTACH_MS; !said.includes(" attached"); await sleep(10)) {
      if (tracer.exitCode !== null || Date.now() > until) {
        tracer.kill("SIGKILL");
        throw new Error(`expected strace to attach to ${pid}, got: ${said}`);
      }
    }
    return new Attached(tracer, log, ended);
  }

  /** How often the fault happened so far. */
  get count(): number {
    return countFaults(this.#log);
  }

  /** Ends the fault; the process goes on. */
  async lift(): Promise<void> {
    this.#tracer.kill("SIGINT");
    await this.#ended;
  }
}

/** Ends the fault that a process was started under; the process goes on. */
export async function lift(pid: number): Promise<void> {
  const tracer = tracerOf(pid);
  if (tracer === 0) return;
  process.kill(tracer, "SIGTERM");
  for (const until = Date.now() + ATTACH_MS; tracerOf(pid) !== 0; await sleep(10)) {
    if (Date.now() > until) throw new Error(`expected strace ${tracer} to let go of ${pid}, got nothing`);
  }
}

function tracerOf(pid: number): number {
  const status = existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, "utf8") : "";
  return Number(/^TracerPid:\s+(\d+)$/m.exec(status)?.[1] ?? 0);
}
