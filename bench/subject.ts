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
/** In a tick of /proc, USER_HZ of Linux is 100 on every platform. */
const TICK_US = 10_000;

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
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  const { url, adminKeyFile } = (await firstLine(child)) as { readonly url: string; readonly adminKeyFile: string };
  return {
    url,
    key: readFileSync(adminKeyFile, "utf8").trim(),
    processorUs: () => processorUs(child),
    stop: async () => {
      child.kill("SIGTERM");
      await once(child, "exit");
      rmSync(folder, { recursive: true });
    },
  };
}

/** A server of server.ts: "echo", or "api" without a chain, an index and marks. */
export async function startPart(kind: "echo" | "api"): Promise<Subject> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "server.ts"), kind], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const { port, key } = (await firstLine(child)) as { readonly port: number; readonly key: string };
  return {
    url: `http://127.0.0.1:${port}`,
    key,
    processorUs: () => processorUs(child),
    stop: async () => {
      child.stdin?.end();
      await once(child, "exit");
    },
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<unknown> {
  if (stdout === null) throw new Error("expected a process whose output is read");
  const lines = createInterface({ input: stdout });
  const { value } = await lines[Symbol.asyncIterator]().next();
  return JSON.parse(value as string);
}

function processorUs({ pid }: ChildProcess): number | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Behind the name of the program, which may have spaces: user and system time are the 12th and 13th, proc(5).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** Waits until the service is quiet, or for a minute: some systems do not tell what it takes. */
export async function waitForQuiet(subject: Subject): Promise<void> {
  const end = performance.now() + WAIT_MAX_MS;
  for (let before = subject.processorUs() ?? 0; performance.now() < end; ) {
    await sleep(QUIET_MS);
    const now = subject.processorUs() ?? 0;
    if (now - before < QUIET * QUIET_MS * 1000) return;
    before = now;
  }
}
