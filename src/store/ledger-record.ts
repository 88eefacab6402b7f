/** What every store asks of the ledgers and commits it is given, and the text form of a ledger. */

import { readJson } from "../json/read.ts";
import type { Hex } from "../merkle/bytes.ts";
import { TILE_BYTES } from "../merkle/tile.ts";
import { type Commit, DamagedStoreError, LedgerExistsError, type LedgerRecord } from "./store.ts";

const HEX_MEMBERS = { id: 32, label: 32, owner: 20, signer: 20 } as const;

/**
 * Checks a ledger that is to be added.
 * @throws TypeError unless it is written as the port says, LedgerExistsError when one of the others has its id or name
 */
export function requireNew(record: LedgerRecord, others: Iterable<LedgerRecord>): void {
  const wrong = findWrong(record);
  if (wrong !== undefined) throw new TypeError(`expected a ledger with ${wrong}, got ${JSON.stringify(record)}`);
  for (const other of others) {
    if (other.id === record.id) throw new LedgerExistsError(`expected a new ledger, got the id ${record.id} again`);
    if (other.name === record.name) {
      throw new LedgerExistsError(`expected a new ledger, got the name ${JSON.stringify(record.name)} again`);
    }
  }
}

/**
 * The ledger under another signer; the one before joins the former ones.
 * @throws TypeError when the signer is no address in lower case
 */
export function withSigner(record: LedgerRecord, signer: Hex): LedgerRecord {
  if (!isHex(signer, 20)) throw new TypeError(`expected an address in lower case as signer, got ${signer}`);
  if (record.signer === signer) return record;
  const formerSigners = [...(record.formerSigners ?? []), record.signer];
  return { ...record, signer, formerSigners };
}

/** @throws RangeError when the parts of a commit do not fit together; nothing may be written then */
export function checkCommit(ledgerId: Hex, commit: Commit): void {
  const { from, entries, tiles, checkpoint } = commit;
  if (entries.length === 0) throw new RangeError("expected a commit with entries, got none");
  if (checkpoint.ledgerId !== ledgerId) {
    throw new RangeError(`expected a checkpoint of ledger ${ledgerId}, got one of ${checkpoint.ledgerId}`);
  }
  if (checkpoint.size !== from + entries.length) {
    throw new RangeError(`expected a checkpoint of size ${from + entries.length}, got ${checkpoint.size}`);
  }
  const odd = tiles.find(({ hashes }) => hashes.length !== TILE_BYTES);
  if (odd !== undefined) throw new RangeError(`expected tiles of ${TILE_BYTES} bytes, got one of ${odd.hashes.length}`);
}

export function encodeLedger(record: LedgerRecord): string {
  return JSON.stringify(record);
}

/** @throws DamagedStoreError unless the text is a ledger's */
export function decodeLedger(text: string, number: number): LedgerRecord {
  let record: LedgerRecord;
  try {
    record = readJson(text) as LedgerRecord;
  } catch (cause) {
    throw new DamagedStoreError(`ledger number ${number} is damaged: expected JSON`, { cause });
  }
  const wrong = findWrong(record);
  if (wrong !== undefined) {
    throw new DamagedStoreError(`ledger number ${number} is damaged: expected ${wrong}, got ${text}`);
  }
  return record;
}

function findWrong(record: LedgerRecord): string | undefined {
  if (typeof record.name !== "string") return "a name";
  if (!Number.isSafeInteger(record.createdAt)) return "a time in ms as createdAt";
  for (const [name, length] of Object.entries(HEX_MEMBERS)) {
    if (!isHex(record[name as keyof typeof HEX_MEMBERS], length)) return `${length} bytes of lower-case hex as ${name}`;
  }
  if (record.readOnly !== undefined && record.readOnly !== true) return "true or nothing as readOnly";
  const former: unknown = record.formerSigners ?? [];
  const isListed = Array.isArray(former) && former.every((signer) => isHex(signer, HEX_MEMBERS.signer));
  return isListed ? undefined : "addresses as formerSigners";
}

function isHex(value: unknown, length: number): boolean {
  return typeof value === "string" && value.length === 2 + 2 * length && /^0x[0-9a-f]*$/.test(value);
}
