/** The port to where bodies go before they are pruned. */

import type { EntryRange } from "../../ledger/index-ranges.ts";
import type { Hex } from "../../merkle/bytes.ts";

/** What is to be kept elsewhere. */
export type ArchiveWish = {
  readonly ledgerId: Hex;
  readonly from: number;
  readonly to: number;
  /** Entries of [from, to) that are wanted with their bodies, ascending; of the others what proves them is enough. */
  readonly wanted: readonly EntryRange[];
  /** Until when it has to be kept; ms since 1970, 0 where nobody asks for a time. */
  readonly retainUntil: number;
  /** Something that would be in it, were it not for that, is under a legal hold. */
  readonly isHeld: boolean;
};

/** An archive that is there. */
export type KeptBodies = {
  readonly name: string;
  /** Entries that it has with their bodies, ascending: of those that were wanted some at least. */
  readonly archived: readonly EntryRange[];
};

export interface Archiver {
  /** Looks at the place for archives, as far as it has not yet. @throws ArchiveRefusal when nothing can be archived there */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * Keeps it, reads it back and verifies it, and only then resolves. Asked again for what it has, after it was interrupted or
   * ended, it keeps no second one, and looks again at the first.
   * @throws ArchiveRefusal when it is not kept, or is not what was written: nothing may be pruned then
   */
  archive(wish: ArchiveWish, signal: AbortSignal): Promise<KeptBodies>;
}

export type ArchiveRefusalCode = "archive_unavailable" | "archive_not_kept" | "archive_not_write_once";

/** Why nothing is archived; the message is for whoever may see how far pruning is. */
export class ArchiveRefusal extends Error {
  override readonly name = "ArchiveRefusal";
  readonly code: ArchiveRefusalCode;

  constructor(code: ArchiveRefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
