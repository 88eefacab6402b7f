/**
 * Encrypts what stands in a store in clear: entries, claims and records, a batch at a time, each written once. Interrupted at any
 * point, the store is as readable as before, and the next run goes on with what is still in clear.
 */

import type { PackedEntry } from "../../entry/packed.ts";
import * as keys from "../key-layout.ts";
import type { Database, LevelBatch } from "../leveldb/database.ts";
import { readingError } from "../leveldb/reading.ts";
import { Claims, type OfLedger } from "./claims.ts";
import { EntryValues } from "./entry-values.ts";
import { Records } from "./records.ts";
import type { StoredValues } from "./stored-values.ts";
import { decodeClaim, decodePackedEntry, decodeText, isEncrypted, isPruned, revisionOf } from "./value-layout.ts";

export type EncryptAllOptions = {
  readonly db: Database;
  readonly values: StoredValues;
  readonly ledgers: readonly OfLedger[];
  /** Told after each batch how many values were looked at, and how many of them were encrypted. */
  readonly onProgress: (looked: number, encrypted: number) => void;
};

type PlainValue = { readonly key: Uint8Array; readonly value: Uint8Array };
type Change = (batch: LevelBatch) => void;

const BATCH_VALUES = 1024;
const BATCH_BYTES = 4 * 1024 * 1024;

/** Encrypts all that is in clear; returns how many values that were. */
export async function encryptAll(options: EncryptAllOptions): Promise<number> {
  const encrypter = new Encrypter(options);
  let looked = 0;
  let encrypted = 0;
  let batch: PlainValue[] = [];
  let bytes = 0;
  const flush = async () => {
    if (batch.length > 0) await encrypter.encrypt(batch);
    encrypted += batch.length;
    batch = [];
    bytes = 0;
    options.onProgress(looked, encrypted);
  };
  for await (const [key, value] of options.db.range({}, (cause) => readingError(cause, () => "the store"))) {
    looked++;
    if (!keys.holdsWords(key) || isEncrypted(value) || (keys.isEntry(key) && isPruned(value))) continue;
    batch.push({ key: key.slice(), value: value.slice() });
    bytes += value.length;
    if (batch.length >= BATCH_VALUES || bytes >= BATCH_BYTES) await flush();
  }
  await flush();
  return encrypted;
}

class Encrypter {
  readonly #options: EncryptAllOptions;
  readonly #entries: EntryValues;
  readonly #claims: Claims;
  readonly #records: Records;

  constructor(options: EncryptAllOptions) {
    this.#options = options;
    this.#entries = new EntryValues(options.db, options.values);
    this.#claims = new Claims(options.db, options.values);
    this.#records = new Records(options.db, options.values);
  }

  async encrypt(found: readonly PlainValue[]): Promise<void> {
    const changes: Change[] = [];
    const entries = found.filter(({ key }) => keys.isEntry(key));
    for (const ledger of this.#options.ledgers) {
      const own = entries.filter(({ key }) => keys.ledgerOf(key) === ledger.number);
      if (own.length > 0) changes.push(await this.#entriesOf(ledger, own));
    }
    for (const { key, value } of found) {
      if (keys.isClaim(key)) changes.push(this.#claim(key, value));
      else if (!keys.isEntry(key)) changes.push(this.#record(key, value));
    }
    await this.#options.db.write({ sync: true }, (batch) => {
      for (const change of changes) change(batch);
    });
  }

  async #entriesOf(ledger: OfLedger, found: readonly PlainValue[]): Promise<Change> {
    const entries = found.map(({ key, value }): PackedEntry => {
      return decodePackedEntry(value, () => `entry ${keys.numberOf(key)} of ledger ${ledger.ledgerId}`);
    });
    const cipherKeys = await this.#entries.cipherKeys(ledger, entries);
    return (batch) => {
      for (const [i, { key, value }] of found.entries()) {
        const place = { ledgerId: ledger.ledgerId, index: keys.numberOf(key) };
        const entry = entries[i] as PackedEntry;
        batch.put(key, this.#options.values.entry(place, entry, cipherKeys?.[i], revisionOf(value)));
      }
    };
  }

  #claim(key: Uint8Array, value: Uint8Array): Change {
    const number = keys.ledgerOf(key);
    const ledger = this.#options.ledgers.find((each) => each.number === number);
    const claimed = keys.claimedIn(key);
    const claim = decodeClaim(value, claimed, () => "an idempotency claim");
    return (batch) => {
      // Of a ledger that is not there nothing can be encrypted; nobody reads it either.
      if (ledger === undefined) return;
      batch.del(key);
      this.#claims.put(batch, ledger, [claim]);
    };
  }

  #record(key: Uint8Array, value: Uint8Array): Change {
    const write = keys.recordIn(key);
    const text = decodeText(value, () => `record ${JSON.stringify(write.key)} of ${write.space}`);
    return (batch) => this.#records.put(batch, { ...write, value: text });
  }
}
