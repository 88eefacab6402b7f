/**
 * What bench/http.ts puts under load, each in a process of its own: the service as `npm start` runs it, with its index,
 * marks and anchoring on the embedded chain, in this checkout or another; the API alone; and the bare echo of server.ts.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** Under load, until it is stopped. */
export type Subject = {
  readonly url: string;
  readonly key: string;
  /** Microseconds of processor that its process has taken so far; undefined where the system does not tell. */
  processorUs(): number | undefined;
  stop(): Promise<void>;
};

/** A service that takes less of a processor than this has nothing more to do. */
const QUIET = 0.08;
const QUIET_MS = 500;
const WAIT_MAX_MS = 60_000;
/** A subject that was told to end has so long; then it is killed, and that is said. */
const STOP_MAX_MS = 30_000;
/** In a tick of /proc, USER_HZ of Linux is 100 on every platform. */
const TICK_US = 10_000;

/** What runs, and does not outlive this process. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

/** The service, from the checkout in a folder, with more variables. */
export async function startService(root: string, more: Readonly<Record<string, string>> = {}): Promise<Subject> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    HOLDFAST_DATA: join(folder, "data"),
    HOLDFAST_LISTEN: "127.0.0.1:0",
    HOLDFAST_LOG: "error",
    ...more,
  };
  // The arguments of the script "start" in package.json, without the shell.
  const flags = ["--disable-sigusr1", "--max-semi-space-size=16", "--heap-growing-percent=30"];
  const args = [...flags, "src/cli/main.ts", "serve", "--json"];
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeFolder);
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  const { url, adminKeyFile } = await readPlace<{ readonly url: string; readonly adminKeyFile: string }>(
    child,
    "adminKeyFile",
  );
  return {
    url,
    key: readFileSync(adminKeyFile, "utf8").trim(),
    processorUs: () => processorUs(child.pid),
    stop: async () => {
      child.kill("SIGTERM");
      await ended(child);
      process.off("exit", removeFolder);
      removeFolder();
    },
  };
}

/** A server of server.ts: "echo", or "api" without a chain, an index and marks. */
export async function startPart(kind: "echo" | "api"): Promise<Subject> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "server.ts"), kind], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.add(child);
  const { port, key } = await readPlace<{ readonly port: number; readonly key: string }>(child, "port");
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    processorUs: () => processorUs(child.pid),
    stop: async () => {
      child.stdin?.end();
      await ended(child);
    },
  };
}

/** The line that says where a process listens; what it logs before is passed over, such as that a part is turned off. */
async function readPlace<T extends object>({ stdout }: ChildProcess, member: keyof T & string): Promise<T> {
  if (stdout === null) throw new Error("expected a process whose output is read");
  // What comes later is read as well and let go: a pipe that is full holds the process up.
  const lines = createInterface({ input: stdout });
  return new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const told = JSON.parse(line) as T;
      if (Object.hasOwn(told, member)) resolve(told);
    });
    lines.once("close", () =>
      reject(new Error("expected a line that says where the process listens; it ended without one")),
    );
  });
}

/** Waits for the end of a process, which may have come already; one that does not end in time is killed, or a bench would wait for ever. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const kill = setTimeout(() => {
      process.stderr.write(`process ${child.pid} did not end in ${STOP_MAX_MS / 1000} s, and is killed\n`);
      child.kill("SIGKILL");
    }, STOP_MAX_MS);
    await once(child, "exit");
    clearTimeout(kill);
  }
  running.delete(child);
}

/** Microseconds of processor that a process has taken so far; undefined where that is not told. */
export function processorUs(pid: number | undefined): number | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Behind the name of the program, which may have spaces: user and system time are the 12th and 13th, proc(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/**
 * Waits until the service is quiet, but not for ever: some systems do not tell what it takes.
 *
 * @returns whether it is
 */
export async function waitForQuiet(subject: Subject, maxMs = WAIT_MAX_MS): Promise<boolean> {
  const end = performance.now() + maxMs;
  for (let before = subject.processorUs() ?? 0; performance.now() < end; ) {
    await sleep(QUIET_MS);
    const now = subject.processorUs() ?? 0;
    if (now - before < QUIET * QUIET_MS * 1000) return true;
    before = now;
  }
  return false;
}

/** Anonymous memory of a process in MB (2^20 bytes), as Linux tells it. */
export function anonymousMb(pid: number | string): number {
  return Math.round(Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024);
}
