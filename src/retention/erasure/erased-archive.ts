/** What becomes of an archive that has something of what is erased. */

/** Why one stays as it is, until when anybody knows. */
export const ARCHIVE_STAYS = ["locked", "encrypted", "damaged", "refused"] as const;

/**
 * One of an archive that was made before an erasure, and is where the service keeps them.
 *
 *   locked     the place does not give it up before `until`, or while a legal hold is on it
 *   encrypted  to keys that the service does not have: whether it has something of it, its range alone says
 *   damaged    it cannot be read
 *   refused    the place does not let the service remove it
 */
export type ErasedArchive = {
  readonly name: string;
  /** The archive that stands in its place, without what was erased. */
  readonly now?: string;
  /** Absent of one that is, or will be, written again. */
  readonly stays?: (typeof ARCHIVE_STAYS)[number];
  /** Milliseconds since 1970. */
  readonly until?: number;
};

/** Those in which something stays that was erased. */
export function staying(archives: readonly ErasedArchive[] = []): readonly ErasedArchive[] {
  return archives.filter(({ stays }) => stays !== undefined);
}
