/**
 * From where each API key was used, so that another place is noticed: so many networks of a key, the oldest forgotten first. Kept in
 * records, written down every second without waiting for the disk; what a crash loses of them is noticed once more.
 */

import { readJson } from "../json/read.ts";
import type { RecordWrite, Store } from "../store/store.ts";

const SPACE = "keyaddresses";
/** Of a key. One that comes from more is a key that comes from everywhere. */
const KEPT_MAX = 64;
/** How exactly it is kept when one was last used: each time would be a write. */
const DAY_MS = 86_400_000;

export class KnownAddresses {
  /** By key, each with the day of its last use. */
  readonly #byKey = new Map<string, Map<string, number>>();
  readonly #changed = new Set<string>();

  /** Reads what was written down; what is damaged of it begins anew. */
  static async open(store: Pick<Store, "records">): Promise<KnownAddresses> {
    const known = new KnownAddresses();
    for await (const [key, text] of store.records(SPACE, { onDamaged: () => undefined })) {
      const value = readJson(text);
      if (Array.isArray(value)) known.#byKey.set(key, new Map(value as [string, number][]));
    }
    return known;
  }

  /** Notes a use. @returns whether the key was not used from there before, as far as is known */
  use(key: string, network: string, now: number): boolean {
    const networks = this.#byKey.get(key);
    const day = Math.floor(now / DAY_MS);
    const before = networks?.get(network);
    if (before === day) return false;
    const changed = networks ?? new Map<string, number>();
    // The newest stand last.
    changed.delete(network);
    changed.set(network, day);
    if (changed.size > KEPT_MAX) changed.delete(changed.keys().next().value as string);
    this.#byKey.set(key, changed);
    this.#changed.add(key);
    return before === undefined;
  }

  /** What is to be written down; it is given once. */
  takeChanges(): RecordWrite[] {
    const keys = [...this.#changed];
    this.#changed.clear();
    return keys.map((key) => ({ space: SPACE, key, value: JSON.stringify([...(this.#byKey.get(key) ?? [])]) }));
  }
}
