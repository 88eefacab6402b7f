/**
 * A store that forgets: for tests. It keeps the promises of the port but for outliving its
 * process, and shares no code with the LevelDB one except the bytes of an entry, so that nobody can change what is
 * stored by changing an object.
 */

import type { Entry } from "../../src/entry/entry.ts";
import { type PackedEntry, packEntry } from "../../src/entry/packed.ts";
import { type Hex, toHex } from "../../src/merkle/bytes.ts";
import type { SignedCheckpoint } from "../../src/merkle/checkpoint.ts";
import type { Tile } from "../../src/merkle/tile.ts";
import { checkCommit, requireNew, withSigner } from "../../src/store/ledger-record.ts";
import {
  type Commit,
  DamagedStoreError,
  type EntryReplacement,
  type FoundClaim,
  type IdempotencyClaim,
  type JudgeClaim,
  type LedgerRecord,
  type RecordRange,
  type RecordWrite,
  SizeConflictError,
  type Store,
} from "../../src/store/store.ts";
import { decodeEntry, RecordEncoder, revisionOf } from "../../src/store/values/value-layout.ts";

type Shelf = {
  record: LedgerRecord;
  readonly entries: Uint8Array[];
  /** By size, ascending. */
  readonly checkpoints: SignedCheckpoint[];
  readonly tiles: Map<string, Uint8Array>;
  readonly claims: Map<string, IdempotencyClaim>;
};

export class MemoryStore implements Store {
  readonly #shelves = new Map<Hex, Shelf>();
  readonly #spaces = new Map<string, Map<string, string>>();
  readonly #encoder = new RecordEncoder();

  async ledgers(): Promise<LedgerRecord[]> {
    return [...this.#shelves.values()].map((shelf) => shelf.record);
  }

  async addLedger(record: LedgerRecord): Promise<void> {
    requireNew(
      record,
      [...this.#shelves.values()].map((shelf) => shelf.record),
    );
    const shelf = { record, entries: [], checkpoints: [], tiles: new Map(), claims: new Map() };
    this.#shelves.set(record.id, shelf);
  }

  async updateSigner(ledgerId: Hex, signer: Hex): Promise<void> {
    const shelf = this.#shelf(ledgerId);
    shelf.record = withSigner(shelf.record, signer);
  }

  async head(ledgerId: Hex): Promise<SignedCheckpoint | undefined> {
    return this.#shelf(ledgerId).checkpoints.at(-1);
  }

  /** No await in here: that is what makes it atomic. */
  async commit(ledgerId: Hex, commit: Commit): Promise<void> {
    checkCommit(ledgerId, commit);
    const shelf = this.#shelf(ledgerId);
    const size = shelf.entries.length;
    if (size !== commit.from) {
      throw new SizeConflictError(`expected ledger ${ledgerId} to have ${commit.from} entries, got ${size}`);
    }
    const encoded = commit.entries.map((entry) => this.#encoder.entry(entry).slice());
    for (const bytes of encoded) shelf.entries.push(bytes);
    for (const claim of commit.claims) shelf.claims.set(toHex(claim.key), structuredClone(claim));
    for (const tile of commit.tiles) shelf.tiles.set(`${tile.level}/${tile.n}`, tile.hashes.slice());
    shelf.checkpoints.push({ ...commit.checkpoint });
  }

  /** It forgets at once; who follows reads. */
  takeRecent(): readonly PackedEntry[] | undefined {
    return undefined;
  }

  ready(): Promise<void> | undefined {
    return undefined;
  }

  async entry(ledgerId: Hex, index: number): Promise<Entry | undefined> {
    const bytes = this.#shelf(ledgerId).entries[index];
    return bytes && decodeEntry(bytes.slice(), () => `entry ${index} of ledger ${ledgerId}`);
  }

  async *entries(ledgerId: Hex, from: number, to: number): AsyncIterable<Entry> {
    for (let index = from; index < to; index++) {
      const entry = await this.entry(ledgerId, index);
      if (entry === undefined) throw new DamagedStoreError(`entry ${index} of ledger ${ledgerId} is missing`);
      yield entry;
    }
  }

  async *packedEntries(ledgerId: Hex, from: number, to: number): AsyncIterable<readonly PackedEntry[]> {
    for await (const entry of this.entries(ledgerId, from, to)) yield [packEntry(entry)];
  }

  async tile(ledgerId: Hex, level: number, n: number): Promise<Uint8Array | undefined> {
    return this.#shelf(ledgerId).tiles.get(`${level}/${n}`)?.slice();
  }

  async replaceTile(ledgerId: Hex, { level, n, hashes }: Tile): Promise<void> {
    this.#shelf(ledgerId).tiles.set(`${level}/${n}`, hashes.slice());
  }

  async checkpoint(ledgerId: Hex, size: number): Promise<SignedCheckpoint | undefined> {
    const found = await this.checkpointCovering(ledgerId, size - 1);
    return found?.size === size ? found : undefined;
  }

  async checkpointCovering(ledgerId: Hex, index: number): Promise<SignedCheckpoint | undefined> {
    const { checkpoints } = this.#shelf(ledgerId);
    let low = 0;
    let high = checkpoints.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((checkpoints[middle] as SignedCheckpoint).size > index) high = middle;
      else low = middle + 1;
    }
    return checkpoints[low];
  }

  async claims(ledgerId: Hex, keys: readonly Uint8Array[]): Promise<FoundClaim[]> {
    const { claims } = this.#shelf(ledgerId);
    return keys.map((key) => structuredClone(claims.get(toHex(key))));
  }

  async replaceEntries(
    ledgerId: Hex,
    replacements: readonly EntryReplacement[],
    claims: readonly Uint8Array[],
  ): Promise<void> {
    const shelf = this.#shelf(ledgerId);
    const missing = replacements.find(({ index }) => shelf.entries[index] === undefined);
    if (missing !== undefined) throw new RangeError(`expected an entry at ${missing.index}, got none`);
    for (const { index, entry } of replacements) {
      const revision = revisionOf(shelf.entries[index] as Uint8Array) + 1;
      shelf.entries[index] = this.#encoder.entry(entry, revision).slice();
    }
    for (const key of claims) shelf.claims.delete(toHex(key));
  }

  async settleClaims(ledgerId: Hex, decide: JudgeClaim): Promise<void> {
    const { claims } = this.#shelf(ledgerId);
    for (const [name, claim] of claims) {
      const fate = decide(claim.ranges);
      if (fate === "goes") claims.delete(name);
      else if (fate === "forgets") {
        claims.set(name, { ...claim, content: crypto.getRandomValues(new Uint8Array(claim.content.length)) });
      }
    }
  }

  compact(): Promise<void> {
    return Promise.resolve();
  }

  async record(space: string, key: string): Promise<string | undefined> {
    requireSpace(space);
    return this.#spaces.get(space)?.get(key);
  }

  async *records(space: string, range: RecordRange = {}): AsyncIterable<readonly [key: string, value: string]> {
    const { gt, gte, lt, lte, limit = Number.POSITIVE_INFINITY, reverse = false } = range;
    requireSpace(space);
    const found = [...(this.#spaces.get(space) ?? [])]
      .map(([key, value]) => ({ key, value, bytes: Buffer.from(key) }))
      .filter(({ bytes }) => gt === undefined || compare(bytes, gt) > 0)
      .filter(({ bytes }) => gt !== undefined || gte === undefined || compare(bytes, gte) >= 0)
      .filter(({ bytes }) => lte === undefined || compare(bytes, lte) <= 0)
      .filter(({ bytes }) => lte !== undefined || lt === undefined || compare(bytes, lt) < 0)
      .sort((a, b) => Buffer.compare(a.bytes, b.bytes));
    if (reverse) found.reverse();
    for (const { key, value } of found.slice(0, Math.max(0, limit))) yield [key, value];
  }

  async writeRecords(writes: readonly RecordWrite[], _options: { readonly durable: boolean }): Promise<void> {
    for (const { space } of writes) requireSpace(space);
    for (const { space, key, value } of writes) {
      const records = this.#spaces.get(space) ?? new Map<string, string>();
      this.#spaces.set(space, records);
      if (value === undefined) records.delete(key);
      else records.set(key, value);
    }
  }

  /** Keeps what it has, so that a test can close a service and start another on the same store. */
  async close(): Promise<void> {
    await Promise.resolve();
  }

  #shelf(ledgerId: Hex): Shelf {
    const shelf = this.#shelves.get(ledgerId);
    if (shelf === undefined) throw new RangeError(`expected the id of a ledger in this store, got ${ledgerId}`);
    return shelf;
  }
}

function compare(bytes: Buffer, text: string): number {
  return Buffer.compare(bytes, Buffer.from(text));
}

function requireSpace(space: string): void {
  if (space === "" || space.includes("\0")) {
    throw new RangeError(`expected the name of a space, without U+0000, got ${JSON.stringify(space)}`);
  }
}
