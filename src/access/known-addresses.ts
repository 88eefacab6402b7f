/**
 * From where each API key was used, so that another place is noticed: so many networks of a key, the oldest forgotten first, and not
 * all of them for those of one day. Kept in records, written down every second without waiting for the disk; what a crash loses of them is noticed once more.
 */

import { readJson } from "../json/read.ts";
import type { RecordWrite, Store } from "../store/store.ts";

const SPACE = "keyaddresses";
/** Of a key. One that comes from more is a key that comes from everywhere. */
const KEPT_MAX = 64;
/** Of them from one day: whoever has a key would have its places forgotten by using it from very many. */
const KEPT_OF_DAY_MAX = 32;
/** Before so much is known of a key every place is new; and one that comes from more places comes from anywhere. */
const KNOWN_MS = 7 * 86_400_000;
const SETTLED_MAX = 16;
/** How exactly it is kept when one was last used: each time would be a write. */
const DAY_MS = 86_400_000;

/** The day of its last use, and when it was first used; 0 where an earlier version did not keep that. */
type Place = { readonly day: number; readonly since: number };

export class KnownAddresses {
  readonly #byKey = new Map<string, Map<string, Place>>();
  readonly #changed = new Set<string>();

  /** Reads what was written down; what is damaged of it begins anew. */
  static async open(store: Pick<Store, "records">): Promise<KnownAddresses> {
    const known = new KnownAddresses();
    for await (const [key, text] of store.records(SPACE, { onDamaged: () => undefined })) {
      const value = readJson(text);
      if (!Array.isArray(value)) continue;
      const places = (value as [string, number, number?][]).map(
        ([network, day, since = 0]) => [network, { day, since }] as const,
      );
      known.#byKey.set(key, new Map(places));
    }
    return known;
  }

  /** Notes a use. @returns whether the key was not used from there before, as far as is known */
  use(key: string, network: string, now: number): boolean {
    const networks = this.#byKey.get(key);
    const day = Math.floor(now / DAY_MS);
    const before = networks?.get(network);
    if (before?.day === day) return false;
    const changed = networks ?? new Map<string, Place>();
    // The newest stand last.
    changed.delete(network);
    changed.set(network, { day, since: before?.since ?? now });
    if (changed.size > KEPT_MAX) changed.delete(leastOf(changed, day));
    this.#byKey.set(key, changed);
    this.#changed.add(key);
    return before === undefined;
  }

  /** Keys that came from few places until a time and were used for a week, and places from which they came since then for the first time. */
  newSince(time: number): { readonly key: string; readonly network: string; readonly at: number }[] {
    return [...this.#byKey].flatMap(([key, networks]) => {
      const times = [...networks.values()].map(({ since }) => since);
      const first = Math.min(...times);
      // However many came since: a key that was stolen may be used from very many at once.
      if (times.filter((since) => since <= time).length > SETTLED_MAX) return [];
      return [...networks]
        .filter(([, { since }]) => since > time && since - first >= KNOWN_MS)
        .map(([network, { since }]) => ({ key, network, at: since }));
    });
  }

  /** What is to be written down; it is given once. */
  takeChanges(): RecordWrite[] {
    const keys = [...this.#changed];
    this.#changed.clear();
    return keys.map((key) => ({ space: SPACE, key, value: this.#spelled(key) }));
  }

  #spelled(key: string): string {
    const places = [...(this.#byKey.get(key) ?? [])];
    return JSON.stringify(places.map(([network, { day, since }]) => [network, day, since]));
  }
}

/** The one to forget: the least lately used, of all or of those that are new today. */
function leastOf(places: ReadonlyMap<string, Place>, day: number): string {
  const all = [...places.keys()];
  const isOfDay = (network: string) => Math.floor((places.get(network)?.since ?? 0) / DAY_MS) === day;
  const ofDay = all.filter(isOfDay);
  return (ofDay.length > KEPT_OF_DAY_MAX ? ofDay : all)[0] as string;
}
