/**
 * The versions of keys in a range that one level has, in LevelDB's order: by their keys, and of one key the newest first. Files are
 * loaded one after the other, the next one while this one is gone through; within a file nothing is waited for.
 */

import { BlockReader, compareKeys } from "./block-reader.ts";
import { contentsOf, type TableBlock } from "./table.ts";

/** Keys from one on, and up to before another. */
export type KeyBounds = { readonly gte: Uint8Array; readonly lt: Uint8Array };

/** A file in memory, and its blocks. */
export type TableBlocks = { readonly file: Uint8Array; readonly blocks: readonly TableBlock[] };

/** Loads a file that has some of the keys. */
export type ReadTable = () => Promise<TableBlocks>;

const NONE: TableBlocks = { file: new Uint8Array(0), blocks: [] };

export class LevelReader {
  readonly version = new BlockReader();
  readonly #tables: readonly ReadTable[];
  readonly #bounds: KeyBounds;
  #nextTable = 0;
  #coming: Promise<TableBlocks> | undefined;
  #table = NONE;
  #nextBlock = 0;
  /** Whether there may be keys before the range, and behind it, in this block. */
  #hasBefore = true;
  #hasBehind = true;

  /** @param tables in the order of their keys, which they do not share */
  constructor(tables: readonly ReadTable[], bounds: KeyBounds) {
    this.#tables = tables;
    this.#bounds = bounds;
  }

  /** Whether there is nothing more; else, where `next` finds none, a file has to be loaded. */
  get isAtEnd(): boolean {
    return this.#nextTable === this.#tables.length && this.#table === NONE;
  }

  /** Moves `version` to the next; false where it is not in memory. @throws RangeError where the file is not as LevelDB writes it */
  next(): boolean {
    const { version } = this;
    for (;;) {
      if (!version.next()) {
        if (!this.#openBlock()) return false;
        continue;
      }
      if (this.#hasBefore && this.#isBefore()) continue;
      if (!this.#hasBehind || !this.#isBehind()) return true;
      this.#table = NONE;
      this.#nextTable = this.#tables.length;
      return false;
    }
  }

  /** Loads the next file. @throws RangeError where it is none, and the file system's errors */
  async load(): Promise<void> {
    const load = this.#tables[this.#nextTable] as ReadTable;
    this.#table = await (this.#coming ?? load());
    this.#nextTable++;
    this.#coming = this.#tables[this.#nextTable]?.();
    // Whoever comes to it is told.
    this.#coming?.catch(() => undefined);
    const { gte } = this.#bounds;
    const first = this.#table.blocks.findIndex(({ upTo }) => compareKeys(upTo, upTo.length, gte, gte.length) >= 0);
    this.#nextBlock = first < 0 ? this.#table.blocks.length : first;
  }

  #openBlock(): boolean {
    const { file, blocks } = this.#table;
    const block = blocks[this.#nextBlock++];
    if (block === undefined) {
      this.#table = NONE;
      return false;
    }
    this.version.open(contentsOf(file, block.handle));
    const { lt } = this.#bounds;
    this.#hasBehind = compareKeys(block.upTo, block.upTo.length, lt, lt.length) >= 0;
    return true;
  }

  #isBefore(): boolean {
    const { key, keyEnd } = this.version;
    const { gte } = this.#bounds;
    this.#hasBefore = compareKeys(key, keyEnd, gte, gte.length) < 0;
    return this.#hasBefore;
  }

  #isBehind(): boolean {
    const { key, keyEnd } = this.version;
    const { lt } = this.#bounds;
    return compareKeys(key, keyEnd, lt, lt.length) >= 0;
  }
}
