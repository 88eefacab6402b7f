/** The port to where bodies go before they are pruned. */

import type { Hex } from "../../merkle/bytes.ts";

/** What is to be kept elsewhere: of the entries [from, to) those that are wanted; of the others what proves them is enough. */
export type ArchiveWish = {
  readonly ledgerId: Hex;
  readonly from: number;
  readonly to: number;
  readonly isWanted: (index: number) => boolean;
  /** Until when it has to be kept; ms since 1970, 0 where nobody asks for a time. */
  readonly retainUntil: number;
};

export interface Archiver {
  /**
   * Keeps it, reads it back and verifies it, and only then resolves, with its name. Asked again for the same, after it was
   * interrupted or ended, it keeps no second one.
   * @throws when it is not kept, or does not verify: nothing may be pruned then
   */
  archive(wish: ArchiveWish): Promise<string>;
}
