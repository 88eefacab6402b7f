/** Runs the real command line as a process of its own, with nothing of this process's settings. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { bareEnv } from "../bare-env.ts";

const LAUNCHER = join(import.meta.dirname, "..", "..", "scripts", "holdfast.mjs");

export type Run = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Another path of the launcher. */
  readonly launcher?: string;
};

/** Runs `holdfast` with arguments until it ends. */
export function runCli(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { input = "", env = {}, cwd = tmpdir(), launcher = LAUNCHER } = options;
  const child = spawn(process.execPath, [launcher, ...args], { cwd, env: { ...bareEnv(), ...env } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.stdin.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error; // a command that wants no input closes it
  });
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) =>
      resolve({ status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }),
    );
  });
}

/** A folder for one test. */
export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-cli-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
