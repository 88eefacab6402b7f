/**
 * What a store keeps of an erasure: which entries, which members, by whom and why, and how far it is. Nothing of what is erased
 * stands in it, nor whose it was.
 */

import { canonicalJson } from "../../json/canonical.ts";
import { readJson } from "../../json/read.ts";
import type { EntryRange } from "../../ledger/index-ranges.ts";
import type { Author } from "../../ledger/own-event.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { RecordWrite } from "../../store/store.ts";
import type { ErasedArchive } from "./erased-archive.ts";

/**
 * How far an erasure is. Each step is done again when it was interrupted, and changes nothing then.
 *
 *   planned     it is known which entries; nothing is gone
 *   rewritten   the entries have digests in the place of what went: no answer shows it any more
 *   kept        the digests are in the keyring, for older copies of the store
 *   unindexed   the index for search was built again without it
 *   destroyed   the keys of the subject are gone
 *   compacted   no file has it any more
 *   rearchived  the archives that can be were written again without it
 *   done        the ledger was told
 *   refused     a legal hold was placed before anything was gone
 */
export const ERASURE_STEPS = [
  "planned",
  "rewritten",
  "kept",
  "unindexed",
  "destroyed",
  "compacted",
  "rearchived",
  "done",
  "refused",
] as const;
export type ErasureStep = (typeof ERASURE_STEPS)[number];

/** Times in milliseconds since 1970. */
export type KeptErasure = Author & {
  /** 16 hex digits. */
  readonly id: string;
  readonly askedAt: number;
  readonly reason: string;
  /** The legal ground, in the words of whoever asked. */
  readonly ground?: string;
  /** All when absent. */
  readonly members?: readonly string[];
  readonly ranges: readonly EntryRange[];
  readonly count: number;
  /** Ids of the keys that are destroyed with it. */
  readonly keys: readonly Hex[];
  readonly step: ErasureStep;
  /** What became of archives that had something of it; absent until it was looked. */
  readonly archives?: readonly ErasedArchive[];
  readonly doneAt?: number;
  /** It was done before, and the store is an older copy that had it still. */
  readonly isAgain?: boolean;
};

export function erasureSpace(ledgerId: Hex): string {
  return `erasures/${ledgerId}`;
}

export function erasureWrite(ledgerId: Hex, erasure: KeptErasure): RecordWrite {
  return { space: erasureSpace(ledgerId), key: erasure.id, value: canonicalJson(erasure) };
}

export function readErasure(value: string): KeptErasure {
  return readJson(value) as KeptErasure;
}

export function isOver({ step }: Pick<KeptErasure, "step">): boolean {
  return step === "done" || step === "refused";
}
