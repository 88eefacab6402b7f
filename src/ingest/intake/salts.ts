/** Fresh random salts, drawn from the system in large pieces: one call for each event would cost more than its hashes. */

import { randomFillSync } from "node:crypto";
import { SALT_LENGTH } from "../../entry/entry.ts";

const POOL_BYTES = 32 * 1024;

/** A source of salts: n * 16 bytes that were never given out before; to be copied before the next call. */
export function createSalts(): (n: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES);
  let at = POOL_BYTES;
  return (n) => {
    const length = n * SALT_LENGTH;
    if (at + length > POOL_BYTES) {
      randomFillSync(pool);
      at = 0;
    }
    at += length;
    return pool.subarray(at - length, at);
  };
}
