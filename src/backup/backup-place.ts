/**
 * The port to where restore points are kept. Points share files, each under the digest of what is in it; a point is written last, and whole, so
 * that a backup that was killed is not listed. What an implementation promises, and test/backup proves:
 *
 * - A file that was put is there as it is, and so is all that a point names when the point is there.
 * - What is not as it was written is found when it is read, whoever changed it.
 * - Nothing that a point names is removed, nor anything while a point cannot be read.
 */

import { type BackedFile, BackupDamagedError, type BackupKind, decodePoint, type RestorePoint } from "./point.ts";

/** What of a point was there already. */
export type PutCount = { copied: number; shared: number; copiedBytes: number; mended: number };

export interface BackupPlace {
  /** For people; without secrets. */
  readonly description: string;
  readonly kind: BackupKind;
  readonly count: PutCount;
  /** Prepares to write. @throws StoreLockedError when somebody else writes, FileRefusedError */
  begin(): Promise<void>;
  end(): Promise<void>;
  /** Names of the points, oldest first. */
  names(): Promise<string[]>;
  /** The text of a point, and where it is. */
  pointText(name: string): Promise<{ readonly text: string; readonly where: string }>;
  /**
   * Keeps bytes under their digest, unless they are there.
   * @param source file of this disk that has them, and does not change
   */
  put(path: string, bytes: Uint8Array, source?: string): Promise<BackedFile>;
  /** Makes a point of files that were put, durably. */
  add(about: Omit<RestorePoint, "kind" | "name">): Promise<RestorePoint>;
  /** Removes files that no point names, as a backup that was killed leaves them. */
  sweep(): Promise<void>;
  /** What is there for a file, whatever it is; undefined when nothing is, or it cannot be read. */
  read(file: BackedFile): Promise<Uint8Array | undefined>;
  /** Where that is, for messages. */
  whereIs(file: BackedFile): string;
  /** Path of a file on this disk that was put by this process. */
  pathOf(file: BackedFile): string;
}

/** There is no such point. */
export class PointMissingError extends Error {
  override readonly name = "PointMissingError";
  readonly code = "point_missing";
}

/** @param name the newest when left out. @throws PointMissingError, BackupDamagedError */
export async function readPoint(place: BackupPlace, name?: string): Promise<RestorePoint> {
  const names = await place.names();
  const wanted = name ?? names.at(-1);
  if (wanted === undefined || !names.includes(wanted)) {
    const there = names.length === 0 ? "none" : names.join(", ");
    throw new PointMissingError(
      `expected a restore point${name === undefined ? "" : ` ${name}`} in ${place.description}, got ${there}`,
    );
  }
  const { text, where } = await place.pointText(wanted);
  const point = decodePoint(text, where);
  if (point.name === wanted && point.kind === place.kind) return point;
  throw new BackupDamagedError(
    `expected a restore point of ${place.kind} named ${wanted} in ${where}, got ${point.kind} ${point.name}`,
    [where],
  );
}

/** Digests of all files that points name; undefined while one cannot be read. */
export async function namedFiles(place: BackupPlace): Promise<ReadonlySet<string> | undefined> {
  const named = new Set<string>();
  for (const name of await place.names()) {
    try {
      for (const { sha256 } of (await readPoint(place, name)).files) named.add(sha256);
    } catch (error) {
      if (error instanceof BackupDamagedError) return undefined;
      throw error;
    }
  }
  return named;
}

/** By time, then by number: -2 stands before -10. */
export function inTime(a: string, b: string): number {
  const [timeA = "", nA = "1"] = a.split("-");
  const [timeB = "", nB = "1"] = b.split("-");
  if (timeA !== timeB) return timeA < timeB ? -1 : 1;
  return Number(nA) - Number(nB);
}
