/**
 * The real service as a process of its own, on a free port and a data folder under the system's temporary one. Whatever
 * a test does to it, nothing of it is left afterwards: no process, no chain, no folder.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bareEnv } from "../bare-env.ts";

export const ROOT = join(import.meta.dirname, "..", "..");
const START_MS = 60_000;

/** What `serve --json` prints once it is up. */
export type Facts = {
  readonly url: string;
  readonly urls: readonly string[];
  readonly data: string;
  readonly adminKeyFile: string;
  readonly isFirstStart: boolean;
  readonly signer: string;
  readonly chains: readonly [ChainFacts, ...ChainFacts[]];
};
type ChainFacts = {
  readonly name: string;
  readonly chainId: number;
  readonly endpoint: string;
  readonly contract: string;
};

export type Exit = { readonly status: number | null; readonly signal: string | null };
export type Ended = Exit & { readonly stdout: string; readonly stderr: string };

export type StartOptions = {
  /** Name of the data folder; "data" when left out. */
  readonly data?: string;
  /** Settings that go into the configuration file. */
  readonly config?: object;
  /** More variables; one that is empty is left out. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments after `serve`. */
  readonly args?: readonly string[];
  /** A command that runs the service's, such as a tracer; the process has to be the service's own in the end. */
  readonly under?: readonly string[];
  /** Another checkout to run than this one. */
  readonly root?: string;
  /** What runs the commands of an installed package, in place of a checkout's. */
  readonly program?: readonly string[];
};

/** Folders and processes of one test. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), "holdfast-system-"));
  readonly #children: ChildProcess[] = [];
  #configs = 0;

  /** @param test a test's context, or `after` of the whole file */
  constructor(test: { readonly after: (end: () => Promise<void>) => void }) {
    test.after(() => this.#end());
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Starts a service and waits until it is up. */
  async start(options: StartOptions = {}): Promise<ServiceProcess> {
    const found = await this.startOrEnd(options);
    if (found instanceof ServiceProcess) return found;
    throw new Error(`expected a service, it ended with ${found.status}: ${found.stdout}${found.stderr}`);
  }

  /** Starts a service and waits until it is up, or has ended instead. */
  async startOrEnd(options: StartOptions = {}): Promise<ServiceProcess | Ended> {
    const started = this.#spawn(options);
    let isEnded = false;
    started.ended.finally(() => {
      isEnded = true;
    });
    const look = () => findFacts(started.output.stdout, started.data) ?? (isEnded && "ended");
    const facts = await waitFor("the service to be up", look, START_MS);
    return facts === "ended" ? started.ended : new ServiceProcess(facts, started);
  }

  /** Runs a service that is expected not to start, until it ends. */
  async refused(options: StartOptions = {}): Promise<Ended> {
    const { ended, child } = this.#spawn(options);
    const late = sleep(START_MS, undefined, { ref: false }).then(() => child.kill("SIGKILL"));
    return Promise.race([ended, late.then(() => ended)]);
  }

  #spawn(options: StartOptions): Started {
    const { data = "data", config, env = {}, args = ["--json"], under = [], root = ROOT } = options;
    const { program = [process.execPath, join(root, "src", "cli", "main.ts")] } = options;
    const folder = this.path(data);
    const settings: Record<string, string> = { HOLDFAST_DATA: folder, HOLDFAST_LISTEN: "127.0.0.1:0" };
    if (config !== undefined) {
      settings.HOLDFAST_CONFIG = this.path(`config-${this.#configs++}.json`);
      writeFileSync(settings.HOLDFAST_CONFIG, JSON.stringify(config));
    }
    const command = [...under, ...program, "serve", ...args];
    const child = spawn(command[0] as string, command.slice(1), {
      cwd: root,
      env: Object.fromEntries(
        Object.entries({ ...bareEnv(), ...settings, ...env }).filter(([, value]) => value !== ""),
      ),
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.push(child);
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (text: string) => {
        output[name] += text;
      });
    }
    const { promise: ended, resolve, reject } = Promise.withResolvers<Ended>();
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status, signal, ...output }));
    return { child, data: folder, output, ended };
  }

  async #end(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const pid of processesIn(this.folder)) kill(pid);
    await waitFor("every process to end", () => processesIn(this.folder).length === 0);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

type Started = {
  readonly child: ChildProcess;
  readonly data: string;
  readonly output: { readonly stdout: string; readonly stderr: string };
  readonly ended: Promise<Ended>;
};

/** A service that is up. */
export class ServiceProcess {
  readonly facts: Facts;
  readonly url: string;
  /** JSON-RPC endpoint of its first chain. */
  readonly node: string;
  readonly data: string;
  readonly #started: Started;

  constructor(facts: Facts, started: Started) {
    this.facts = facts;
    this.url = facts.url;
    this.node = facts.chains[0].endpoint;
    this.data = started.data;
    this.#started = started;
  }

  get pid(): number {
    return this.#started.child.pid as number;
  }

  /** Key of the administrator. */
  get key(): string {
    return readFileSync(this.facts.adminKeyFile, "utf8").trim();
  }

  /** Process of the embedded chain. */
  get chainPid(): number {
    return (JSON.parse(readFileSync(join(this.data, "chain", "chain.pid"), "utf8")) as { pid: number }).pid;
  }

  get output(): string {
    return this.#started.output.stdout + this.#started.output.stderr;
  }

  /** Resolves when the process has ended, whoever ended it. */
  get ended(): Promise<Ended> {
    return this.#started.ended;
  }

  get isRunning(): boolean {
    return this.#started.child.exitCode === null && this.#started.child.signalCode === null;
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<Ended> {
    this.#started.child.kill(signal);
    return this.#started.ended;
  }

  /** Asks as the administrator; text and bytes are sent as they are, and an empty header is left out. */
  async ask(request: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const [method = "GET", path = "/"] = request.split(" ");
    const type: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    const all = Object.entries({ Authorization: `Bearer ${this.key}`, ...type, ...headers });
    const response = await fetch(this.url + path, {
      method,
      headers: Object.fromEntries(all.filter(([, value]) => value !== "")),
      ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  }

  /** The JSON of an answer that is expected to have this status. */
  async json<T>(
    status: number,
    request: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<T> {
    const answer = await this.ask(request, body, headers);
    if (answer.status !== status)
      throw new Error(`${request}: expected ${status}, got ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text) as T;
  }
}

export type Answer = { readonly status: number; readonly text: string; readonly headers: Headers };

/** Looks again and again, until there is something other than undefined and false. */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 45_000,
): Promise<T> {
  for (const until = Date.now() + timeoutMs; ; await sleep(50)) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`expected ${what} within ${timeoutMs} ms`);
  }
}

/** An event that passes. */
export function event(id: string, more: object = {}): object {
  return {
    id,
    action: "document.read",
    time: "2026-11-20T09:30:00Z",
    actor: { type: "user", id: "ada" },
    ...more,
  };
}

/** Commands of a page, with a service that runs in the place of the usual one; in one pass, for a port may begin like 4601. */
export function atService(text: string, { url, node }: Pick<ServiceProcess, "url" | "node">): string {
  const places: Readonly<Record<string, string>> = { 4600: url, 4601: node };
  return text.replaceAll(/http:\/\/127\.0\.0\.1:(460[01])\b/g, (_, port) => places[port] ?? "");
}

/** Asks a node. */
export async function rpc<T>(url: string, method: string, params: readonly unknown[] = []): Promise<T> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(url, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error !== undefined) throw new Error(`${method}: ${error.message}`);
  return result as T;
}

/**
 * Processes that were started, themselves or by their ancestors, with a data folder inside this one: the environment
 * is inherited. Where the system does not show environments, there are none.
 */
export function processesIn(folder: string): number[] {
  return globSync("/proc/[0-9]*/environ").flatMap((file) => {
    const environment = readIfThere(file);
    const isOurs = environment?.split("\0").some((line) => line.startsWith(`HOLDFAST_DATA=${folder}/`)) ?? false;
    return isOurs ? [Number(file.split("/")[2])] : [];
  });
}

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readIfThere(`/proc/${pid}/status`) ?? "State: Z");
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    // It ended meanwhile, or is somebody else's.
    if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The facts as --json prints them, or what a person reads of them. */
function findFacts(stdout: string, data: string): Facts | undefined {
  const line = stdout.split("\n").find((each) => each.startsWith('{"url"'));
  if (line !== undefined) return JSON.parse(line) as Facts;
  const [, url] = /listens on (\S+)/.exec(stdout) ?? [];
  const [, name = "", chainId, endpoint = ""] = /Chain +(\S+), id (\d+), at (\S+)/.exec(stdout) ?? [];
  const [, contract = ""] = /Contract +(\S+)/.exec(stdout) ?? [];
  const [, signer = ""] = /Signer +(\S+)/.exec(stdout) ?? [];
  if (url === undefined || !stdout.includes("Ctrl-C stops.")) return undefined;
  const chain = { name, chainId: Number(chainId), endpoint, contract };
  const adminKeyFile = join(data, "admin.key");
  return {
    url,
    urls: [url],
    data,
    adminKeyFile,
    isFirstStart: stdout.includes("made just now"),
    signer,
    chains: [chain],
  };
}
