/** What a compaction needs of the database of a store. */

import type { Level } from "level";
import { compactAll, compactionOf } from "./compact-all.ts";
import type { OlderVersions } from "./older-versions.ts";

/** Before and behind every key of a store. */
const FIRST_KEY = new Uint8Array([0x00, 0x00]);
const LAST_KEY = new Uint8Array([0xff]);

type Handle = Level<Uint8Array, Uint8Array>;

export type CompactParts = {
  readonly directory: string;
  readonly older: OlderVersions;
  readonly write: (fill: (batch: ReturnType<Handle["batch"]>) => void) => Promise<void>;
  /** Does something with the handle, again when the database is opened anew meanwhile. */
  readonly reading: (read: (handle: Handle) => Promise<void>) => Promise<void>;
  readonly opening: () => unknown;
};

/** @throws what compactAll throws */
export function compactDatabase({ directory, older, write, reading, opening }: CompactParts): Promise<void> {
  return compactAll({
    directory,
    compactRange: () => reading((handle) => compactionOf(handle, FIRST_KEY, LAST_KEY)()),
    span: () =>
      write((batch) => {
        for (const key of [FIRST_KEY, LAST_KEY]) batch.put(key, key).del(key);
      }),
    last: LAST_KEY,
    removeNone: (keys) =>
      write((batch) => {
        for (const key of keys) batch.del(key);
      }),
    older,
    opening,
  });
}
