/**
 * The small files in the folder of an embedded chain, each written by nothing else: which process it is, and the time of
 * its first block. What is damaged is put aside and made again, and said.
 * Why: docs/decisions/0104.
 */

import { createReadStream } from "node:fs";
import { readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { readJson } from "../json/read.ts";
import type { Log } from "../log.ts";
import { makeFolder, replaceFile, withWayOut } from "../store/durable-file.ts";
import type { Traces } from "./process.ts";

const PROCESS = "chain.pid";
const FIRST_BLOCK = "first-block.json";
/** Of a block in anvil's state: these are the first of the fields behind its number. */
const FIRST_BLOCK_TIME = /"number":"0x0","gasLimit":"0x[0-9a-f]+","gasUsed":"0x[0-9a-f]+","timestamp":"(0x[0-9a-f]+)"/g;
/** Longer than what that matches. */
const OVERLAP = 300;

export class ChainFolder {
  readonly dir: string;
  readonly #log: Log;

  /** Opens the folder, which is made when it is missing. @throws FileRefusedError, as all methods do */
  static async open(dir: string, log: Log): Promise<ChainFolder> {
    await makeFolder(dir);
    return new ChainFolder(dir, log);
  }

  private constructor(dir: string, log: Log) {
    this.dir = dir;
    this.#log = log;
  }

  /** The process of an earlier run that may still be there. */
  process(): Promise<Traces | undefined> {
    const why = "a chain of an earlier run is not looked for, it ends by itself";
    return this.#read(PROCESS, readTraces, why);
  }

  noteProcess(traces: Traces): Promise<void> {
    return this.#write(PROCESS, JSON.stringify(traces));
  }

  async forgetProcess(): Promise<void> {
    const path = join(this.dir, PROCESS);
    await withWayOut("remove", path, () => rm(path, { force: true }));
  }

  /**
   * Time of the chain's first block, seconds since 1970. Each process makes that block anew before it loads a state, and a
   * state keeps all of those that it has seen, in no order: unless they are the same one, a chain has another first block
   * after some restarts.
   * @param stateFile the state that the chain goes on from, unpacked; a chain that begins without is another one
   */
  async firstTime(stateFile: string | undefined): Promise<number> {
    const noted = await this.#read(FIRST_BLOCK, readTime, "it is taken from the chain's state");
    const seen = stateFile === undefined ? new Set<number>() : await timesInState(stateFile);
    if (noted !== undefined && seen.has(noted)) return noted;
    const [found = Math.floor(Date.now() / 1000)] = seen;
    await this.#write(FIRST_BLOCK, JSON.stringify({ time: found }));
    return found;
  }

  async #write(name: string, text: string): Promise<void> {
    const path = join(this.dir, name);
    await withWayOut("write", path, () => replaceFile(path, text));
  }

  /** What a file says, undefined when there is none; one that says nothing is put aside. */
  async #read<T>(name: string, read: (text: string) => T | undefined, then: string): Promise<T | undefined> {
    let value: T | undefined;
    try {
      value = read(await readFile(join(this.dir, name), "utf8"));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (code === undefined && !(error instanceof SyntaxError)) throw error;
      await this.#setAside(name, `${code ?? "it is no JSON"}; ${then}`);
      return undefined;
    }
    if (value === undefined) await this.#setAside(name, `it says something else; ${then}`);
    return value;
  }

  async #setAside(name: string, why: string): Promise<void> {
    const path = join(this.dir, name);
    const aside = `${path}.damaged`;
    await withWayOut("put aside", path, async () => {
      await rm(aside, { force: true, recursive: true });
      await rename(path, aside);
    });
    this.#log.warn({ file: path, aside }, `expected what the embedded chain wrote in ${name}, got another: ${why}`);
  }
}

function readTraces(text: string): Traces | undefined {
  const { pid, port, startedAt } = (readJson(text) ?? {}) as Partial<Traces>;
  if (!Number.isSafeInteger(pid) || (pid as number) < 1 || !Number.isSafeInteger(port)) return undefined;
  if (startedAt !== undefined && typeof startedAt !== "string") return undefined;
  return { pid: pid as number, port: port as number, startedAt };
}

function readTime(text: string): number | undefined {
  const { time } = (readJson(text) ?? {}) as { readonly time?: unknown };
  return Number.isSafeInteger(time) && (time as number) > 0 ? (time as number) : undefined;
}

/** Times of the first blocks in a state: one, but where an early version has restarted it. */
async function timesInState(file: string): Promise<Set<number>> {
  const times = new Set<number>();
  let rest = "";
  for await (const piece of createReadStream(file, "latin1")) {
    const text = rest + piece;
    for (const [, time] of text.matchAll(FIRST_BLOCK_TIME)) times.add(Number(time));
    rest = text.slice(-OVERLAP);
  }
  return times;
}
