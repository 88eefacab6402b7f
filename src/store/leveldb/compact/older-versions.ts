/**
 * Sorted files in which a value still stands behind the write that wrote over it or removed it. LevelDB keeps both where it merges
 * them while somebody reads who began before, and has no reason to look at such a file again before it writes others over it.
 * Why: docs/decisions/0263.
 */

import { readFile } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DamagedStoreError } from "../../store.ts";
import { tablePath } from "../folder.ts";
import type { ManifestState, TableSpan } from "../manifest.ts";
import { BlockReader, isSameKey } from "../tables/block-reader.ts";
import { contentsOf, readIndex } from "../tables/table.ts";

/** So much of a file is looked at before others have their turn: about a millisecond, or three where it is compressed. */
const BYTES_AT_ONCE = 256 * 1024;

export class OlderVersions {
  readonly #directory: string;
  /** By the number of a file the first write that wrote over something in it; no file is written a second time under its number. */
  readonly #firstOver = new Map<number, number>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * What the files span that have something which a write up to `upTo` wrote over or removed; undefined where a file went meanwhile,
   * so that there is another manifest by now. Each file is read once.
   * @throws DamagedStoreError where a file cannot be read
   */
  async find({ spans }: ManifestState, upTo: number): Promise<TableSpan[] | undefined> {
    for (const number of this.#firstOver.keys()) if (!spans.has(number)) this.#firstOver.delete(number);
    const found: TableSpan[] = [];
    let isGone = false;
    for (const [number, span] of spans) {
      const first = this.#firstOver.get(number) ?? (await this.#look(number));
      if (first === undefined) {
        // The others are looked into all the same: where much is written, some file goes each time.
        isGone = true;
        continue;
      }
      this.#firstOver.set(number, first);
      if (first <= upTo) found.push(span);
    }
    return isGone ? undefined : found;
  }

  async #look(number: number): Promise<number | undefined> {
    const path = tablePath(this.#directory, number);
    try {
      return await firstOver(await readFile(path));
    } catch (cause) {
      if ((cause as { readonly code?: unknown }).code === "ENOENT") return undefined;
      if (!(cause instanceof RangeError)) throw cause;
      const message = `expected to see that ${path} has nothing that was removed, but ${cause.message}`;
      throw new DamagedStoreError(message, { cause });
    }
  }
}

/** Number of the first write that wrote over or removed something in a file; Infinity where every key stands there once. @throws RangeError */
async function firstOver(file: Uint8Array): Promise<number> {
  let first = Number.POSITIVE_INFINITY;
  const version = new BlockReader();
  let newer = new Uint8Array(0);
  let newerEnd = -1;
  let sequence = 0;
  let pauseAt = BYTES_AT_ONCE;
  for (const { handle } of readIndex(file)) {
    if (handle.offset >= pauseAt) {
      await nextTurn();
      pauseAt = handle.offset + BYTES_AT_ONCE;
    }
    version.open(contentsOf(file, handle));
    while (version.next()) {
      const { key, keyEnd } = version;
      // Of one key the newest stands in front.
      if (isSameKey(key, keyEnd, newer, newerEnd)) first = Math.min(first, sequence);
      if (keyEnd > newer.length) newer = new Uint8Array(2 * keyEnd);
      for (let i = 0; i < keyEnd; i++) newer[i] = key[i] as number;
      newerEnd = keyEnd;
      sequence = version.sequence;
    }
  }
  return first;
}
