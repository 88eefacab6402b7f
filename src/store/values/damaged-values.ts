/** Looking at every value of a store: whether it is as it was written. */

import type { Hex } from "../../merkle/bytes.ts";
import * as keys from "../key-layout.ts";
import type { Database } from "../leveldb/database.ts";
import { type Bounds, readingError } from "../leveldb/reading.ts";
import { isWhole } from "./value-layout.ts";

/** Values that somebody has looked at, and that are whole: entries of a ledger below an index, and all of its claims. */
export type SeenValues = { readonly ledgerId: Hex; readonly entries: number; readonly hasClaims: boolean };

export type DamagedValuesOptions = {
  readonly db: Database;
  readonly ledgers: readonly {
    readonly ledgerId: Hex;
    readonly number: number;
    readonly record: { readonly name: string };
  }[];
  /** They are not read again. */
  readonly seen: readonly SeenValues[];
};

/** Names of those that are not, of all kinds, in the order of their keys. */
export async function* damagedValues({ db, ledgers, seen }: DamagedValuesOptions): AsyncGenerator<string> {
  const nameOf = (number: number) =>
    ledgers.find((known) => known.number === number)?.record.name ?? `ledger ${number}`;
  const passedOver = seen.flatMap(({ ledgerId, entries, hasClaims }) => {
    const number = ledgers.find((known) => known.ledgerId === ledgerId)?.number;
    if (number === undefined) throw new RangeError(`expected the id of a ledger in this store, got ${ledgerId}`);
    const range = keys.entryRange(number, entries);
    return hasClaims ? [range, keys.claimRange(number)] : [range];
  });
  for (const bounds of besides(passedOver)) {
    for await (const some of db.ranges(bounds, (cause) => readingError(cause, () => "the store"))) {
      for (const [key, value] of some) if (!keys.isForm(key) && !isWhole(value)) yield keys.describe(key, nameOf);
    }
  }
}

/** All keys but those of some ranges, which have none in common. */
function besides(ranges: readonly keys.KeyRange[]): Bounds[] {
  const sorted = [...ranges].sort((a, b) => Buffer.compare(a.gte, b.gte));
  const bounds: Bounds[] = [];
  let from: Bounds = {};
  for (const { gte, lt } of sorted) {
    bounds.push({ ...from, lt: gte });
    from = { gte: lt };
  }
  return [...bounds, from];
}
