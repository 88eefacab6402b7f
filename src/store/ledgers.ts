/** What every store asks of the ledgers and commits it is given, and the text form of a ledger. */

import type { Hex } from "../merkle/bytes.ts";
import { type Commit, DamagedStoreError, LedgerExistsError, type LedgerRecord } from "./store.ts";

const HEX_MEMBERS = { id: 32, label: 32, owner: 20, signer: 20 } as const;

/** @throws LedgerExistsError when one of the others has the id or the name */
export function requireNew(record: LedgerRecord, others: Iterable<LedgerRecord>): void {
  for (const other of others) {
    if (other.id === record.id) throw new LedgerExistsError(`expected a new ledger, got the id ${record.id} again`);
    if (other.name === record.name) {
      throw new LedgerExistsError(`expected a new ledger, got the name ${JSON.stringify(record.name)} again`);
    }
  }
}

/** The ledger under another signer; the one before joins the former ones. */
export function withSigner(record: LedgerRecord, signer: Hex): LedgerRecord {
  if (record.signer === signer) return record;
  const formerSigners = [...(record.formerSigners ?? []), record.signer];
  return { ...record, signer, formerSigners };
}

/** @throws RangeError when the parts of a commit do not fit together; nothing may be written then */
export function checkCommit(ledgerId: Hex, commit: Commit): void {
  const { from, entries, checkpoint } = commit;
  if (entries.length === 0) throw new RangeError("expected a commit with entries, got none");
  if (checkpoint.ledgerId !== ledgerId) {
    throw new RangeError(`expected a checkpoint of ledger ${ledgerId}, got one of ${checkpoint.ledgerId}`);
  }
  if (checkpoint.size !== from + entries.length) {
    throw new RangeError(`expected a checkpoint of size ${from + entries.length}, got ${checkpoint.size}`);
  }
}

export function encodeLedger(record: LedgerRecord): string {
  return JSON.stringify(record);
}

/** @throws DamagedStoreError unless the text is a ledger's */
export function decodeLedger(text: string, number: number): LedgerRecord {
  let record: LedgerRecord;
  try {
    record = JSON.parse(text) as LedgerRecord;
  } catch (cause) {
    throw new DamagedStoreError(`ledger number ${number} is damaged: expected JSON`, { cause });
  }
  const former: unknown = record.formerSigners ?? [];
  const isWhole =
    typeof record.name === "string" &&
    Number.isSafeInteger(record.createdAt) &&
    Object.entries(HEX_MEMBERS).every(([name, length]) => isHex(record[name as keyof typeof HEX_MEMBERS], length)) &&
    Array.isArray(former) &&
    former.every((signer) => isHex(signer, HEX_MEMBERS.signer));
  if (!isWhole) throw new DamagedStoreError(`ledger number ${number} is damaged: expected a ledger, got ${text}`);
  return record;
}

function isHex(value: unknown, length: number): boolean {
  return typeof value === "string" && value.length === 2 + 2 * length && /^0x[0-9a-f]*$/.test(value);
}
