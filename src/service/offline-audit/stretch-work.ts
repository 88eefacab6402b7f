/** What a thread does with a stretch: opens its entries, computes what follows from them, and builds the segments of the index that they are in. */

import type { KeyObject } from "node:crypto";
import { addEntry } from "../../audit/checks/index-complete.ts";
import { digestPacked } from "../../audit/walk/digest.ts";
import type { PackedDigests } from "../../audit/walk/packed-digests.ts";
import { EntryBinding } from "../../encryption/entry-binding.ts";
import { packedClaimDigests } from "../../encryption/entry-keys.ts";
import type { Pruned } from "../../entry/entry.ts";
import type { PackedEntry } from "../../entry/packed.ts";
import type { Hash } from "../../merkle/hash.ts";
import { EntryTerms } from "../../query/index/entry-terms/entry-terms.ts";
import { TermHasher } from "../../query/index/entry-terms/term-hash.ts";
import { type EncodedSegment, encodeSegmentAtOnce, OpenSegment } from "../../query/index/open-segment.ts";
import { DamagedStoreError } from "../../store/store.ts";
import { isSumOf } from "../../store/values/claim-sums.ts";
import { type EntryOpener, openEntry } from "../../store/values/stored-values.ts";
import type { StretchAnswer, StretchGround, StretchTask } from "./thread-questions.ts";

export class StretchWork {
  readonly #hash: Hash;
  readonly #ground: StretchGround;
  readonly #terms: EntryTerms | undefined;
  readonly #binding = new EntryBinding();
  /** By their numbers. */
  readonly #keys = new Map<number, KeyObject>();
  /** Of the entry that is opened now. */
  #key: KeyObject | undefined;
  readonly #opener: EntryOpener = {
    decryptEntry: (place, encrypted) => this.#binding.open(this.#key as KeyObject, place, encrypted),
  };
  /** The segment that entries are added to, from its first one on. */
  #segment: OpenSegment | undefined;

  constructor(hash: Hash, ground: StretchGround) {
    this.#hash = hash;
    this.#ground = ground;
    this.#terms = ground.seed && new EntryTerms(new TermHasher(ground.seed));
  }

  do(task: StretchTask): StretchAnswer {
    if (task.forgetsKeys) this.#keys.clear();
    for (const [i, number] of task.newNumbers.entries()) this.#keys.set(number, task.newKeys[i] as KeyObject);
    const entries = this.#openAll(task);
    const times = new Float64Array(entries.length).fill(Number.NaN);
    const pruned: [number, Pruned][] = [];
    for (const [i, entry] of entries.entries()) {
      if (entry === undefined) continue;
      times[i] = entry.recordedAt;
      if (entry.pruned !== undefined) pruned.push([i, entry.pruned]);
    }
    const digests = digestPacked(this.#hash, entries);
    const areSeen = this.#areThere(digests, task);
    return {
      digests: areSeen ? withoutClaims(digests) : digests,
      claimsSeen: areSeen ? digests.claiming.length : 0,
      times,
      pruned,
      segments: this.#index(task, entries),
    };
  }

  /** Whether the claims of entries are exactly those that stand for them. */
  #areThere({ claiming, keys }: PackedDigests, { start, claimSum }: StretchTask): boolean {
    const { claims } = this.#ground;
    if (claimSum === undefined || claims === undefined) return false;
    const places = claims.key === undefined ? keys : packedClaimDigests(this.#hash, claims.key, keys);
    const indexes = claiming.map((entry) => start + entry);
    return isSumOf(claimSum, claims.seed, { places, indexes });
  }

  #openAll({ start, values: { memory, starts, ends }, keys }: StretchTask): (PackedEntry | undefined)[] {
    const entries: (PackedEntry | undefined)[] = [];
    for (const [i, from] of starts.entries()) {
      const value = memory.subarray(from, ends[i]);
      entries.push(value.length === 0 ? undefined : this.#open(start + i, value, keys[i] as number));
    }
    return entries;
  }

  /** Whoever asked reads again what cannot be opened here, and says why. */
  #open(index: number, value: Uint8Array, keyNumber: number): PackedEntry | undefined {
    this.#key = this.#keys.get(keyNumber);
    const opener = this.#key && this.#opener;
    const { ledgerId } = this.#ground;
    try {
      // With the key at hand nothing has to be waited for.
      return openEntry(opener, { ledgerId, index }, value, () => `entry ${index}`) as PackedEntry;
    } catch (error) {
      if (error instanceof DamagedStoreError) return undefined;
      throw error;
    }
  }

  #index(
    { start, segmentEnds, indexedTo }: StretchTask,
    entries: readonly (PackedEntry | undefined)[],
  ): EncodedSegment[] {
    const closed: EncodedSegment[] = [];
    if (this.#terms === undefined) return closed;
    for (let i = 0; i < entries.length && start + i < indexedTo; i++) {
      this.#segment ??= new OpenSegment(start + i, this.#terms);
      addEntry(this.#segment, entries[i]);
      if (this.#segment.end !== segmentEnds[closed.length]) continue;
      closed.push(encodeSegmentAtOnce(this.#segment));
      this.#segment = undefined;
    }
    return closed;
  }
}

function withoutClaims(digests: PackedDigests): PackedDigests {
  return { ...digests, claiming: [], ids: [], keys: new Uint8Array(0) };
}
