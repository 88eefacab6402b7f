/** Programs that senders run in: started, given lines, their output kept for whoever asks why, and ended. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SENDERS } from "../../../../src/senders/known-senders.ts";
import { fillIn, fillingOf } from "../../../../src/senders/sender.ts";
import type { Speaking } from "./outage.ts";
import type { Place } from "./trouble.ts";

/** What is downloaded for senders, kept from one run to the next. */
export const KEPT = join(tmpdir(), "holdfast-senders");

/** Whether a command runs here; why not, as a text. */
export function missing(...[program, ...args]: readonly [string, ...string[]]): string | undefined {
  return spawnSync(program, args).status === 0 ? undefined : `${program} does not run here`;
}

/** What a sender is told to paste, as the pages and docs/sources have it, for the service of a place. */
export function pasted(id: string, place: Place, snippet = 0): string {
  const text = SENDERS.find((sender) => sender.id === id)?.snippets[snippet]?.text;
  if (text === undefined) throw new Error(`expected a sender ${id}, got none`);
  return fillIn(text, fillingOf(place.service.url, { key: place.key, ledger: "main", source: "senders" }));
}

/** Runs a command once, for what a sender needs; why it failed, as a text. */
export function prepared(folder: string, [program, ...args]: readonly [string, ...string[]]): string | undefined {
  mkdirSync(folder, { recursive: true });
  const { status, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: "utf8", timeout: 300_000 });
  return status === 0 ? undefined : `${program} ${args[0]}: ${error?.message ?? stderr.slice(-300)}`;
}

/** A program that runs. */
export class Program {
  readonly child: ChildProcess;
  /** The end of what it wrote. */
  output = "";

  constructor([program, ...args]: readonly [string, ...string[]], env: NodeJS.ProcessEnv = {}, cwd = KEPT) {
    mkdirSync(cwd, { recursive: true });
    this.child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    this.child.on("error", (error) => {
      this.output += error.message;
    });
    this.child.stdin?.on("error", () => undefined);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output = (this.output + text).slice(-4000);
      });
    }
  }

  /** Says each line as a line of its input. */
  speaking(spell: (line: string) => string = (line) => line): Speaking {
    return {
      say: (line) => {
        this.child.stdin?.write(`${spell(line)}\n`);
      },
      stop: () => this.stop(),
    };
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || !this.child.kill("SIGKILL")) return;
    await once(this.child, "close");
  }
}
