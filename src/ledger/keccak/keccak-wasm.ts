/** keccak256 in WebAssembly, the door of `hash-wasm`: six times as fast as the portable code of merkle/hash.ts, and more where many are hashed. */

import { createKeccak } from "hash-wasm";
import type { Hash } from "../../merkle/hash.ts";
import { hashInPairs } from "./hash-pairs.ts";

/** A {@link Hash} with the values of `keccak256`; it is synchronous once made. */
export async function fastKeccak256(): Promise<Hash> {
  const hasher = await createKeccak(256);
  const hash: Hash = (data) => hasher.init().update(data).digest("binary");
  const many = hashInPairs(hash);
  return many === undefined ? hash : Object.assign(hash, { many });
}
