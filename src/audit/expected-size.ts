/**
 * What is remembered of a ledger beside its entries: by the mark beside the store, by anchors, and by the last seal. A store that
 * has less is not the newest copy, or has lost something.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeMark, type Mark, MarkLostError, markFile } from "../ledger/marks/mark.ts";
import { sealedSize } from "../ledger/seal/seal.ts";
import type { Hash } from "../merkle/hash.ts";
import { listAnchors } from "../store/anchor-record.ts";
import type { LedgerRecord, Store } from "../store/store.ts";
import type { Remembered } from "./checks/memory.ts";

/** Where what is remembered of a ledger can be read. */
export type MemoryPlaces = {
  readonly store: Store;
  readonly record: LedgerRecord;
  /** Folder of the marks. */
  readonly marks: string;
  readonly hash: Hash;
};

export type Memory = {
  readonly remembered: readonly Remembered[];
  /** Why its mark cannot be believed. */
  readonly lost?: MarkLostError;
  readonly isMarked: boolean;
};

/**
 * What marks, anchors and the last seal say of a ledger; `lost` when its mark cannot be believed.
 * @param onSkipped hears of what is damaged itself, and so not compared
 */
export async function rememberedOf(
  { store, record, marks, hash }: MemoryPlaces,
  onSkipped: (message: string) => void,
): Promise<Memory> {
  const anchors = await listAnchors(store, record.id, {
    onDamaged: ({ key }) => onSkipped(`the record ${key} of an anchor of ${record.name} is damaged, and not compared`),
  });
  const remembered = anchors.map(({ size, root, chainId }) => ({ size, root, by: `the anchor on chain ${chainId}` }));
  const sealed = await sealedSize(store, record.id);
  if (sealed !== undefined) remembered.push({ ...sealed, by: "the last seal" });
  const mark = await readMark(marks, record, hash);
  if (mark instanceof MarkLostError) return { remembered, lost: mark, isMarked: true };
  if (mark === undefined || !("root" in mark)) return { remembered, isMarked: mark !== undefined };
  const marked = { size: mark.size, root: mark.root, by: "the mark beside the store" };
  return { remembered: [marked, ...remembered], isMarked: true };
}

async function readMark(
  directory: string,
  record: LedgerRecord,
  hash: Hash,
): Promise<Mark | MarkLostError | undefined> {
  const file = join(directory, markFile(record.id));
  try {
    return decodeMark(await readFile(file, "utf8"), record, hash, file);
  } catch (error) {
    if (error instanceof MarkLostError) return error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
