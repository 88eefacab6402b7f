/** Reading: ranges of keys, what is left of one that was read in part, and what LevelDB's errors mean. */

import type { IteratorOptions } from "level";
import { DamagedStoreError, StoreUnavailableError } from "../store.ts";
import { LOOK } from "./opening/open-errors.ts";

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

/** @param naming what was being read */
export function readingError(cause: unknown, naming: () => string): unknown {
  if (!(cause instanceof Error && "code" in cause && cause.code === "LEVEL_CORRUPTION")) return cause;
  return new DamagedStoreError(`${naming()} cannot be read: LevelDB calls the data corrupt`, { cause });
}

/** A file that cannot be read now is neither absent nor damaged. */
export function readError(error: unknown): unknown {
  if (codeOf(error) !== "LEVEL_IO_ERROR") return error;
  const message = `the store cannot be read now, and nothing in it was lost: ${(error as Error).message}. ${LOOK}`;
  return new StoreUnavailableError(message, { cause: error });
}

export function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}
