/** The other end of host.ts: a process that audits and serves, and may die of what it is given to look at. */

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bareEnv } from "../../../bare-env.ts";
import type { Answer } from "../../service-process.ts";

export type Reply = {
  /** What was logged and printed meanwhile. */
  readonly said: string;
  readonly status?: number;
  readonly url?: string;
  readonly refused?: { readonly message: string; readonly code: string };
  /** The process ended instead of answering. */
  readonly died?: string;
};

const REPLY_MS = 60_000;
const ASK_MS = 40_000;
const DYING_MS = 2000;

export class Hosted {
  readonly #child: ChildProcess;
  #text = "";
  #waiting: (() => void) | undefined;
  #died: string | undefined;

  constructor(root: string, config: string) {
    const command = [join(import.meta.dirname, "host.ts"), root, config];
    const child = spawn(process.execPath, command, { env: bareEnv(), stdio: ["pipe", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#text += text;
        this.#waiting?.();
      });
    }
    child.stdin.on("error", () => undefined); // it died, which `close` tells
    child.once("close", (status, signal) => {
      this.#died = signal ?? `status ${status}`;
      this.#waiting?.();
    });
  }

  get isAlive(): boolean {
    return this.#died === undefined;
  }

  /** Whether it is dying, of which connections tell before the system does. */
  async hasDied(): Promise<boolean> {
    for (const until = Date.now() + DYING_MS; this.isAlive && Date.now() < until; ) await sleep(10);
    return !this.isAlive;
  }

  async ask(what: "audit" | "start" | "stop", data: string): Promise<Reply> {
    this.#text = "";
    this.#child.stdin?.write(`${JSON.stringify({ do: what, data })}\n`);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), REPLY_MS);
    try {
      for (;;) {
        const end = /^@(.*)\n/m.exec(this.#text);
        const said = end === null ? this.#text : this.#text.slice(0, end.index);
        if (end !== null) return { ...JSON.parse(end[1] as string), said };
        if (this.#died !== undefined) return { said, died: this.#died };
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#waiting = resolve;
        await promise;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Everything that was said since the last command. */
  get said(): string {
    return this.#text;
  }

  async end(): Promise<void> {
    if (!this.isAlive) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#child.once("close", () => resolve());
    this.#child.kill("SIGKILL");
    await promise;
  }
}

/** Asks a service with an API key. */
export async function ask(url: string, key: string, request: string, body?: object): Promise<Answer> {
  const [method = "GET", path = "/"] = request.split(" ");
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const signal = AbortSignal.timeout(ASK_MS);
  const response = await fetch(url + path, {
    method,
    headers,
    signal,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}
