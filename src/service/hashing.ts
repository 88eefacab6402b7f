/** The hash of a service, and what its log says where the processor makes that slow. */

import type { Logger } from "pino";
import { fastKeccak256 } from "../ledger/keccak/keccak-wasm.ts";
import type { Hash } from "../merkle/hash.ts";

export async function openHash(log: Logger): Promise<Hash> {
  const hash = await fastKeccak256();
  if (hash.many === undefined) {
    log.warn(
      "WebAssembly has no vectors of 128 bits on this processor: all is hashed one after another, which takes twice as long",
    );
  }
  return hash;
}
