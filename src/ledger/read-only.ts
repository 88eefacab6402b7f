/** Ledgers that were brought here to be read: whoever signs for them is elsewhere, and two that signed would fork them. */

import type { CheckpointSigner } from "../keys/signer.ts";
import type { LedgerRecord } from "../store/store.ts";
import { HeldBackError } from "./append/commit.ts";

/** Nothing is recorded in this ledger here; it goes on elsewhere, or in a successor. */
class LedgerReadOnlyError extends HeldBackError {
  override readonly name = "LedgerReadOnlyError";
  readonly code = "ledger_read_only";
  override readonly retryAfterS = undefined;
}

export function readOnlyError({ name }: LedgerRecord): HeldBackError {
  return new LedgerReadOnlyError(
    `expected a ledger that goes on here, got ${name}, which was imported to be read: it goes on where it came from, or in a successor`,
  );
}

/** In the place of its signer, whose key is elsewhere. */
export function muteSigner(record: LedgerRecord): CheckpointSigner {
  const { signer, name } = record;
  const sign = async () => {
    throw new Error(`expected nothing to be signed for ledger ${name} here`);
  };
  return { address: signer, sign };
}
