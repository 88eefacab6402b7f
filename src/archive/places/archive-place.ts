/**
 * The port to where archives are kept. What an implementation promises, and test/archive/place-suite.ts proves:
 *
 * - What is under a name is a whole file, or nothing: never a part of one, also after a crash.
 * - What is there is never replaced. It is removed by `remove` alone, and what the place locks is not.
 * - When `put` resolves the file is durable there, and was read back from there byte for byte.
 */

/** A file as it is there. */
export type KeptArchive = {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly keptAt: number;
  /** Until when the place itself refuses to remove it, ms since 1970, and whether its owner may end that. */
  readonly retention?: { readonly until: number; readonly mode: "governance" | "compliance" };
  readonly legalHold?: boolean;
};

/** A file on this disk, and what is known of it. */
export type DraftFile = { readonly path: string; readonly bytes: number; readonly sha256: string };

/** For how long it is to be kept, at least, by a place that can refuse to remove it. */
export type KeepingTerm = {
  /** Milliseconds since 1970. */
  readonly until: number;
  /** Something in its range is under a legal hold: it is kept until somebody ends that. */
  readonly isHeld: boolean;
};

export interface ArchivePlace {
  /** In words, for people; without secrets. */
  readonly description: string;
  /** A folder on this disk for files that are not whole yet. */
  readonly drafts: string;
  /** What is there under a name. */
  find(name: string): Promise<KeptArchive | undefined>;
  /** Everything that is there, by name. */
  list(): AsyncIterable<KeptArchive>;
  /** The bytes of a file. @throws ArchiveMissingError when there is none of that name */
  read(name: string): AsyncIterable<Uint8Array>;
  /**
   * Puts a file under a name; the draft is used up.
   * @throws ArchiveExistsError when something is there, and it stays as it is
   */
  put(name: string, file: DraftFile, term?: KeepingTerm): Promise<void>;
  /** That it is there as this place keeps archives, under its locks. @throws ArchiveNotKeptError */
  confirm(name: string, term?: KeepingTerm): Promise<KeptArchive>;
  /**
   * Takes away for good what is under a name, in every version; done again, it changes nothing.
   * @throws ArchiveStaysError when the place refuses
   */
  remove(name: string): Promise<void>;
}

/** Nothing is there under that name. */
export class ArchiveMissingError extends Error {
  override readonly name = "ArchiveMissingError";
  readonly code = "archive_missing";
}

/** Something is there under that name already. */
export class ArchiveExistsError extends Error {
  override readonly name = "ArchiveExistsError";
  readonly code = "archive_exists";
}

/** The place does not give up what is there under that name. */
export class ArchiveStaysError extends Error {
  override readonly name = "ArchiveStaysError";
  readonly code = "archive_stays";
}

/** What was put was not read back as it was. */
export class ArchiveNotKeptError extends Error {
  override readonly name = "ArchiveNotKeptError";
  readonly code = "archive_not_kept";
}

/** A name of an archive: one that no folder and no bucket takes for more than a name. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}\.hfa(?:\.age)?$/;

export function isArchiveName(name: string): boolean {
  return NAME.test(name);
}
