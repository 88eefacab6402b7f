/**
 * Marks made anew from the store, which somebody has to ask for: whoever says that a store is the newest copy takes the
 * risk that it is not. A mark that can be read is believed and never replaced, so that this is no way to go on with an older copy.
 */

import type { Hash } from "../../merkle/hash.ts";
import type { LedgerRecord, Store } from "../../store/store.ts";
import { recover } from "../recovery.ts";
import type { MarkFolder } from "./folder.ts";
import { decodeMark, encodeMark, type Mark, MarkLostError, markFile, requireReached } from "./mark.ts";

/** What became of a ledger's mark; `size` is what it says now. */
export type Renewed = { readonly name: string; readonly size: number; readonly what: "made" | "replaced" | "kept" };

/**
 * Makes the marks that are missing or damaged; what was damaged is kept beside, as `….json.damaged`.
 * @throws StoreOlderError when a mark that can be read is ahead of the store or of another history
 * @throws RecoveryError when the store does not fit together in itself
 */
export async function renewMarks(store: Store, folder: MarkFolder, hash: Hash): Promise<Renewed[]> {
  const renewed: Renewed[] = [];
  for (const record of await store.ledgers()) {
    // Nothing is signed for one that is to be read, so that there is nothing to remember.
    if (record.readOnly !== true) renewed.push(await renew(store, record, folder, hash));
  }
  return renewed;
}

async function renew(store: Store, record: LedgerRecord, folder: MarkFolder, hash: Hash): Promise<Renewed> {
  const { head } = await recover(store, record, hash);
  const { name } = record;
  const file = markFile(record.id);
  const where = `${folder.path}/${file}`;
  const text = await folder.read(file);
  const mark = text === undefined ? undefined : readable(text, record, hash, where);
  if (mark !== undefined) {
    const rootAt = async (size: number) => (await store.checkpoint(record.id, size))?.root;
    await requireReached({ name, size: head?.size ?? 0, rootAt }, mark, where);
    return { name, size: mark.size, what: "kept" };
  }
  const files = new Map([[file, encodeMark(head ?? { ledgerId: record.id, size: 0 })]]);
  if (text !== undefined) files.set(`${file}.damaged`, text);
  await folder.write(files);
  return { name, size: head?.size ?? 0, what: text === undefined ? "made" : "replaced" };
}

function readable(text: string, record: LedgerRecord, hash: Hash, where: string): Mark | undefined {
  try {
    return decodeMark(text, record, hash, where);
  } catch (error) {
    if (error instanceof MarkLostError) return undefined;
    throw error;
  }
}
