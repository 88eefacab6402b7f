/** What becomes of an archive that has something of what is erased. */

/** Why one stays as it is, until when anybody knows. */
export const ARCHIVE_STAYS = [
  "locked",
  "encrypted",
  "damaged",
  "refused",
  "held",
  "would_be_clear",
  "missing",
] as const;

/**
 * One of an archive that was made before an erasure, and is where the service keeps them.
 *
 *   locked     the place does not give it up before `until`, or while a legal hold is on it
 *   encrypted  to keys that the service does not have: whether it has something of it, its range alone says
 *   damaged    it cannot be read, or does not verify
 *   refused    the place does not let the service remove it, or it has other names besides, under which it would stay
 *   held       a legal hold covers something in it that is in archives alone
 *   would_be_clear  it is encrypted, and archives are kept in clear by now: none is written again for more readers than it had
 *   missing    it is not there, and its time is over, or the store is an older copy: whether it has something of it nobody can say
 */
export type ErasedArchive = {
  readonly name: string;
  /** The archive that stands in its place, without what was erased. */
  readonly now?: string;
  /** Absent of one that is, or will be, written again. */
  readonly stays?: (typeof ARCHIVE_STAYS)[number];
  /** Until when it is locked, milliseconds since 1970. */
  readonly until?: number;
};

/** Those in which something stays that was erased. */
export function staying(archives: readonly ErasedArchive[] = []): readonly ErasedArchive[] {
  return archives.filter(({ stays }) => stays !== undefined);
}
