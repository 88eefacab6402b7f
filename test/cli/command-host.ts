/**
 * A process that runs commands of the command line one after the other, for test/cli/run-command.ts: each with an environment of
 * its own, and what it writes caught. It is told what to run over the channel that Node gives to a fork.
 */

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import type { Asked, Run } from "./run-command.ts";

const caught: Record<number, Buffer[]> = { 1: [], 2: [] };

function take(fd: number, data: string | Uint8Array, from = 0): number {
  const bytes = Buffer.from(data as string).subarray(from);
  caught[fd]?.push(bytes);
  return bytes.length;
}

// The command line writes to the numbers 1 and 2, and commander to the streams.
const write = fs.writeSync as (...args: unknown[]) => number;
fs.writeSync = ((fd: number, ...rest: unknown[]) =>
  Object.hasOwn(caught, fd)
    ? take(fd, ...(rest as [string | Uint8Array, number | undefined]))
    : write(fd, ...rest)) as typeof fs.writeSync;
syncBuiltinESMExports();
for (const [fd, stream] of [[1, process.stdout] as const, [2, process.stderr] as const]) {
  stream.write = ((data: string | Uint8Array) => take(fd, data) >= 0) as typeof stream.write;
}

const { run } = await import("../../src/cli/main.ts");
const umask = process.umask();

async function obey({ args, env }: Asked): Promise<Run> {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(env, name)) delete process.env[name];
  Object.assign(process.env, env);
  process.umask(umask);
  const status = await run(args);
  const [stdout = "", stderr = ""] = [1, 2].map((fd) => Buffer.concat(caught[fd]?.splice(0) ?? []).toString());
  return { status, stdout, stderr };
}

let last: Promise<unknown> = Promise.resolve();
process.on("message", (asked: Asked) => {
  last = last.then(async () => process.send?.({ id: asked.id, ...(await obey(asked)) }));
});
process.on("disconnect", () => process.exit());
