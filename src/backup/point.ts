/**
 * A restore point: which files make up what was there at one moment. It is text, a line of JSON each: what it is, then every file with its
 * size and SHA-256, then how many there were and the SHA-256 of all lines before, so that one that was cut off or changed is none.
 */

import { createHash } from "node:crypto";
import { readJson } from "../json/read.ts";
import type { Hex } from "../merkle/bytes.ts";

/** Events, or keys: never both in one backup. */
export type BackupKind = "data" | "keys";

/** A file by the name it has in the data folder; its bytes are found by their digest. */
export type BackedFile = { readonly path: string; readonly size: number; readonly sha256: string };

/** A ledger as it was then. */
export type BackedLedger = {
  readonly id: Hex;
  readonly name: string;
  readonly size: number;
  readonly root: Hex | null;
};

export type RestorePoint = {
  readonly kind: BackupKind;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** Null when the store was not opened to see that it is whole, for want of its keys. */
  readonly ledgers: readonly BackedLedger[] | null;
  readonly files: readonly BackedFile[];
};

/** Something in a backup is not as it was written; `paths` are its files, in the backup. */
export class BackupDamagedError extends Error {
  override readonly name = "BackupDamagedError";
  readonly code = "backup_damaged";
  readonly paths: readonly string[];

  constructor(message: string, paths: readonly string[]) {
    super(message);
    this.paths = paths;
  }
}

const FORMAT = "holdfast/backup@1";
/** A file of a data folder, in one of the folders that are backed up: nothing leads out of it. */
const PATH = /^(?:admin\.key|(?:store|marks|keyring|keys)\/[A-Za-z0-9_][A-Za-z0-9._-]{0,199})$/;
const POINT_NAME = /^[0-9]{8}T[0-9]{6}Z(?:-[0-9]{1,4})?$/;
const SHA256 = /^[0-9a-f]{64}$/;

export function isPointName(name: string): boolean {
  return POINT_NAME.test(name);
}

/** A name by the time, which tells it from those there are. */
export function newPointName(madeAt: number, taken: ReadonlySet<string>): string {
  const time = new Date(madeAt).toISOString().replace(/[-:]|\.\d+/g, "");
  let name = time;
  for (let n = 2; taken.has(name); n++) name = `${time}-${n}`;
  return name;
}

export function encodePoint({ files, ...about }: RestorePoint): string {
  const lines = [{ format: FORMAT, ...about }, ...files].map((line) => `${JSON.stringify(line)}\n`).join("");
  const trailer = { files: files.length, bytes: bytesOf(files), sha256: sha256(lines) };
  return `${lines}${JSON.stringify(trailer)}\n`;
}

/**
 * Reads a point.
 * @param where its file, for messages
 * @throws BackupDamagedError unless all of it is as it was written
 */
export function decodePoint(text: string, where: string): RestorePoint {
  const fail = (why: string) =>
    new BackupDamagedError(`expected the restore point ${where} as it was written, ${why}`, [where]);
  const end = text.lastIndexOf("\n", text.length - 2) + 1;
  const body = text.slice(0, end);
  try {
    const trailer = readJson(text.slice(end)) as { files?: unknown; bytes?: unknown; sha256?: unknown } | null;
    if (trailer?.sha256 !== sha256(body))
      throw fail("got one whose end does not fit the rest: it was cut off or changed");
    const [head, ...files] = body
      .trimEnd()
      .split("\n")
      .map((line) => readJson(line)) as [Omit<RestorePoint, "files"> & { readonly format?: unknown }, ...BackedFile[]];
    if (head.format !== FORMAT)
      throw fail(`got one of format ${JSON.stringify(head.format)}; a newer holdfast reads it`);
    if (trailer.files !== files.length || trailer.bytes !== bytesOf(files)) throw fail("got another number of files");
    for (const file of files) if (!isBackedFile(file)) throw fail(`got the file ${JSON.stringify(file)}`);
    const { kind, name, madeAt, ledgers } = head;
    return { kind, name, madeAt, ledgers, files };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw fail("got a text that is none");
  }
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export function bytesOf(files: readonly { readonly size: number }[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}

function isBackedFile({ path, size, sha256: digest }: BackedFile): boolean {
  return PATH.test(path) && Number.isSafeInteger(size) && size >= 0 && SHA256.test(digest);
}
