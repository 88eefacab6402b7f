/** Checkpoints: the root of each is what the entries lead to, a signer of the ledger signed it, and their times do not run backwards. */

import { RecoveryError, requireSigner } from "../../ledger/recovery.ts";
import { type Hex, toHex } from "../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { DamagedStoreError } from "../../store/store.ts";
import { readable } from "../walk/readable.ts";
import type { AuditCheck, Ground } from "./check.ts";

type Kept = { readonly looked: number; readonly lastSize: number; readonly lastSignedAt: number };

export class CheckpointsCheck implements AuditCheck {
  readonly name = "checkpoints";
  readonly skipped = undefined;
  readonly #ground: Ground;
  #looked: number;
  #lastSize: number;
  #lastSignedAt: number;

  constructor(ground: Ground, kept?: unknown) {
    const { looked = 0, lastSize = 0, lastSignedAt = 0 } = (kept ?? {}) as Partial<Kept>;
    this.#ground = ground;
    this.#looked = looked;
    this.#lastSize = lastSize;
    this.#lastSignedAt = lastSignedAt;
  }

  get looked(): number {
    return this.#looked;
  }

  /** The newest checkpoint; when that one is damaged, the last before it. */
  async head(): Promise<SignedCheckpoint | undefined> {
    const { store, record, add } = this.#ground;
    const newest = await readable(store.head(record.id));
    if (!(newest instanceof DamagedStoreError)) return newest;
    let last: SignedCheckpoint | undefined;
    for (;;) {
      const next = await readable(store.checkpointCovering(record.id, last?.size ?? 0));
      if (next instanceof DamagedStoreError || next === undefined) break;
      last = next;
    }
    const size = last?.size ?? 0;
    add("checkpoint_damaged", size, size + 1, `the newest checkpoint: ${newest.message}`);
    return last;
  }

  /** The next checkpoint behind a size that can be read. */
  async next(from: number, size: number): Promise<SignedCheckpoint | undefined> {
    const { store, record, add } = this.#ground;
    for (let index = from; index < size; index++) {
      const found = await readable(store.checkpointCovering(record.id, index));
      if (!(found instanceof DamagedStoreError)) return found;
      add("checkpoint_damaged", index, index + 1, found.message);
    }
    return undefined;
  }

  /** Compares one with the root that the entries lead to; undefined when that is not known. */
  compare(checkpoint: SignedCheckpoint, rebuilt: Uint8Array | undefined): void {
    const { add } = this.#ground;
    const { size, signedAt } = checkpoint;
    const range = [this.#lastSize, size] as const;
    this.#lastSize = size;
    this.#looked++;
    if (rebuilt === undefined) {
      add("checkpoint_unchecked", ...range, `the root of checkpoint ${size} cannot be compared`);
    } else this.#compareRoot(checkpoint, toHex(rebuilt), range);
    this.#compareSigner(checkpoint, range);
    if (signedAt < this.#lastSignedAt) {
      const detail = `checkpoint ${size} was signed at ${signedAt}, the one before at ${this.#lastSignedAt}`;
      add("checkpoint_time", ...range, detail);
    }
    this.#lastSignedAt = signedAt;
  }

  keep(): unknown {
    return { looked: this.#looked, lastSize: this.#lastSize, lastSignedAt: this.#lastSignedAt } satisfies Kept;
  }

  #compareRoot({ size, root }: SignedCheckpoint, rebuilt: Hex, range: readonly [number, number]): void {
    if (rebuilt === root) return;
    const detail = `checkpoint ${size} has the root ${root}, the entries lead to ${rebuilt}`;
    this.#ground.add("checkpoint_root", ...range, detail);
  }

  #compareSigner(checkpoint: SignedCheckpoint, range: readonly [number, number]): void {
    const { record, hash, add } = this.#ground;
    try {
      requireSigner(record, checkpoint, hash);
    } catch (error) {
      if (!(error instanceof RecoveryError)) throw error;
      add("checkpoint_signature", ...range, error.message);
    }
  }
}
