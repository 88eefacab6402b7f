/**
 * Values of a range that are asked for one after the other, in the order of their keys: the files are read once, on and on. For whoever
 * asks the database where nothing is found here.
 */

import { compareKeys } from "./block-reader.ts";
import type { KeyBounds } from "./level-reader.ts";
import { RangeReader, TablesReadError } from "./range-reader.ts";

export class OrderedReader {
  readonly #directory: string;
  readonly #bounds: KeyBounds;
  #reader: RangeReader | undefined;
  /** Whether the reader stands at a key. */
  #isAtKey = false;
  /** Nothing more can be found. */
  #isOver = false;

  constructor(directory: string, bounds: KeyBounds) {
    this.#directory = directory;
    this.#bounds = bounds;
  }

  /** The value of a key, which the next call may overwrite; undefined where none is found behind those that were asked for. */
  async find(key: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return await this.#find(key);
    } catch (error) {
      if (!(error instanceof TablesReadError)) throw error;
      this.#isOver = true;
      return undefined;
    }
  }

  async #find(key: Uint8Array): Promise<Uint8Array | undefined> {
    this.#reader ??= await RangeReader.open(this.#directory, this.#bounds);
    while (!this.#isOver) {
      if (this.#isAtKey) {
        const { key: found, keyEnd, bytes, valueStart, valueEnd } = this.#reader.version;
        const order = compareKeys(found, keyEnd, key, key.length);
        if (order === 0) return bytes.subarray(valueStart, valueEnd);
        if (order > 0) return undefined;
      }
      this.#isAtKey = this.#reader.next();
      if (!this.#isAtKey) this.#isOver = !(await this.#reader.more());
    }
    return undefined;
  }
}
