/**
 * Lets what this process does to files stop for good at the n-th step, or fail there: after the first, the disk is as a process
 * that was killed leaves it; the other is a disk that takes no more.
 */

import promises, { type FileHandle, open, rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";

const STEPS = ["mkdir", "open", "link", "rm"] as const;
const HANDLE_STEPS = ["write", "sync"] as const;

type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

export type Stopping = {
  /** Names of the steps so far. */
  readonly steps: readonly string[];
  /** Resolves when the step is reached. */
  readonly reached: Promise<void>;
  readonly end: () => Promise<void>;
};

/** @param how an error of the system that the step fails with, else it never ends */
export async function stopAt(folder: string, step: number, how?: "ENOSPC" | "EIO"): Promise<Stopping> {
  const { promise: reached, resolve } = withResolvers();
  const steps: string[] = [];
  const undo: (() => void)[] = [];
  const opened: FileHandle[] = [];
  const patch = (methods: Methods, name: string) => {
    const original = methods[name] as Methods[string];
    methods[name] = function (this: unknown, ...args: unknown[]) {
      const isOurs =
        this instanceof Object && "fd" in this
          ? true
          : String(args[0]).startsWith(folder) || String(args[1]).startsWith(folder);
      if (isOurs) steps.push(name);
      if (!isOurs || steps.length !== step) {
        const done = original.apply(this, args);
        if (name === "open") void done.then((handle) => opened.push(handle as FileHandle)).catch(() => undefined);
        return done;
      }
      resolve();
      if (how === undefined) return new Promise(() => undefined);
      return Promise.reject(Object.assign(new Error(how), { code: how, syscall: name }));
    };
    undo.push(() => {
      methods[name] = original;
    });
  };
  const prototype = await handlePrototype(folder);
  for (const name of STEPS) patch(promises as unknown as Methods, name);
  for (const name of HANDLE_STEPS) patch(prototype, name);
  syncBuiltinESMExports();
  const end = async () => {
    for (const each of undo) each();
    syncBuiltinESMExports();
    // What stopped leaves its files open.
    await Promise.all(opened.map((handle) => handle.close().catch(() => undefined)));
  };
  return { steps, reached, end };
}

async function handlePrototype(folder: string): Promise<Methods> {
  const probe = join(folder, "..", `probe-${process.pid}`);
  const handle: FileHandle = await open(probe, "w");
  await handle.close();
  await rm(probe);
  return Object.getPrototypeOf(handle) as Methods;
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
