/**
 * Looks at the checksums in a store's sorted files before anybody relies on them, and again every day: LevelDB does not when it
 * reads, so that a damaged key looks like something that was never recorded, and a block of zeros ends the process.
 * Why: docs/decisions/0086.
 */

import { setTimeout as delay } from "node:timers/promises";
import { filesIn, readFolder, readManifest, WAY_OUT } from "./leveldb/folder.ts";
import { type FileDamage, inspectNewest, inspectTables } from "./leveldb/inspect.ts";
import { describeRange, isDerived, rebuildStore, takePlace } from "./rebuild.ts";
import { REBUILT, removeRebuilt } from "./rebuilt-folder.ts";
import { DamagedStoreError } from "./store.ts";

/** Files beyond this are looked at while the service runs. 2.3 s of processor. */
const START_BYTES = 1024 ** 3;
/** A store up to this is made anew at a start when nothing but derived data is damaged. */
const REBUILD_BYTES = 1024 ** 3;
const DAY_MS = 86_400_000;
/** A round that could not read something is done again after this, and told when that went on for some rounds. */
const RETRY_MS = 10_000;
const FAILURES_TOLD = 3;
/** Between two files of 2 MiB, so that others have the disk and the thread. */
const PAUSE_MS = 50;

/**
 * Looks at the newest files of a folder that nobody has open.
 * @returns what was mended, in words; undefined when all is well
 * @throws DamagedStoreError when something that was recorded is damaged
 */
export async function requireWholeTables(directory: string, bytesMax = START_BYTES): Promise<string | undefined> {
  if (!(await filesIn(directory)).includes("CURRENT")) return undefined;
  const manifest = await readManifest(directory);
  const found = await inspectNewest(directory, manifest, bytesMax);
  const [first] = found;
  if (first === undefined) return undefined;
  const size = [...manifest.tables.values()].reduce((sum, bytes) => sum + bytes, 0);
  const held = describeHeld(first);
  const refused = () => new DamagedStoreError(`${first.detail}; it held ${held}; ${WAY_OUT}`);
  if (size > REBUILD_BYTES || !found.every(({ ranges }) => ranges.every(isDerived))) throw refused();
  // A file that is missing and a log that is damaged would be passed over without a word.
  await readFolder(directory);
  const rebuilt = directory + REBUILT;
  let kept: string;
  try {
    const { losses, damaged } = await rebuildStore(directory, rebuilt);
    const isOnlyDerived = losses.every(({ path, ranges }) => path.endsWith(".log") || ranges.every(isDerived));
    if (damaged > 0 || !isOnlyDerived) throw refused();
    kept = await takePlace(rebuilt, directory, `damaged-${Date.now()}`);
  } finally {
    await removeRebuilt(rebuilt);
  }
  return `${first.detail}; it held ${held}, which follow from the entries, so the store was made anew without it; the damaged one is kept as ${kept}`;
}

export type PatrolOptions = {
  /** Folder of a store that is open. */
  readonly directory: string;
  /** Told after each round what is damaged, if anything. */
  readonly onRound: (found: readonly FileDamage[]) => void;
  readonly intervalMs?: number;
};

/** Looks at every file of an open store, now and every day. */
export class Patrol {
  readonly #options: PatrolOptions;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: PatrolOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { onRound, intervalMs = DAY_MS } = this.#options;
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const { found, failure } = await this.#round();
      // What cannot be read for a moment, as while the store is opened anew, is not damaged.
      failures = failure === undefined ? 0 : failures + 1;
      if (failure !== undefined && failures >= FAILURES_TOLD) found.push(failure);
      if (found.length > 0 || failure === undefined) onRound(found);
      await this.#pause(failure === undefined ? intervalMs : Math.min(intervalMs, RETRY_MS));
    }
  }

  async #round(): Promise<{ readonly found: FileDamage[]; readonly failure?: FileDamage }> {
    const { directory } = this.#options;
    const found: FileDamage[] = [];
    try {
      for (const number of (await readManifest(directory)).tables.keys()) {
        if (this.#stopping.signal.aborted) break;
        found.push(...(await inspectTables(directory, [number])));
        await this.#pause(PAUSE_MS);
      }
    } catch (error) {
      const failure = { path: directory, detail: (error as Error).message, ranges: [] };
      if (!(error instanceof DamagedStoreError)) return { found, failure };
      found.push(failure);
    }
    return { found };
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#stopping.signal, ref: false }).catch(() => undefined);
  }
}

function describeHeld({ ranges }: FileDamage): string {
  const [range] = ranges;
  return range === undefined ? "nothing" : describeRange(range, (number) => `ledger number ${number}`);
}
