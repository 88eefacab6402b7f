/** The legal holds of a ledger whose service is stopped, to be asked by a command that erases: nothing new is placed meanwhile. */

import { planOfText } from "../../http/routes/events/filter-text.ts";
import { createSalts } from "../../ingest/intake/salts.ts";
import type { Hash } from "../../merkle/hash.ts";
import { HoldBook } from "../../retention/hold-book.ts";
import type { LedgerRecord, Store } from "../../store/store.ts";

export async function holdsOfStopped(store: Store, record: LedgerRecord, hash: Hash): Promise<HoldBook> {
  const holds = new HoldBook({ store, hash, salts: createSalts(), now: Date.now, planOf: planOfText });
  // What the ledger was not told yet the service tells it after its next start: a command cannot sign.
  const append = () => Promise.reject(new Error("expected a service that records events, got a command"));
  await holds.follow({ record, append });
  return holds;
}
