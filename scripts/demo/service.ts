/**
 * The service that a demo talks to: one of its own, which goes on running afterwards so that it can be looked at, or one
 * that runs already.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { readJson } from "../../src/json/read.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** Something in the demo is not as it should be. */
export class DemoError extends Error {
  override readonly name = "DemoError";
}

export type Service = {
  readonly url: string;
  readonly key: string;
  /** JSON-RPC endpoint of the chain that it anchors to. */
  readonly node: string;
  /** Folder for the demo's own files. */
  readonly folder: string;
  /** Milliseconds from the start of the process until it was up; undefined when it ran already. */
  readonly startMs?: number;
  /** Of a service of the demo's own: what is left of it, and how it ends. */
  readonly own?: OwnService;
  /** Ends a service of the demo's own, and removes the demo's folder with all that is in it. */
  readonly discard: () => Promise<void>;
};

export type OwnService = {
  readonly adminKeyFile: string;
  /** Its exit status, when it has ended. */
  readonly ended: Promise<number | null>;
  /** Ends it; its data stay. */
  readonly stop: () => Promise<void>;
};

type Facts = {
  readonly url: string;
  readonly adminKeyFile: string;
  readonly chains: readonly { readonly endpoint: string }[];
};

/** Starts a service as `npm start` does, on a free port, with an embedded chain and nothing configured. */
export async function startOwn(): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-demo-"));
  const began = performance.now();
  const child = spawn(process.execPath, [join(ROOT, "src", "cli", "main.ts"), "serve", "--json"], {
    env: {
      ...process.env,
      HOLDFAST_DATA: join(folder, "data"),
      HOLDFAST_LISTEN: "127.0.0.1:0",
      HOLDFAST_LOG: "warn",
      // It stops when the demo is gone, however that ended.
      HOLDFAST_LAUNCHER: String(process.pid),
    },
    stdio: ["ignore", "pipe", "inherit"],
    // A terminal sends Ctrl-C to a whole group, and a second signal would end the service in the middle of closing.
    detached: true,
  });
  process.once("exit", () => child.kill("SIGTERM"));
  const ended = once(child, "close").then(([status]) => status as number | null);
  const stop = async () => {
    child.kill("SIGTERM");
    const status = await ended;
    if (status !== 0) throw new DemoError(`expected the service to end with status 0, got ${status}`);
  };
  const discard = () => stop().finally(() => rm(folder, { recursive: true, force: true }));
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) {
    if (!line.startsWith('{"url"')) {
      process.stderr.write(`${line}\n`);
      continue;
    }
    const { url, adminKeyFile, chains } = readJson(line) as Facts;
    // What it logs from now on is shown, and its pipe never fills.
    child.stdout.resume().on("data", (chunk) => process.stderr.write(chunk));
    const key = readFileSync(adminKeyFile, "utf8").trim();
    const startMs = performance.now() - began;
    const own = { adminKeyFile, ended, stop };
    return { url, key, node: chains[0]?.endpoint ?? "", folder, startMs, own, discard };
  }
  await rm(folder, { recursive: true, force: true });
  throw new DemoError("expected the service to start, it ended");
}

/** A service that runs already. */
export async function useRunning(url: string, keyFile: string, node: string): Promise<Service> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-demo-"));
  const discard = () => rm(folder, { recursive: true, force: true });
  return { url: url.replace(/\/+$/, ""), key: readFileSync(keyFile, "utf8").trim(), node, folder, discard };
}

/** The JSON of an answer of 2xx. @throws DemoError for any other */
export async function ask<T>(service: Service, path: string, init: RequestInit = {}): Promise<T> {
  const headers = { Authorization: `Bearer ${service.key}`, ...init.headers };
  const response = await fetch(service.url + path, { ...init, headers });
  const text = await response.text();
  if (!response.ok) throw new DemoError(`${path}: expected 2xx, got ${response.status}: ${text.slice(0, 500)}`);
  return readJson(text) as T;
}
