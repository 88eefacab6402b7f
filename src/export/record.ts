/** What an export has of one event. Every format is made of this, by the service and by the command line alike. */

import type { Entry } from "../entry/entry.ts";
import type { Hex } from "../merkle/bytes.ts";

export type ExportRecord = {
  readonly index: number;
  /** Milliseconds since 1970. */
  readonly recordedAt: number;
  readonly leafHash: Hex;
  /** The members that are shown. */
  readonly event: Readonly<Record<string, unknown>>;
  /** As it is stored; it leads to the leaf hash. */
  readonly entry: Entry;
};
