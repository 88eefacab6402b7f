/**
 * Archives -> a store that has what they have: entries, checkpoints and anchors as they were, tiles made again. Nothing is signed: each
 * commit is one that the ledger's signer signed once, and its root has to be the one that the entries lead to. The ledger is to be read
 * then, unless it is said that it goes on there.
 * Why: docs/decisions/0221.
 */

import { entryLeafHash } from "../entry/entry.ts";
import { type PackedEntry, unpackEntry } from "../entry/packed.ts";
import { fastRecoverSigner } from "../keys/local-signer.ts";
import { TreeEdge } from "../merkle/append.ts";
import { type Hex, toHex } from "../merkle/bytes.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { anchorWrite } from "../store/anchor-record.ts";
import type { LedgerRecord, Store } from "../store/store.ts";
import type { ArchiveHeader, ArchivePart, ArchiveProof } from "./archive.ts";
import type { ArchiveVerdict } from "./archive-verdict.ts";
import { type CheckOptions, checkArchive } from "./check-archive.ts";
import { ArchiveConflictError, mergeArchives } from "./ordered-parts.ts";

/** Names that ledgers can have, that of accesses among them. An archive does not prove its own: it may be anybody's text. */
const LEDGER_NAME = /^[a-z0-9_][a-z0-9._-]{0,63}$/;

/** An archive in clear, which can be read again from its begin. Several may have the same entries. */
export type RestorableArchive = { readonly name: string; readonly read: () => AsyncIterable<Uint8Array> };

export type RestoreOptions = {
  readonly hash: Hash;
  readonly onProgress?: (done: number, total: number) => void;
  /** Whether the ledger goes on in the store, and nowhere else: without it nothing is ever signed for it there. */
  readonly goesOn?: boolean;
};

export type ImportOptions = CheckOptions & Pick<RestoreOptions, "goesOn">;

/** What is in the store now. */
export type Restored = {
  readonly record: LedgerRecord;
  readonly size: number;
  readonly root: Hex;
  readonly anchors: number;
  /** Entries at the end that no checkpoint of the ledger ends with; they are not in the store. */
  readonly left: number;
};

/** Archives that cannot be restored together, or do not verify. */
export class RestoreError extends Error {
  override readonly name = "RestoreError";
  readonly code = "restore_refused";
}

type Checked = RestorableArchive & { readonly found: NonNullable<ArchiveVerdict["archive"]> };

/**
 * Restores a ledger from its begin.
 * @param store has no ledger of that id or name
 * @throws RestoreError before anything is written, unless each verifies and together they have every entry from 0 on, with its body or
 *   by its leaf hash; and while it is written, where two of them contradict each other
 */
export async function restoreArchives(
  store: Store,
  archives: readonly RestorableArchive[],
  { hash, onProgress = () => undefined, goesOn = false }: RestoreOptions,
): Promise<Restored> {
  const checked = await checkAll(archives, hash);
  const total = Math.max(...checked.map(({ found }) => found.range.to));
  const writing = new RestoredLedger(store, hash, !goesOn);
  const ordered = checked.map(({ name, read, found }) => ({ name, read, from: found.range.from }));
  try {
    for await (const part of mergeArchives(ordered, hash)) {
      if (part.kind !== "end") await writing.take(part);
      else if (checked.every(({ name, found }) => name !== part.name || found.digest !== part.digest)) {
        throw new RestoreError(`${part.name} was changed while it was read`);
      }
      if (part.kind === "entries") onProgress(part.first + part.entries.length, total);
    }
  } catch (error) {
    throw error instanceof ArchiveConflictError ? new RestoreError(error.message, { cause: error }) : error;
  }
  return writing.end();
}

/**
 * Makes a ledger of one archive, which need not be there a second time: what is written is worth something only when this resolves.
 * @param bytes of an archive in clear of the whole ledger, or of its beginning
 * @param store is thrown away when this rejects
 * @throws RestoreError unless all of it verifies, as far as the options let it be told
 */
export async function importArchive(
  store: Store,
  bytes: AsyncIterable<Uint8Array>,
  { goesOn = false, ...checking }: ImportOptions,
): Promise<Restored & { readonly verdict: ArchiveVerdict }> {
  const writing = new RestoredLedger(store, checking.hash, !goesOn);
  const onPart = async (part: ArchivePart): Promise<void> => {
    if (part.kind === "header" && part.header.range.from !== 0) {
      const from = String(part.header.range.from);
      throw new RestoreError(`expected an archive that begins with entry 0, got one from ${from} on`);
    }
    await writing.take(part);
  };
  const verdict = await checkArchive(bytes, { ...checking, onPart });
  if (verdict.archive === undefined) throw new RestoreError(verdict.summary);
  return { ...(await writing.end()), verdict };
}

/** In the order of their ranges. */
async function checkAll(archives: readonly RestorableArchive[], hash: Hash): Promise<Checked[]> {
  const checked: Checked[] = [];
  const recover = (checkpoint: SignedCheckpoint) => fastRecoverSigner(checkpoint, hash);
  for (const archive of archives) {
    const { checks, archive: found, summary } = await checkArchive(archive.read(), { hash, recover, offline: true });
    if (checks === "failed" || found === undefined) throw new RestoreError(`${archive.name}: ${summary}`);
    checked.push({ ...archive, found });
  }
  checked.sort((a, b) => a.found.range.from - b.found.range.from);
  let next = 0;
  for (const { name, found } of checked) {
    const [first] = checked as [Checked];
    if (found.ledger.id !== first.found.ledger.id) {
      throw new RestoreError(
        `${name}: expected ledger ${first.found.ledger.id} as in ${first.name}, got ${found.ledger.id}`,
      );
    }
    if (found.range.from > next) {
      throw new RestoreError(
        `${name}: expected an archive that begins with entry ${next} or before, got one from ${found.range.from} on: without what is between there is no tree`,
      );
    }
    next = Math.max(next, found.range.to);
  }
  if (checked.length === 0) throw new RestoreError("expected archives, got none");
  return checked;
}

class RestoredLedger {
  readonly #store: Store;
  readonly #hash: Hash;
  readonly #isReadOnly: boolean;
  readonly #edge: TreeEdge;
  #record: LedgerRecord | undefined;
  #newest: SignedCheckpoint | undefined;
  /** Entries that wait for the checkpoint that ends with them. */
  #waiting: PackedEntry[] = [];
  #proofs: ArchiveProof[] = [];

  constructor(store: Store, hash: Hash, isReadOnly: boolean) {
    this.#store = store;
    this.#hash = hash;
    this.#isReadOnly = isReadOnly;
    this.#edge = new TreeEdge(hash);
  }

  async take(part: ArchivePart): Promise<void> {
    if (part.kind === "header") await this.#begin(part.header);
    else if (part.kind === "entries") this.#waiting.push(...part.entries);
    else if (part.kind === "checkpoint") await this.#commit(part.checkpoint);
    else if (part.kind === "proof") await this.#prove(part.proof);
  }

  async end(): Promise<Restored> {
    const record = this.#record as LedgerRecord;
    if (this.#newest === undefined) {
      throw new RestoreError("expected a checkpoint of the ledger in the archives, got none: a longer range has some");
    }
    const anchors = await this.#writeAnchors();
    return { record, size: this.#edge.size, root: this.#newest.root, anchors, left: this.#waiting.length };
  }

  /** The signers of the last archive are those in force; of each, the last one. */
  async #begin({ ledger, signers }: ArchiveHeader): Promise<void> {
    const { id, name, label, owner, createdAt } = ledger;
    if (!LEDGER_NAME.test(name)) {
      throw new RestoreError(`expected a name that a ledger can have, got ${JSON.stringify(name.slice(0, 64))}`);
    }
    const all = signers.map((signer) => signer.toLowerCase() as Hex);
    if (this.#record === undefined) {
      const [first, ...later] = all as [Hex, ...Hex[]];
      const record = { id, name, label, owner: owner.toLowerCase() as Hex, signer: first, createdAt };
      this.#record = this.#isReadOnly ? { ...record, readOnly: true } : record;
      await this.#store.addLedger(this.#record);
      for (const signer of later) await this.#rotate(signer);
    } else {
      const known = [...(this.#record.formerSigners ?? []), this.#record.signer];
      for (const signer of all.filter((each) => !known.includes(each))) await this.#rotate(signer);
    }
  }

  async #rotate(signer: Hex): Promise<void> {
    const { id } = this.#record as LedgerRecord;
    await this.#store.updateSigner(id, signer);
    this.#record = (await this.#store.ledgers()).find((each) => each.id === id);
  }

  /** A proof that is of exactly these entries ends them as well as a checkpoint in between. */
  async #prove(proof: ArchiveProof): Promise<void> {
    this.#proofs.push(proof);
    const { size } = proof.checkpoint;
    const { id } = this.#record as LedgerRecord;
    if (this.#waiting.length > 0 && size === this.#edge.size + this.#waiting.length) {
      await this.#commit({ ledgerId: id, ...proof.checkpoint });
    }
  }

  async #commit(checkpoint: SignedCheckpoint): Promise<void> {
    const entries = this.#waiting;
    if (entries.length === 0) return;
    const from = this.#edge.size;
    this.#edge.appendAll(entries.map((entry) => entryLeafHash(this.#hash, unpackEntry(entry))));
    const root = toHex(this.#edge.root());
    if (root !== checkpoint.root || checkpoint.size !== this.#edge.size) {
      throw new RestoreError(
        `expected the root ${checkpoint.root} of size ${checkpoint.size}, got ${root} of ${this.#edge.size}`,
      );
    }
    const tiles = this.#edge.takeTiles();
    await this.#store.commit(checkpoint.ledgerId, { from, entries, claims: [], tiles, checkpoint });
    this.#edge.forget();
    this.#newest = checkpoint;
    this.#waiting = [];
  }

  /** Those of checkpoints that the store has; what one cost is not in an archive. */
  async #writeAnchors(): Promise<number> {
    const { id } = this.#record as LedgerRecord;
    const done = new Set<string>();
    for (const { checkpoint, anchors } of this.#proofs) {
      const held = await this.#store.checkpoint(id, checkpoint.size);
      if (held?.root !== checkpoint.root) continue;
      const { signedAt, signature } = checkpoint;
      for (const { consistency, ...anchor } of anchors.filter(({ size }) => size === checkpoint.size)) {
        const stage = anchor.state === undefined ? "mined" : "final";
        const write = anchorWrite({ ...anchor, ledgerId: id, signedAt, signature, stage, gasUsed: 0, feeWei: "0" });
        await this.#store.writeRecords([write], { durable: true });
        done.add(`${write.space}/${write.key}`);
      }
    }
    return done.size;
  }
}
