/**
 * Runs commands of the command line in one process for a test file, one after the other: a process of its own for each costs a third
 * of a second of loading. For tests of what a command does; those of how its process starts, reads its input and ends are run by
 * run-cli.ts.
 * Why: docs/decisions/0247.
 */

import { type ChildProcess, fork } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bareEnv } from "../bare-env.ts";
import type { Run } from "./run-cli.ts";

export type { Run } from "./run-cli.ts";

/** What the host is asked to run; its environment is nothing but this. */
export type Asked = {
  readonly id: number;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

const HOST = join(import.meta.dirname, "command-host.ts");

let host: ChildProcess | undefined;
let asked = 0;
let open = 0;

/** Runs `holdfast` with arguments until it is done, behind those that were asked before. */
export async function runCommand(
  args: readonly string[],
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Run> {
  host ??= start();
  const child = host;
  const id = asked++;
  const { promise, resolve, reject } = Promise.withResolvers<Run>();
  const hear = ({ id: of, ...run }: Run & { readonly id: number }): void => {
    if (of === id) resolve(run);
  };
  const lose = (): void => reject(new Error(`expected what comes of ${args[0]}, the process that runs commands ended`));
  child.on("message", hear).once("exit", lose);
  if (open++ === 0) child.channel?.ref();
  child.send({ id, args, env: { ...bareEnv(), ...env } } satisfies Asked);
  try {
    return await promise;
  } finally {
    child.off("message", hear).off("exit", lose);
    if (--open === 0) child.channel?.unref();
  }
}

/** It ends with this process, when its channel does, and holds nothing up meanwhile. */
function start(): ChildProcess {
  const child = fork(HOST, {
    cwd: tmpdir(),
    env: bareEnv(),
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  child.setMaxListeners(0);
  child.once("exit", () => {
    host = undefined;
  });
  child.unref();
  return child;
}
