/** What anchoring needs of ledgers, and who seals them; the classes of ledger/ fit without knowing it. */

import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { LedgerRecord } from "../store/store.ts";

export type AnchoredLedger = {
  readonly record: LedgerRecord;
  readonly size: number;
  readonly head: SignedCheckpoint | undefined;
  /** Root of the tree of a size up to the ledger's own. */
  readonly root: (size: number) => Promise<Uint8Array>;
  readonly consistencyPath: (from: number, to: number) => Promise<Uint8Array[]>;
  readonly checkpoint: (size: number) => Promise<SignedCheckpoint | undefined>;
};

export type LedgerSource<L extends AnchoredLedger = AnchoredLedger> = {
  readonly ledgers: () => readonly L[];
  /**
   * Reads the ledger back from the store and checks it by a second implementation; returns the checkpoint that passed.
   * Nothing goes to a chain without.
   */
  readonly seal: (ledger: L) => Promise<SignedCheckpoint>;
  /**
   * Signs what was sealed once more, with the ledger's present signer: when an owner replaced the signer on a chain, the
   * contract does not take what the former one signed last, and in a quiet ledger nothing else would come.
   */
  readonly resign?: (ledger: L, sealed: SignedCheckpoint) => Promise<SignedCheckpoint>;
  /** Records something in a ledger in which nothing happened, so that it can be anchored. */
  readonly heartbeat?: (ledger: L) => Promise<void>;
};
