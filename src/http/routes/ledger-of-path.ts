/**
 * Finding the ledger that a path names, for those who may know of it. What a tree discloses is for everybody; but
 * that a ledger with a secret name exists is only for holders of a key.
 */

import type { Request } from "express";
import type { Ledger } from "../../ledger/ledger.ts";
import { labelOf } from "../../merkle/checkpoint.ts";
import type { KeyRing } from "../auth/api-keys.ts";
import { findKey, isFor } from "../auth/authorize.ts";
import { Problem } from "../problem.ts";
import type { LedgerRegistry } from "../services.ts";

/** @throws Problem ledger_unknown */
export function ledgerNamed(ledgers: LedgerRegistry, name: string): Ledger {
  const ledger = ledgers.get(name);
  if (ledger === undefined) throw unknownLedger(name);
  return ledger;
}

/**
 * The ledger of a route that needs no key. One whose label is random, so that nobody can find it by guessing its name,
 * is unknown to everybody without a key for it.
 * @throws Problem ledger_unknown
 */
export function publicLedger(services: { ledgers: LedgerRegistry; keys: KeyRing }, req: Request): Ledger {
  const name = req.params.ledger as string;
  // Computed whether there is such a ledger or not: how long an answer takes must not tell.
  const label = labelOf(name);
  const ledger = ledgerNamed(services.ledgers, name);
  if (ledger.record.label === label) return ledger;
  const key = findKey(services.keys, req);
  if (key === undefined || !isFor(key, name)) throw unknownLedger(name);
  return ledger;
}

function unknownLedger(name: string): Problem {
  return new Problem("ledger_unknown", `expected the name of a ledger of this service, got ${JSON.stringify(name)}`);
}
