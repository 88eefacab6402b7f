/** What is asked for was pruned: its body is gone by the retention policy of its ledger, and what proves its neighbours stays. */

import type { Pruned } from "../entry/entry.ts";
import { type Hex, toHex } from "../merkle/bytes.ts";

export class PrunedError extends Error {
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
