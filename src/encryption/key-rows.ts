/** Wrapped keys as a keyring keeps them, and what is wrong with one. */

import { readJson } from "../json/read.ts";
import { DamagedStoreError } from "../store/store.ts";
import { KekRefusedError, type WrappedBy } from "./key-encryption-key.ts";

/** A wrapped key as it is kept. */
export type KeyRow = WrappedBy & {
  /** Base64. */
  readonly wrapped: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** Digest of the subject, where it is one's. */
  readonly subject?: string;
};

/** What keeps a key from being unwrapped, in words; undefined when nothing does. @throws KekUnavailableError */
export async function problemOf(key: string, unwrapping: () => Promise<unknown>): Promise<string | undefined> {
  try {
    return void (await unwrapping());
  } catch (error) {
    const isWrong = [KekRefusedError, DamagedStoreError, SyntaxError].some((each) => error instanceof each);
    if (isWrong) return `key ${key}: ${(error as Error).message}`;
    throw error;
  }
}

/** @throws DamagedStoreError, SyntaxError */
export function readRow(text: string): KeyRow {
  const row = readJson(text) as Partial<KeyRow>;
  if (typeof row.id === "string" && typeof row.version === "string" && typeof row.wrapped === "string")
    return row as KeyRow;
  throw new DamagedStoreError("a key of the keyring is damaged: expected what wrapped it, and the wrapped key");
}
