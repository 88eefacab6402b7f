/**
 * The port to durable storage. What an implementation promises, and test/store/suite.ts proves:
 *
 * - A commit is atomic and durable when its promise resolves, and happens only if the ledger still has the size it
 *   starts from. SizeConflictError, RangeError and StoreUnavailableError mean that nothing was written; any other failure
 *   of a commit means that nobody knows, and the caller must stop and recover.
 * - After a write that failed nothing is acknowledged before the store has made sure that it can be found again. While it
 *   does, writes are refused with StoreUnavailableError, and reads go on where they can.
 * - What was written is read back byte for byte, or an error says that it is damaged. Entries, tiles and checkpoints
 *   are never changed by a later commit. Tiles alone may be replaced: they follow from the entries.
 * - Records are small documents that other parts keep beside the ledgers (keys, anchors, indexes). One write of many
 *   records is atomic; it is durable when asked to be.
 * - Only one process holds a store of this kind at a time, unless the implementation says otherwise.
 */

import type { Entry } from "../entry/entry.ts";
import type { PackedEntry } from "../entry/packed.ts";
import type { Hex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Tile } from "../merkle/tile.ts";

/** A ledger as it was opened; `signer` is the one in force. Hex is lower case. */
export type LedgerRecord = {
  readonly id: Hex;
  readonly name: string;
  readonly label: Hex;
  readonly owner: Hex;
  readonly signer: Hex;
  /** Signers before it, oldest first: what they signed stays valid. */
  readonly formerSigners?: readonly Hex[];
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** It was brought here to be read: whoever goes on with it signs elsewhere, and nothing is ever signed for it here. */
  readonly readOnly?: true;
};

/**
 * What an idempotency key was used for: which entries it stands for, as [first index, count] in order.
 * `key` and `content` are full 256-bit digests; equal keys with another content are a conflict.
 */
export type IdempotencyClaim = {
  readonly key: Uint8Array;
  readonly content: Uint8Array;
  readonly ranges: readonly (readonly [from: number, count: number])[];
};

/**
 * What becomes of a claim: it stays; or its content is replaced by chance, so that it still keeps its events from being recorded
 * twice and says nothing of them; or it goes.
 */
export type ClaimOutcome = "stays" | "forgets" | "goes";
export type JudgeClaim = (ranges: IdempotencyClaim["ranges"]) => ClaimOutcome;

/** What is found under a claim's key. */
export type FoundClaim = IdempotencyClaim | DamagedStoreError | undefined;

/** Everything that becomes true at once when entries [from, from + entries.length) are recorded; nobody changes the entries any more. */
export type Commit = {
  readonly from: number;
  readonly entries: readonly PackedEntry[];
  readonly claims: readonly IdempotencyClaim[];
  readonly tiles: readonly Tile[];
  readonly checkpoint: SignedCheckpoint;
};

/** An entry to be put in the place of the one of this index. */
export type EntryReplacement = { readonly index: number; readonly entry: PackedEntry };

/** One change of a record; a value of undefined deletes. Keys are compared as UTF-8 bytes. */
export type RecordWrite = { readonly space: string; readonly key: string; readonly value: string | undefined };

/** Which keys to list, in order of their UTF-8 bytes: from `gte` or after `gt`, to before `lt` or up to `lte`. */
export type RecordRange = {
  readonly gte?: string;
  readonly gt?: string;
  readonly lt?: string;
  readonly lte?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
  /** Gets each record that is damaged, which is then passed over; without it the first one is an error. */
  readonly onDamaged?: (key: string, error: DamagedStoreError) => void;
};

export interface Store {
  /** Ledgers in the order they were added. */
  ledgers(): Promise<LedgerRecord[]>;
  /** Adds a ledger, durably. @throws LedgerExistsError when its id or name is taken */
  addLedger(record: LedgerRecord): Promise<void>;
  /** Records another signer of a ledger, durably; the one in force joins the former ones. */
  updateSigner(ledgerId: Hex, signer: Hex): Promise<void>;

  /** Newest checkpoint; undefined while the ledger is empty. Its size is the ledger's size. */
  head(ledgerId: Hex): Promise<SignedCheckpoint | undefined>;
  /**
   * Records a commit.
   * @throws SizeConflictError when the ledger's size is not `commit.from`, RangeError when the commit's parts do not
   *   fit together or cannot be encoded, StoreUnavailableError when the store cannot write for now; nothing is written
   *   in these cases
   */
  commit(ledgerId: Hex, commit: Commit): Promise<void>;
  /**
   * Gets what it needs to write entries, where that takes time, so that the writer does not wait for it: a key that has to
   * be made or asked for elsewhere. Undefined when it has all.
   */
  ready(ledgerId: Hex, entries: readonly Pick<PackedEntry, "members">[]): Promise<void> | undefined;
  entry(ledgerId: Hex, index: number): Promise<Entry | undefined>;
  /** Entries [from, to) in order. @throws DamagedStoreError when one is missing or unreadable */
  entries(ledgerId: Hex, from: number, to: number): AsyncIterable<Entry>;
  /** The same as they are stored, whole but not decoded, some at a time. */
  packedEntries(ledgerId: Hex, from: number, to: number): AsyncIterable<readonly PackedEntry[]>;
  /**
   * The first of the entries [from, to) as commits brought them just now, where they are still in memory: for whoever follows a ledger.
   * What is given is let go of, and of what was replaced meanwhile nothing is given. Undefined where they have to be read.
   */
  takeRecent(ledgerId: Hex, from: number, to: number): readonly PackedEntry[] | undefined;
  /** Hashes of a full tile, 8192 bytes. */
  tile(ledgerId: Hex, level: number, n: number): Promise<Uint8Array | undefined>;
  /** Puts a tile that was made again from the entries in the place of a damaged or missing one, durably. */
  replaceTile(ledgerId: Hex, tile: Tile): Promise<void>;
  /** The checkpoint of exactly this size. */
  checkpoint(ledgerId: Hex, size: number): Promise<SignedCheckpoint | undefined>;
  /** The first checkpoint that covers an index: the one its commit wrote. */
  checkpointCovering(ledgerId: Hex, index: number): Promise<SignedCheckpoint | undefined>;
  /** Claims under these 32-byte keys, in the order asked; a damaged one stands as its error, so that the others do not suffer. */
  claims(ledgerId: Hex, keys: readonly Uint8Array[]): Promise<FoundClaim[]>;

  /**
   * Puts entries in the place of those that are there, durably and all at once, and deletes claims. What is put there has less
   * in it and the same leaf hash, which is for the caller to see to. Older values may stay on the disk until `compact`.
   * @throws RangeError when there is no entry of an index; nothing is written then
   */
  replaceEntries(
    ledgerId: Hex,
    replacements: readonly EntryReplacement[],
    claims: readonly Uint8Array[],
  ): Promise<void>;
  /**
   * Makes claims forget what their events were, durably: what `decide` says of the entries that one stands for, it becomes.
   * Any number at a time; done again, it changes nothing that is settled.
   */
  settleClaims(ledgerId: Hex, decide: JudgeClaim): Promise<void>;
  /** Takes off the disk what was replaced and removed; no file of the store has it when the promise resolves. */
  compact(): Promise<void>;

  record(space: string, key: string): Promise<string | undefined>;
  records(space: string, range?: RecordRange): AsyncIterable<readonly [key: string, value: string]>;
  /** Writes records atomically; `durable` waits until they survive a power cut. */
  writeRecords(writes: readonly RecordWrite[], options: { readonly durable: boolean }): Promise<void>;

  close(): Promise<void>;
}

/** Somebody else extended the ledger first; nothing was written. */
export class SizeConflictError extends Error {
  override readonly name = "SizeConflictError";
  readonly code = "size_conflict";
}

/** A ledger with this id or name exists already. */
export class LedgerExistsError extends Error {
  override readonly name = "LedgerExistsError";
  readonly code = "ledger_exists";
}

/** Something that was written cannot be read back as it was. */
export class DamagedStoreError extends Error {
  override readonly name = "DamagedStoreError";
  readonly code = "store_damaged";
}

/** The store takes no writes for now, or cannot be read for now: nothing was written, and it is mended without a restart. */
export class StoreUnavailableError extends Error {
  override readonly name = "StoreUnavailableError";
  readonly code = "store_unavailable";
}

/** Another process holds the store. */
export class StoreLockedError extends Error {
  override readonly name = "StoreLockedError";
  readonly code = "store_locked";
}
