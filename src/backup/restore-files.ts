/** The files of a restore point, back in a folder: each is compared with its digest on the way, and all that do not fit are named. */

import { copyFile, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { makeFolder, putFile, syncFolder, withWayOut } from "../store/durable-file.ts";
import type { BackupPlace } from "./backup-place.ts";
import { type BackedFile, BackupDamagedError, type RestorePoint, sha256 } from "./point.ts";

/** Called before the first and after each file. */
export type OnFile = (done: number, all: number) => void;

/**
 * Writes the files of a point below a folder, durably.
 * @throws BackupDamagedError when one of them is not as it was written; FileRefusedError
 */
export async function restoreFiles(
  backup: BackupPlace,
  point: RestorePoint,
  to: string,
  onFile: OnFile,
): Promise<void> {
  await eachWhole(backup, point.files, onFile, async ({ path }, bytes) => {
    const place = join(to, path);
    await makeFolder(dirname(place));
    await withWayOut("write", place, () => putFile(place, (file) => file.writeFile(bytes), {}));
  });
  for (const folder of new Set(point.files.map(({ path }) => dirname(path)))) await syncFolder(join(to, folder));
}

/** Links to files that were put, below a folder: enough to look at them. Those that are opened for writing are copies. */
export async function linkFiles(backup: BackupPlace, files: readonly BackedFile[], to: string): Promise<void> {
  for (const file of files) {
    const place = join(to, file.path);
    await makeFolder(dirname(place));
    if (file.path.endsWith(".ldb")) await symlink(resolve(backup.pathOf(file)), place);
    else await copyFile(backup.pathOf(file), place);
  }
}

async function eachWhole(
  backup: BackupPlace,
  files: readonly BackedFile[],
  onFile: OnFile,
  use: (file: BackedFile, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const damaged: { path: string; why: string }[] = [];
  for (const [i, file] of files.entries()) {
    const place = backup.whereIs(file);
    const bytes = await backup.read(file);
    if (bytes === undefined) damaged.push({ path: place, why: `${file.path} is not there or cannot be read` });
    else if (bytes.length !== file.size || sha256(bytes) !== file.sha256)
      damaged.push({ path: place, why: `${file.path} is not as it was written` });
    else if (damaged.length === 0) await use(file, bytes);
    onFile(i + 1, files.length);
  }
  if (damaged.length === 0) return;
  const names = damaged.map(({ path, why }) => `${path} (${why})`).join(", ");
  throw new BackupDamagedError(
    `expected every file of the backup as it was written, got damage in ${names}`,
    damaged.map(({ path }) => path),
  );
}
