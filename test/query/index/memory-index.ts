/** An index kept in memory: for tests. */

import type { IndexStore, IndexWrite } from "../../../src/query/index/index-store.ts";

export class MemoryIndexStore implements IndexStore {
  readonly #values = new Map<string, Uint8Array>();

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#values.get(key));
  }

  async *list(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    const found = [...this.#values].filter(([key]) => key.startsWith(prefix));
    yield* found.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async write(writes: readonly IndexWrite[]): Promise<void> {
    for (const { key, value } of writes) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value.slice());
    }
  }

  async clear(prefix: string): Promise<void> {
    for (const key of [...this.#values.keys()]) if (key.startsWith(prefix)) this.#values.delete(key);
  }

  async close(): Promise<void> {
    this.#values.clear();
  }
}
