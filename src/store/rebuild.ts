/**
 * A store made anew from everything that is whole in another one's folder, which is only read. What LevelDB's files have kept
 * is in leveldb/salvage.ts; here is what the keys mean: which may be written again, and where a ledger is cut.
 * Why: docs/decisions/0087.
 */

import { rm } from "node:fs/promises";
import * as keys from "./key-layout.ts";
import { Database } from "./leveldb/database.ts";
import { replaceFolder } from "./leveldb/opening/restore-kept.ts";
import { type Loss, salvage } from "./leveldb/salvage.ts";
import type { BadRange } from "./leveldb/tables/table.ts";
import { makeRebuilt, removeRebuilt } from "./rebuilt-folder.ts";
import { claimEnd, isWhole, revisionOf } from "./values/value-layout.ts";

const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

export type RebuildOptions = {
  /** Size at which a ledger ends, by its number; the others keep all. */
  readonly cuts?: ReadonlyMap<number, number>;
  readonly onProgress?: (done: number, all: number) => void;
};

export type Rebuilt = {
  /** Numbers of the ledgers that something was found of. */
  readonly ledgers: readonly number[];
  readonly losses: readonly Loss[];
  /** Whether a manifest could be read; else records that were removed or changed may be back as they were. */
  readonly isListed: boolean;
  readonly kept: number;
  readonly damaged: number;
  readonly cut: number;
};

/**
 * Fills a new folder from what is whole in another one; one that was made so before is removed.
 * @throws the file system's errors, FileRefusedError when the folder is somebody else's
 */
export async function rebuildStore(from: string, to: string, options: RebuildOptions = {}): Promise<Rebuilt> {
  await makeRebuilt(to);
  const counts = { kept: 0, damaged: 0, cut: 0 };
  const ledgers = new Set<number>();
  const revisions = new Map<string, number>();
  const database = await Database.open(to, { writeBufferSize: WRITE_BUFFER_BYTES });
  try {
    const salvaged = await salvage(from, {
      isRewritable: keys.isRewritable,
      put: async (kept) => {
        const chosen = kept.filter(({ key, value }) => {
          const ledger = keys.ledgerOf(key);
          if (ledger !== undefined) ledgers.add(ledger);
          if (!isWhole(value) && !keys.isForm(key)) counts.damaged++;
          else if (isOutdated(key, value, revisions)) return false;
          else if (isBehindCut(key, value, options.cuts)) counts.cut++;
          else return true;
          return false;
        });
        counts.kept += chosen.length;
        await database.write({ sync: true }, (batch) => {
          for (const { key, value } of chosen) batch.put(key, value);
        });
      },
      ...(options.onProgress && { onProgress: options.onProgress }),
    });
    return { ...salvaged, ledgers: [...ledgers].sort((a, b) => a - b), ...counts };
  } finally {
    await database.close();
    await rm(`${to}.lock`, { recursive: true, force: true });
  }
}

/**
 * Lets a rebuilt folder take the place of a store's; returns where the old one is kept.
 * @param label goes into the name of the kept folder
 */
export async function takePlace(rebuilt: string, store: string, label: string): Promise<string> {
  const kept = `${store}.${label}`;
  await replaceFolder(rebuilt, store, kept);
  await removeRebuilt(rebuilt);
  return kept;
}

/** What a damaged range of keys held, in words; names of ledgers by their number. */
export function describeRange(range: BadRange, nameOf: (ledger: number) => string): string {
  const { kind, after, upTo } = range;
  if (kind === "filter") return "no keys, but where to look for them";
  if (after === undefined && upTo === undefined) return "everything in it";
  const place = (key: Uint8Array | undefined) => (key === undefined ? "the beginning" : keys.describe(key, nameOf));
  return `what is behind ${place(after)}, up to ${place(upTo)}`;
}

/** Whether a damaged range holds nothing but tiles, which follow from the entries, or no keys at all. */
export function isDerived({ kind, after, upTo }: BadRange): boolean {
  if (kind === "filter") return true;
  return (
    after !== undefined &&
    upTo !== undefined &&
    keys.isTile(after) &&
    keys.isTile(upTo) &&
    keys.isSameLedger(after, upTo)
  );
}

/** Whether a damaged range ends before the first record. */
export function isBeforeRecords({ upTo }: BadRange): boolean {
  return upTo !== undefined && !keys.isBehindLedgers(upTo);
}

/** Whether a newer value of an entry was found, in which something was erased: the older one must not come back. */
function isOutdated(key: Uint8Array, value: Uint8Array, revisions: Map<string, number>): boolean {
  if (!keys.isEntry(key)) return false;
  const name = Buffer.from(key).toString("latin1");
  const revision = revisionOf(value);
  if (revision < (revisions.get(name) ?? 0)) return true;
  if (revision > 0) revisions.set(name, revision);
  return false;
}

function isBehindCut(key: Uint8Array, value: Uint8Array, cuts: RebuildOptions["cuts"]): boolean {
  const ledger = keys.ledgerOf(key);
  const size = ledger === undefined ? undefined : cuts?.get(ledger);
  if (size === undefined) return false;
  const reach = keys.isClaim(key) ? claimEnd(value) : keys.reachOf(key);
  return reach > size;
}
