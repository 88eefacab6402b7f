/**
 * Archives of one ledger that overlap -> what they hold together, each entry once and in order. Of an entry that one has with its body
 * and another by its leaf hash alone the body counts; where both have it, the one in which more was erased. That they say the same
 * of the leaf is checked.
 */

import { type Entry, entryLeafHash } from "../entry/entry.ts";
import { type PackedEntry, unpackEntry } from "../entry/packed.ts";
import { equal } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";
import type { ArchivePart } from "./archive.ts";
import { readArchive } from "./read-archive.ts";

/** An archive that was verified, to be read once more. */
export type OrderedArchive = {
  readonly name: string;
  readonly from: number;
  readonly read: () => AsyncIterable<Uint8Array>;
};

/** What comes of it, in the order of the ledger; a checkpoint and a proof come when all entries below the range's end have. */
export type OrderedPart =
  | Exclude<ArchivePart, { kind: "trailer" }>
  | { readonly kind: "end"; readonly name: string; readonly digest: string };

/** Two archives, each of which verifies, say that the same entry is another one. */
export class ArchiveConflictError extends Error {
  override readonly name = "ArchiveConflictError";
  readonly code = "archive_conflict";
}

/**
 * Reads them side by side, each once; only those that have the entry are open.
 * @param archives in the order of `from`, the first from 0 on, and none behind a gap
 * @throws ArchiveConflictError; ArchiveError
 */
export async function* mergeArchives(
  archives: readonly OrderedArchive[],
  hash: Hash,
): AsyncGenerator<OrderedPart, void, void> {
  const waiting = [...archives];
  let open: ArchiveCursor[] = [];
  try {
    for (let position = 0; waiting.length + open.length > 0; ) {
      for (let [next] = waiting; next !== undefined && next.from <= position; [next] = waiting) {
        open.push(new ArchiveCursor(next));
        waiting.shift();
      }
      for (const cursor of open) yield* cursor.upToEntries();
      open = open.filter(({ isAtEnd }) => !isAtEnd);
      if (open.length === 0) continue;
      const nextFrom = waiting[0]?.from ?? Number.POSITIVE_INFINITY;
      const count = Math.min(nextFrom - position, ...open.map(({ entries }) => entries.length));
      const taken = open.map((cursor) => cursor.take(count));
      const [first = []] = taken;
      const entries = first.map((_, i) =>
        bestOf(
          hash,
          position + i,
          taken.map((each) => each[i] as PackedEntry),
        ),
      );
      yield { kind: "entries", first: position, entries };
      position += count;
    }
  } finally {
    for (const cursor of open) await cursor.close();
  }
}

class ArchiveCursor {
  readonly #parts: AsyncGenerator<ArchivePart, void, void>;
  readonly #name: string;
  /** Those that come next. */
  entries: readonly PackedEntry[] = [];
  isAtEnd = false;

  constructor({ name, read }: OrderedArchive) {
    this.#name = name;
    this.#parts = readArchive(read());
  }

  /** What stands before the next entry. */
  async *upToEntries(): AsyncGenerator<OrderedPart, void, void> {
    while (this.entries.length === 0 && !this.isAtEnd) {
      const { value, done } = await this.#parts.next();
      if (done === true) this.isAtEnd = true;
      else if (value.kind === "entries") this.entries = value.entries;
      else if (value.kind === "trailer") yield { kind: "end", name: this.#name, digest: value.trailer.digest };
      else yield value;
    }
  }

  take(count: number): readonly PackedEntry[] {
    const taken = this.entries.slice(0, count);
    this.entries = this.entries.slice(count);
    return taken;
  }

  async close(): Promise<void> {
    await this.#parts.return();
  }
}

function bestOf(hash: Hash, index: number, candidates: readonly PackedEntry[]): PackedEntry {
  const [only] = candidates as readonly [PackedEntry];
  if (candidates.length === 1) return only;
  const read = candidates.map((packed) => {
    const entry = unpackEntry(packed);
    return { packed, leaf: entryLeafHash(hash, entry), withheld: withheldIn(entry) };
  });
  if (read.some(({ leaf }) => !equal(leaf, read[0]?.leaf ?? leaf))) {
    throw new ArchiveConflictError(
      `expected the same leaf hash of entry ${index} in every archive that has it, got different ones: signatures stand under two histories of the ledger`,
    );
  }
  return read.reduce((best, each) => (each.withheld > best.withheld ? each : best)).packed;
}

/** How much is erased of it; of one without its body less than nothing. */
function withheldIn({ members, pruned }: Entry): number {
  return pruned === undefined ? members.filter((member) => "digest" in member).length : -1;
}
