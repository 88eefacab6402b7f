/** A ledger and its store in memory, whose entries can be withheld, damaged or replaced by another history. */

import { createHash } from "node:crypto";
import type { Entry, Member } from "../../src/entry/entry.ts";
import { memberText } from "../../src/entry/member.ts";
import { type PackedEntry, packEntry } from "../../src/entry/packed.ts";
import { type Hex, toHex } from "../../src/merkle/bytes.ts";
import type { IndexedLedger } from "../../src/query/index/indexer.ts";
import { DamagedStoreError } from "../../src/store/store.ts";

export type TestEvent = Readonly<Record<string, unknown>>;

const PACKED_AT_ONCE = 100;
const SALT = new Uint8Array(16);

export class FakeLedger implements IndexedLedger {
  readonly record: { readonly id: Hex };
  readonly damaged = new Set<number>();
  /** Whether reading a range fails at once when any entry of it is damaged, as a store that reads ahead does. */
  readsAhead = false;
  readonly #listeners = new Set<() => void>();
  readonly #entries: Kept[] = [];

  constructor(name = "main") {
    this.record = { id: toHex(digest(name)) };
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Appends events recorded at the times; members named in `hidden` are withheld. `history` tells lineages apart. */
  append(events: readonly TestEvent[], options: AppendOptions = {}): void {
    const { recordedAt = 1_700_000_000_000, hidden = [], history = "a" } = options;
    for (const [i, event] of events.entries()) {
      const time = typeof recordedAt === "number" ? recordedAt : (recordedAt[i] as number);
      const members = Object.keys(event)
        .sort()
        .map((name): Member => {
          const text = memberText(name, event[name]);
          return hidden.includes(name) ? { digest: digest(text) } : { salt: SALT, text };
        });
      const leaf = digest(`${history}/${this.size}`);
      this.#entries.push({ entry: { recordedAt: time, members }, leaf });
    }
    for (const listener of this.#listeners) listener();
  }

  /** Erases a member of a recorded entry; its leaf hash stays. */
  erase(index: number, name: string): void {
    const found = this.#entries[index] as Kept;
    const start = `${JSON.stringify(name)}:`;
    const members = found.entry.members.map((member) =>
      "text" in member && member.text.startsWith(start) ? { digest: digest(member.text) } : member,
    );
    found.entry = { ...found.entry, members };
    found.packed = undefined;
  }

  /** Loses the entries from an index on, as when a backup is restored. */
  truncate(size: number): void {
    this.#entries.length = size;
  }

  async leafHash(index: number): Promise<Uint8Array> {
    return (this.#entries[index] as Kept).leaf;
  }

  onCommit(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async entry(_ledgerId: Hex, index: number): Promise<Entry | undefined> {
    return this.#at(index)?.entry;
  }

  async *entries(_ledgerId: Hex, from: number, to: number): AsyncIterable<Entry> {
    if (this.readsAhead) for (let index = from; index < to; index++) this.#at(index);
    for (let index = from; index < to; index++) yield this.#recorded(index).entry;
  }

  /** Some at a time, as from a store; a damaged one fails those that it comes with. */
  async *packedEntries(_ledgerId: Hex, from: number, to: number): AsyncIterable<readonly PackedEntry[]> {
    for (let start = from; start < to; start += PACKED_AT_ONCE) {
      const packed: PackedEntry[] = [];
      for (let index = start; index < Math.min(to, start + PACKED_AT_ONCE); index++) {
        const kept = this.#recorded(index);
        kept.packed ??= packEntry(kept.entry);
        packed.push(kept.packed);
      }
      yield packed;
    }
  }

  #at(index: number): Kept | undefined {
    if (this.damaged.has(index)) throw new DamagedStoreError(`entry ${index} is damaged`);
    return this.#entries[index];
  }

  #recorded(index: number): Kept {
    const kept = this.#at(index);
    if (kept === undefined) throw new DamagedStoreError(`entry ${index} is missing`);
    return kept;
  }
}

/** An entry, packed when it is first read so. */
type Kept = { entry: Entry; readonly leaf: Uint8Array; packed?: PackedEntry | undefined };

type AppendOptions = {
  /** Milliseconds since 1970: one for all, or one for each. */
  readonly recordedAt?: number | readonly number[];
  readonly hidden?: readonly string[];
  readonly history?: string;
};

function digest(text: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(text).digest());
}
