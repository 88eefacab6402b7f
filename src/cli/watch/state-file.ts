/**
 * What a watcher keeps on disk: its state, replaced as a whole, and evidence beside it. A file that cannot be read is never
 * taken for one that is not there, and one that somebody else wrote is not written over.
 */

import { createHash } from "node:crypto";
import { lstatSync, realpathSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { replaceFile, withWayOut } from "../../store/durable-file.ts";
import { readKeptFile } from "../../store/text-file.ts";
import type { Conflict } from "../../watch/checks.ts";
import { mergeStates } from "../../watch/memory/open-checkpoints.ts";
import type { WatchState } from "../../watch/memory/state.ts";
import { BYTES_MAX, readWatchState, writeWatchState } from "../../watch/memory/state-text.ts";
import { EVIDENCE_FORMAT, type Evidence, plainStatement } from "../../watch/statement.ts";
import { usageError } from "../terminal/failure.ts";

/** A lock that did not change for so long was left behind; writing takes far less. */
const LOCK_STALE_MS = 10_000;
const LOCK_POLL_MS = 50;
const LOCK_WAIT_MS = 30_000;

/** What a save came to: the state to go on with, and what a person shall know. */
export type Saved = { readonly state: WatchState; readonly trouble?: string };

export class StateFile {
  readonly path: string;
  readonly #lockStaleMs: number;
  /** What the file held when this watcher last read or wrote it; undefined when there was none. */
  #known: string | undefined;
  /** What a write was to make of it, which failed and may have happened. */
  #tried: string | undefined;

  constructor(path: string, lockStaleMs = LOCK_STALE_MS) {
    this.#lockStaleMs = lockStaleMs;
    // Replacing a link would leave what it leads to as it was.
    this.path = exists(path) ? resolve(path) : path;
  }

  /**
   * Reads the state.
   * @returns undefined when there is none yet
   * @throws CliError when it cannot be read or is not as it was written: it is not overwritten then
   */
  load(): WatchState | undefined {
    if (!exists(this.path)) return undefined;
    try {
      const text = readKeptFile(this.path, BYTES_MAX);
      const state = readWatchState(text);
      this.#known = text;
      return state;
    } catch (cause) {
      throw unusable(this.path, cause);
    }
  }

  /**
   * Replaces the state. What another watcher wrote meanwhile is put together with it, so that neither forgets.
   * @throws Error when it cannot be written, or what is there cannot be read
   */
  async save(state: WatchState): Promise<Saved> {
    return this.#locked(async () => {
      const there = await readIfThere(this.path);
      const isOther = there !== undefined && there !== this.#known && there !== this.#tried;
      const merged = isOther ? mergeWith(this.path, there, state) : state;
      const text = writeWatchState(merged);
      this.#tried = text;
      await withWayOut("write the watcher's state", this.path, () => replaceFile(this.path, text));
      const isGone = there === undefined && this.#known !== undefined;
      this.#known = text;
      if (isOther) {
        const trouble = `another watcher uses ${this.path}: what both heard was put together; give each a --state of its own`;
        return { state: merged, trouble };
      }
      return isGone ? { state, trouble: `${this.path} was taken away, and is written anew` } : { state };
    });
  }

  /** One process at a time reads and replaces the file. */
  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.path}.lock`;
    await withWayOut("lock", lock, () => takeLock(lock, this.#lockStaleMs));
    try {
      return await work();
    } finally {
      await rm(lock, { force: true });
    }
  }
}

/**
 * Writes the contradictions that are not beside the state yet, ready for `holdfast fork-proof`.
 * @returns the new files
 */
export async function saveEvidence(stateFile: string, forks: readonly Conflict[]): Promise<string[]> {
  const written: string[] = [];
  for (const fork of forks) {
    const { file, text } = evidenceOf(stateFile, fork);
    if ((await readIfThere(file)) === text) continue;
    await withWayOut("write evidence to", file, () => replaceFile(file, text));
    written.push(file);
  }
  return written;
}

function evidenceOf(stateFile: string, { finding, detail, a, b, nodes }: Conflict) {
  const one = plainStatement(a);
  const other = plainStatement(b);
  const what = JSON.stringify([a.size, a.root, b.size, b.root]);
  const id = createHash("sha256").update(what).digest("hex").slice(0, 12);
  const evidence: Evidence = {
    format: EVIDENCE_FORMAT,
    ledgerId: a.ledgerId,
    finding,
    detail,
    a: one,
    b: other,
    ...(nodes.length > 0 && { nodes }),
  };
  return { file: `${stateFile}.evidence-${id}.json`, text: `${JSON.stringify(evidence, null, 2)}\n` };
}

function mergeWith(path: string, there: string, state: WatchState): WatchState {
  let theirs: WatchState;
  try {
    theirs = readWatchState(there);
  } catch (cause) {
    throw new Error(`somebody else changed ${path}, and ${(cause as Error).message}; it is left as it is`, { cause });
  }
  const isSame =
    theirs.chainId === state.chainId &&
    theirs.contract.toLowerCase() === state.contract.toLowerCase() &&
    (theirs.ledgerId ?? state.ledgerId) === (state.ledgerId ?? theirs.ledgerId);
  if (!isSame) throw new Error(`somebody else changed ${path}, to the state of another ledger; it is left as it is`);
  return mergeStates(state, theirs);
}

async function takeLock(lock: string, staleMs: number): Promise<void> {
  let before: number | undefined;
  let since = performance.now();
  const until = since + LOCK_WAIT_MS;
  while (performance.now() < until) {
    try {
      await (await open(lock, "wx", 0o600)).close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const now = await stat(lock).then(
      ({ ino, mtimeMs }) => ino + mtimeMs,
      () => undefined,
    );
    if (now !== before) since = performance.now();
    before = now;
    if (now !== undefined && performance.now() - since > staleMs) await rm(lock, { force: true });
    await sleep(LOCK_POLL_MS);
  }
  throw new Error(`expected ${lock} to be free, another watcher held it for ${LOCK_WAIT_MS} ms`);
}

/** Whether there is something of the name, also a link that leads nowhere. @throws CliError when that cannot be told */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    throw unusable(path, cause);
  }
}

function resolve(path: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return readKeptFile(path, BYTES_MAX);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function unusable(path: string, cause: unknown): Error {
  const way = "bring back a copy of it, or move it away to begin anew";
  return usageError(`The state in ${path} cannot be used: ${(cause as Error).message}; ${way}.`);
}
