/** What is asked for was pruned: its body is gone by the retention policy of its ledger, and what proves its neighbours stays. */

import type { Pruned } from "../entry/entry.ts";
import { type Hex, toHex } from "../merkle/bytes.ts";
import type { Store } from "../store/store.ts";
import { archiveNow } from "../store/values/archive-names.ts";

/** Of an entry that was pruned; an archive that was written again since is named as it is called now. */
export async function prunedError(store: Pick<Store, "record">, index: number, pruned: Pruned): Promise<PrunedError> {
  const { leafHash, archive } = pruned;
  return new PrunedError(
    index,
    archive === undefined ? pruned : { leafHash, archive: await archiveNow(store, archive) },
  );
}

class PrunedError extends Error {
  override readonly name = "PrunedError";
  readonly code = "event_pruned";
  readonly leafHash: Hex;
  /** Name of the archive that has it. */
  readonly archive: string | undefined;

  constructor(index: number, { leafHash, archive }: Pruned) {
    const where = archive === undefined ? "it is in no archive" : `it is in the archive ${archive}`;
    super(`expected an event that is kept, got ${index}, which was pruned by the retention policy; ${where}`);
    this.leafHash = toHex(leafHash);
    this.archive = archive;
  }
}
