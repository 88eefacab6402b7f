/**
 * Which archive stands in the place of one that was written again, without what was erased since: its name follows from what is in it. Entries
 * that were pruned, and events about it, go on naming the one that it was.
 */

import type { RecordWrite, Store } from "../store.ts";

const SPACE = "rewritten-archives";
/** More often than that none was written again; what goes round in a circle was not written here. */
const NAMES_MAX = 10_000;

export function archiveRenaming(was: string, name: string): RecordWrite {
  return { space: SPACE, key: was, value: name };
}

/** The name that an archive has now. */
export async function archiveNow(store: Pick<Store, "record">, name: string): Promise<string> {
  let now = name;
  for (let i = 0; i < NAMES_MAX; i++) {
    const next = await store.record(SPACE, now);
    if (next === undefined) break;
    now = next;
  }
  return now;
}
