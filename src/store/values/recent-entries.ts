/**
 * Entries of the commits that were made just now, for whoever follows a ledger behind the acknowledgement, so that what is still in
 * memory need not be read and decrypted again. They are given once, and there are only so many of them: whoever is too late,
 * or comes again, reads what is stored.
 * Why: docs/decisions/0215.
 */

import type { PackedEntry } from "../../entry/packed.ts";
import type { Hex } from "../../merkle/bytes.ts";

/** Of all ledgers together. */
const BYTES_MAX = 16 * 1024 * 1024;
/** What an entry takes beside its members: its digests, which share their memory, and the objects around them. */
const BESIDE_BYTES = 512;

/** Entries that followed each other, one commit after the other. */
type Recent = { readonly commits: { readonly from: number; readonly entries: readonly PackedEntry[] }[]; end: number };

export class RecentEntries {
  readonly #bytesMax: number;
  readonly #byLedger = new Map<Hex, Recent>();
  #bytes = 0;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Keeps the entries of a commit, which are durable, and which nobody changes any more. */
  add(ledgerId: Hex, from: number, entries: readonly PackedEntry[]): void {
    if (this.#byLedger.get(ledgerId)?.end !== from) this.forget(ledgerId);
    const bytes = bytesOf(entries);
    // Nobody takes them, or not as fast as they come.
    if (this.#bytes + bytes > this.#bytesMax) this.#forgetAll();
    if (bytes > this.#bytesMax) return;
    const recent = this.#byLedger.get(ledgerId) ?? { commits: [], end: from };
    recent.commits.push({ from, entries });
    recent.end = from + entries.length;
    this.#bytes += bytes;
    this.#byLedger.set(ledgerId, recent);
  }

  /** Entries from `from` on, at most up to `to`, and lets go of all below; undefined where the first one is not here. */
  take(ledgerId: Hex, from: number, to: number): readonly PackedEntry[] | undefined {
    const recent = this.#byLedger.get(ledgerId);
    if (recent === undefined || from >= recent.end) return undefined;
    const { commits } = recent;
    if (from < (commits[0]?.from ?? recent.end)) return undefined;
    const taken: PackedEntry[] = [];
    let done = 0;
    for (const commit of commits) {
      const { entries } = commit;
      if (commit.from >= to) break;
      for (let i = Math.max(0, from - commit.from); i < entries.length && commit.from + i < to; i++) {
        taken.push(entries[i] as PackedEntry);
      }
      if (commit.from + entries.length > to) break;
      done++;
    }
    for (const { entries } of commits.splice(0, done)) this.#bytes -= bytesOf(entries);
    return taken;
  }

  /** Lets go of what is here of a ledger: some of it is not what is stored any more. */
  forget(ledgerId: Hex): void {
    for (const { entries } of this.#byLedger.get(ledgerId)?.commits ?? []) this.#bytes -= bytesOf(entries);
    this.#byLedger.delete(ledgerId);
  }

  #forgetAll(): void {
    this.#byLedger.clear();
    this.#bytes = 0;
  }
}

function bytesOf(entries: readonly PackedEntry[]): number {
  return entries.reduce((sum, { members }) => sum + members.length + BESIDE_BYTES, 0);
}
