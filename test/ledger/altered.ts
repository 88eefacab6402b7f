/** A store that reads some things differently from how they were written: what a disk, or an intruder, can do. */

import type { Entry } from "../../src/entry/entry.ts";
import { packEntry } from "../../src/entry/packed.ts";
import type { Hex } from "../../src/merkle/bytes.ts";
import { DamagedStoreError, type Store } from "../../src/store/store.ts";

/** The same object with some members replaced; the others work as before. */
export function altered<T extends object>(target: T, changes: Partial<T>): T {
  return new Proxy(target, {
    get(_, name) {
      const member = name in changes ? changes[name as keyof T] : target[name as keyof T];
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

/** The store with every entry passed through a change; undefined removes it. */
export function withEntries(store: Store, change: (entry: Entry, index: number) => Entry | undefined): Store {
  const entry = async (id: Hex, index: number) => {
    const found = await store.entry(id, index);
    return found && change(found, index);
  };
  async function* entries(id: Hex, from: number, to: number) {
    for (let index = from; index < to; index++) {
      const found = await entry(id, index);
      if (found === undefined) throw new DamagedStoreError(`entry ${index} is missing`);
      yield found;
    }
  }
  return altered(store, {
    entry,
    entries,
    async *packedEntries(id: Hex, from: number, to: number) {
      for await (const found of entries(id, from, to)) yield [packEntry(found)];
    },
  });
}

/** The store with every tile passed through a change; undefined removes it. */
export function withTiles(
  store: Store,
  change: (hashes: Uint8Array, level: number, n: number) => Uint8Array | undefined,
): Store {
  return altered(store, {
    tile: async (id: Hex, level: number, n: number) => {
      const found = await store.tile(id, level, n);
      return found && change(found, level, n);
    },
  });
}

export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}
