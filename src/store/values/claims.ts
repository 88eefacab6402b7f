/** Idempotency claims of a store. In a encrypted one a keyed digest stands in the place of each claim's key. */

import { randomBytes } from "node:crypto";
import type { Hex } from "../../merkle/bytes.ts";
import { HASH_LENGTH } from "../../merkle/hash.ts";
import * as keys from "../key-layout.ts";
import type { Database, LevelBatch } from "../leveldb/database.ts";
import { readingError } from "../leveldb/reading.ts";
import { RangeReader, TablesReadError } from "../leveldb/tables/range-reader.ts";
import { DamagedStoreError, type FoundClaim, type IdempotencyClaim, type JudgeClaim } from "../store.ts";
import { ClaimSums } from "./claim-sums.ts";
import type { StoredValues } from "./stored-values.ts";
import { decodeClaim, isKeyedClaim, isWhole, soleEntryOf } from "./value-layout.ts";

/** The ledger of claims, and the number by which keys name it. */
export type OfLedger = { readonly ledgerId: Hex; readonly number: number };

const SETTLED_AT_ONCE = 4096;

/** All claims of a ledger as they were when they were gone through, and whether each is as it was written. */
export type SummedClaims = { readonly sums: ClaimSums; readonly areWhole: boolean };

/** Claims of some keys, and how they are summed: `size` of the ledger, and the seed of all sums. */
export type ClaimSpan = { readonly bounds: keys.KeyRange; readonly size: number; readonly seed: Int32Array };

export type SummedSpan = { readonly sums: Int32Array; readonly areWhole: boolean };

/** In how many spans claims are summed, and who sums one: `sumClaimsIn`, or undefined where that cannot be had. */
export type ClaimReaders = {
  readonly count: number;
  readonly sumSpan: (directory: string, span: ClaimSpan) => Promise<SummedSpan | undefined>;
};

export class Claims {
  readonly #db: Database;
  readonly #values: StoredValues;

  constructor(db: Database, values: StoredValues) {
    this.#db = db;
    this.#values = values;
  }

  put(batch: LevelBatch, ledger: OfLedger, claims: readonly IdempotencyClaim[]): void {
    const { cipher, encoder } = this.#values;
    const claimed = claims.map((claim) => claim.key);
    for (const [i, place] of this.#places(ledger, claimed).entries()) {
      batch.put(place, encoder.claim(claims[i] as IdempotencyClaim, cipher !== undefined));
    }
  }

  /** Deletes a claim, under whichever key it stands. */
  remove(batch: LevelBatch, ledger: OfLedger, claimed: Uint8Array): void {
    for (const place of this.#places(ledger, [claimed])) batch.del(place);
    if (this.#values.isMixed) batch.del(keys.claimKey(ledger.number, claimed));
  }

  /** Puts each claim of a ledger into the state that is decided for it; one that is damaged stays, for an audit to find. */
  async settle({ ledgerId, number }: OfLedger, decide: JudgeClaim): Promise<void> {
    const naming = () => `an idempotency claim of ledger ${ledgerId}`;
    const { encoder } = this.#values;
    let changes: ((batch: LevelBatch) => void)[] = [];
    const flush = async () => {
      const now = changes;
      changes = [];
      await this.#db.write({ sync: true }, (batch) => {
        for (const change of now) change(batch);
      });
    };
    for await (const [place, value] of this.#db.range(keys.claimRange(number), (cause) =>
      readingError(cause, naming),
    )) {
      const claim = await orDamage(() => decodeClaim(value, keys.claimedIn(place), naming));
      if (claim instanceof DamagedStoreError) continue;
      const fate = decide(claim.ranges);
      if (fate === "stays") continue;
      const content = Uint8Array.from(randomBytes(HASH_LENGTH));
      const isKeyed = isKeyedClaim(value);
      changes.push((batch) => {
        if (fate === "goes") batch.del(place);
        else batch.put(place, encoder.claim({ ...claim, content }, isKeyed));
      });
      if (changes.length >= SETTLED_AT_ONCE) await flush();
    }
    if (changes.length > 0) await flush();
  }

  /**
   * Goes through all claims, in the files, and by the database where those cannot be read so, while nobody writes; undefined where that says
   * nothing of them: they stand in two ways, or cannot be read.
   * @param size of the ledger
   */
  async sum(ledger: OfLedger, size: number, readers?: ClaimReaders): Promise<SummedClaims | undefined> {
    if (this.#values.isMixed) return undefined;
    const inFiles = await this.#sumInFiles(ledger, size, readers);
    if (inFiles !== undefined) return inFiles;
    const summed = await orDamage(() => this.#sumInDatabase(ledger, size));
    return summed instanceof DamagedStoreError ? undefined : summed;
  }

  /** @returns undefined where the files cannot be read so */
  async #sumInFiles(
    { number }: OfLedger,
    size: number,
    { count, sumSpan }: ClaimReaders = { count: 1, sumSpan: sumClaimsIn },
  ): Promise<SummedClaims | undefined> {
    const sums = new ClaimSums(size);
    const { seed } = sums;
    const summed = await Promise.all(
      keys.claimRanges(number, count).map((bounds) =>
        sumSpan(this.#db.directory, { bounds, size, seed }).catch((error) => {
          if (error instanceof TablesReadError) return undefined;
          throw error;
        }),
      ),
    );
    let areWhole = true;
    for (const part of summed) {
      if (part === undefined) return undefined;
      sums.addAll(part.sums);
      areWhole &&= part.areWhole;
    }
    return { sums, areWhole };
  }

  /** @throws DamagedStoreError where LevelDB calls them corrupt */
  async #sumInDatabase({ ledgerId, number }: OfLedger, size: number): Promise<SummedClaims> {
    const naming = () => `an idempotency claim of ledger ${ledgerId}`;
    const all = new GrowingSum(new ClaimSums(size));
    for await (const some of this.#db.ranges(keys.claimRange(number), (cause) => readingError(cause, naming)))
      for (const [key, value] of some) all.add(key, value);
    return all;
  }

  async find(ledger: OfLedger, claimed: readonly Uint8Array[]): Promise<FoundClaim[]> {
    const found = await this.#find(ledger, claimed, this.#places(ledger, claimed));
    if (!this.#values.isMixed) return found;
    // Those that were made before the store was encrypted stand under their own keys.
    const older = await this.#find(ledger, claimed, keys.claimKeys(ledger.number, claimed));
    return found.map((claim, i) => claim ?? older[i]);
  }

  async #find(
    { ledgerId }: OfLedger,
    claimed: readonly Uint8Array[],
    asked: readonly Uint8Array[],
  ): Promise<FoundClaim[]> {
    const naming = () => `an idempotency claim of ledger ${ledgerId}`;
    const readAlone = (key: Uint8Array) =>
      orDamage(async () =>
        this.#db.get(key).catch((cause) => {
          throw readingError(cause, naming);
        }),
      );
    // Where LevelDB calls one of them corrupt, each is asked for alone.
    const values = await this.#db.getMany(asked).catch(() => Promise.all(asked.map(readAlone)));
    return Promise.all(
      values.map((value, i) => {
        if (value === undefined || value instanceof DamagedStoreError) return value;
        return orDamage(() => decodeClaim(value, claimed[i] as Uint8Array, naming));
      }),
    );
  }

  /** Where claims stand. */
  #places({ ledgerId, number }: OfLedger, claimed: readonly Uint8Array[]): Uint8Array[] {
    return keys.claimKeys(number, this.#values.cipher?.claimKeys(ledgerId, claimed) ?? claimed);
  }
}

/** Sums some claims, in the files of a database to which nobody writes. @throws TablesReadError */
export async function sumClaimsIn(directory: string, { bounds, size, seed }: ClaimSpan): Promise<SummedSpan> {
  const all = new GrowingSum(new ClaimSums(size, seed));
  const reader = await RangeReader.open(directory, bounds);
  do {
    while (reader.next()) {
      const { key, keyEnd, bytes, valueStart, valueEnd } = reader.version;
      all.add(key.subarray(0, keyEnd), bytes.subarray(valueStart, valueEnd));
    }
  } while (await reader.more());
  return { sums: all.sums.sums, areWhole: all.areWhole };
}

/** Sums claims as they lie, and says whether each is as it was written. */
class GrowingSum {
  readonly sums: ClaimSums;
  areWhole = true;

  constructor(sums: ClaimSums) {
    this.sums = sums;
  }

  add(key: Uint8Array, value: Uint8Array): void {
    const index = soleEntryOf(value);
    if (index === undefined) this.areWhole &&= isWhole(value);
    else this.sums.add({ place: keys.claimedIn(key), index });
  }
}

async function orDamage<T>(read: () => T | Promise<T>): Promise<T | DamagedStoreError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof DamagedStoreError) return error;
    throw error;
  }
}
