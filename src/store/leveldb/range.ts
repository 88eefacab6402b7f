/** Ranges of keys, and what is left of one that was read in part. */

import type { IteratorOptions } from "level";

export type Bounds = IteratorOptions<Uint8Array, Uint8Array>;

/** The part of a range that comes after one of its keys, when so many were given. */
export function behind({ gte, gt, lt, lte, limit, ...rest }: Bounds, key: Uint8Array, given: number): Bounds {
  const left = limit === undefined || limit < 0 ? {} : { limit: limit - given };
  const end = rest.reverse === true ? { gte, gt, lt: key } : { gt: key, lt, lte };
  return { ...rest, ...left, ...defined(end) };
}

/** LevelDB takes a bound that is there and undefined for one. */
function defined(bounds: { [K in "gte" | "gt" | "lt" | "lte"]?: Uint8Array | undefined }): Bounds {
  return Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== undefined));
}
