/**
 * Entries, their values and their members: each can be read, and leads to the leaf hash that its tile has. Where the two disagree
 * the roots tell which one is the old one. Of members that are withheld or were erased the digest is looked at, of an entry that
 * was pruned its leaf hash: they are right as they are, and counted.
 */

import { equal, toHex } from "../../merkle/bytes.ts";
import { HASH_LENGTH } from "../../merkle/hash.ts";
import { type AuditCheck, type FoundEntry, type Ground, isEntry, type Stretch } from "./check.ts";

/** How many could be looked at only by digest. */
export type WithheldCounts = {
  /** Entries of which nothing is left but the leaf hash. */
  readonly pruned: number;
  /** Entries with members that are withheld or were erased. */
  readonly withheld: number;
};

export class EntriesCheck implements AuditCheck {
  readonly name = "entries";
  readonly skipped = undefined;
  readonly #ground: Ground;
  #looked: number;
  #pruned: number;
  #withheld: number;

  constructor(ground: Ground, kept?: unknown) {
    const { looked = 0, pruned = 0, withheld = 0 } = (kept ?? {}) as Partial<WithheldCounts & { looked: number }>;
    this.#ground = ground;
    this.#looked = looked;
    this.#pruned = pruned;
    this.#withheld = withheld;
  }

  get looked(): number {
    return this.#looked;
  }

  get byDigest(): WithheldCounts {
    return { pruned: this.#pruned, withheld: this.#withheld };
  }

  look({ start, entries, digests, stored, leaves }: Stretch): void {
    const isSame = stored !== undefined && leaves !== undefined && equal(leaves, stored);
    for (const [i, found] of entries.entries()) {
      const index = start + i;
      const digest = digests[i];
      const problem = problemOf(found, digest);
      if (problem !== undefined) this.#ground.add("entry_damaged", index, index + 1, problem);
      if (!isEntry(found) || digest === undefined || typeof digest === "string") continue;
      this.#looked++;
      if (found.pruned !== undefined) this.#pruned++;
      else if (digest.withheld > 0) this.#withheld++;
      if (isSame) continue;
      const known = stored?.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
      if (known === undefined || equal(digest.leaf, known)) continue;
      const detail = `entry ${index} leads to the leaf hash ${toHex(digest.leaf)}, its tile says ${toHex(known)}`;
      this.#ground.add("entry_changed", index, index + 1, detail);
    }
  }

  keep(): unknown {
    return { looked: this.#looked, ...this.byDigest };
  }
}

/** What keeps an entry from being read; keys that are missing are another check's. */
function problemOf(found: FoundEntry, digest: Stretch["digests"][number]): string | undefined {
  if (found instanceof Error) return isOfKey(found) ? undefined : found.message;
  return typeof digest === "string" ? digest : undefined;
}

/** Whether an entry cannot be read because its key is not there, or not to be unwrapped. */
export function isOfKey({ cause }: Error): boolean {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return code === "entry_key_missing" || code === "key_refused";
}
