/**
 * `holdfast backup`: a restore point of a data folder, of a service that runs or one that is stopped. Events and keys go to two places, or
 * the keys nowhere: a key that was destroyed must not come back with the events that it opened.
 * Why: docs/decisions/0211.
 */

import { existsSync } from "node:fs";
import { readdir, readFile, realpath, stat, symlink } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { BackupFolder } from "../../backup/backup-folder.ts";
import type { BackupPlace } from "../../backup/backup-place.ts";
import { copyDatabase } from "../../backup/copy-database.ts";
import { type BackedFile, type BackedLedger, bytesOf } from "../../backup/point.ts";
import { linkFiles } from "../../backup/restore-files.ts";
import { withScratch } from "../../backup/scratch-folder.ts";
import { adminKeyFile, marksFolder, storeFolder } from "../../service/config.ts";
import { keyringFolder } from "../../service/settings/encryption-settings.ts";
import { withBucketFlags, withRetentionFlags } from "../archive/bucket-flags.ts";
import { dataFolderOf } from "../terminal/data-folder.ts";
import { usageError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { printNote, printResult } from "../terminal/output.ts";
import { type Progress, startProgress } from "../terminal/progress.ts";
import { lastErasedAt, pointsBefore } from "./erased-since.ts";
import { ledgersIn } from "./ledgers-in.ts";
import { type BackupPlaceFlags, backupPlace, isAddress, requireLocks } from "./place.ts";

type BackupFlags = BackupPlaceFlags & {
  readonly to: string;
  readonly keysTo?: string;
  readonly data?: string;
  readonly json?: boolean;
};
type Source = { readonly data: string; readonly scratch: string; readonly progress: Progress };

/** What a backup is looked at in, within the data folder: it may hold keys. */
const SCRATCH = "backup-scratch-";

export function addBackup(program: Command): void {
  const command = program
    .command("backup")
    .description("Keep a restore point of a data folder, also while its service runs. Read back before it is listed.")
    .requiredOption(
      "--to <place>",
      "folder of restore points, made when it is missing, or a bucket, https://<endpoint>/<bucket>[/<prefix>]",
    );
  withRetentionFlags(withBucketFlags(command))
    .option("--keys-to <folder>", "another folder, for the keys; it has the newest alone")
    .option("--data <folder>", "data folder of the service; else HOLDFAST_DATA, else ./data")
    .option("--json", "print the result as JSON")
    .action(backUp);
}

async function backUp(flags: BackupFlags): Promise<void> {
  const data = dataFolderOf(flags.data);
  if (!existsSync(storeFolder(data)))
    throw usageError(`Expected a store at ${storeFolder(data)}, got nothing; give --data.`);
  if (flags.keysTo !== undefined && isAddress(flags.keysTo))
    throw usageError(
      "Expected a folder after --keys-to: a bucket may keep versions, and with them keys that were destroyed.",
    );
  await requireApart(data, flags);
  await requireLocks("--to", flags.to, flags);
  const made = await withScratch(data, SCRATCH, (scratch) => backUpWith(data, scratch, flags));
  printResult({ json: { ...made, keysTo: flags.keysTo ?? null }, text: describe(made, flags) }, flags.json === true);
}

async function backUpWith(data: string, scratch: string, flags: BackupFlags): Promise<Made> {
  const to = backupPlace("--to", flags.to, flags, scratch);
  // Without a place for them, keys are copied to be looked with, and removed.
  const keysTo = new BackupFolder(flags.keysTo ?? join(scratch, "keys-backup"), "keys");
  const progress = await startProgress("files");
  try {
    await to.begin();
    await keysTo.begin();
    const { files, keys, ledgers, erasedAt } = await copyAll({ data, scratch, progress }, to, keysTo);
    // Keys first: a point that is listed can be opened.
    if (flags.keysTo !== undefined) {
      const kept = await keysTo.add({ madeAt: Date.now(), ledgers: null, files: keys });
      await keysTo.keepOnly(kept.name);
      await keysTo.sweep();
    }
    const point = await to.add({ madeAt: Date.now(), ledgers, files });
    await to.sweep();
    const holdErased = await pointsBefore(to, erasedAt);
    const { count } = to;
    return {
      point: point.name,
      to: flags.to,
      ...count,
      files: files.length,
      bytes: bytesOf(files),
      ledgers,
      holdErased,
    };
  } finally {
    progress.stop();
    await keysTo.end();
    await to.end();
  }
}

type AllCopied = {
  readonly files: readonly BackedFile[];
  readonly keys: readonly BackedFile[];
  readonly ledgers: readonly BackedLedger[] | null;
  readonly erasedAt: number | undefined;
};

/** Marks before the store, so that it has reached them; keys after it, so that it finds all of its own among them. */
async function copyAll({ data, scratch, progress }: Source, to: BackupPlace, keysTo: BackupPlace): Promise<AllCopied> {
  const onProgress = progress.show;
  const marks = await copyFlat(marksFolder(data), "marks", to);
  const files = [...(await copyDatabase(storeFolder(data), { to, as: "store", onProgress })), ...marks];
  const keys = await copyFlat(join(data, "keys"), "keys", keysTo);
  const adminKey = adminKeyFile(data);
  if (existsSync(adminKey)) keys.push(await keysTo.put(basename(adminKey), await readFile(adminKey)));
  if (existsSync(keyringFolder(data)))
    keys.push(...(await copyDatabase(keyringFolder(data), { to: keysTo, as: "keyring", onProgress })));
  const look = join(scratch, "look");
  await linkFiles(to, files, look);
  await linkFiles(
    keysTo,
    keys.filter(({ path }) => path.startsWith("keyring/")),
    look,
  );
  if (existsSync(join(data, "keys"))) await symlink(resolve(data, "keys"), join(look, "keys"));
  let erasedAt: number | undefined;
  const ledgers = await ledgersIn(look, async ({ store }) => {
    erasedAt = await lastErasedAt(store);
  }).catch((error: Error & { code?: string }) => {
    if (!KEYS_AWAY.includes(error.code ?? "")) throw error;
    printNote(`The copy was not opened to see that its tree is whole, for want of its keys: ${error.message}.`);
    return null;
  });
  return { files, keys, ledgers, erasedAt };
}

const KEYS_AWAY = ["key_unavailable", "key_refused", "keyring_missing", "store_encrypted"];

async function copyFlat(folder: string, as: string, to: BackupPlace): Promise<BackedFile[]> {
  const files: BackedFile[] = [];
  for (const name of existsSync(folder) ? await readdir(folder) : []) {
    const path = join(folder, name);
    // Drafts of files that are being replaced.
    if (name.endsWith(".new") || !(await stat(path)).isFile()) continue;
    files.push(await to.put(`${as}/${name}`, await readFile(path)));
  }
  return files;
}

/** @throws CliError when one of the folders lies in another one, by whatever name */
async function requireApart(data: string, { to, keysTo }: BackupFlags): Promise<void> {
  const folders = [
    ["--data", data],
    ["--to", to],
    ["--keys-to", keysTo],
  ] as const;
  const found: (readonly [flag: string, path: string])[] = [];
  for (const [flag, folder] of folders) {
    if (folder === "") throw usageError(`Expected a folder after ${flag}, got an empty name.`);
    if (folder !== undefined && !isAddress(folder)) found.push([flag, await realPath(resolve(folder))]);
  }
  for (const [flag, path] of found) {
    for (const [other, place] of found) {
      if (flag === other || !isWithin(path, place)) continue;
      throw usageError(
        `Expected ${flag} apart from ${other}, got ${path} within ${place}: what destroys one would take both.`,
      );
    }
  }
}

function isWithin(path: string, place: string): boolean {
  const way = relative(place, path);
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`) || resolve(way) === way);
}

/** Of the part that is there. */
async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT" || dirname(path) === path) throw error;
    return join(await realPath(dirname(path)), basename(path));
  }
}

type Made = {
  readonly point: string;
  readonly to: string;
  readonly files: number;
  readonly bytes: number;
  readonly copied: number;
  readonly shared: number;
  readonly mended: number;
  readonly copiedBytes: number;
  readonly ledgers: readonly BackedLedger[] | null;
  /** Points from before something was erased. */
  readonly holdErased: readonly string[];
};

function describe(made: Made, { keysTo }: BackupFlags): string[] {
  const lines = [
    `Restore point ${made.point} in ${made.to}: ${counted(made.files, "file")}, ${counted(made.bytes, "byte")}; ${made.copied} copied (${counted(made.copiedBytes, "byte")}), ${made.shared} there already. ${isAddress(made.to) ? "What was copied was read back; what was there has the size and digest that it had." : "All of them were read back."}`,
  ];
  for (const { name, size, root } of made.ledgers ?? [])
    lines.push(`${name}: ${counted(size, "entry", "entries")}${root === null ? "" : `, root ${root}`}.`);
  if (made.holdErased.length > 0)
    lines.push(
      `Something was erased since ${counted(made.holdErased.length, "older restore point")} (${made.holdErased.join(", ")}), which still ${made.holdErased.length === 1 ? "has" : "have"} it, encrypted or in clear as the store was: remove what need not be kept.`,
    );
  if (made.mended > 0)
    lines.push(`${counted(made.mended, "file")} in the backup had gone bad and was written again: look at its disk.`);
  lines.push(
    keysTo === undefined
      ? "Keys are not in it, and without keyring/ and the key-encryption key it cannot be read: give them a place of their own with --keys-to."
      : `${keysTo} has the keys as they are now, and none from before: what was destroyed is gone there too.`,
  );
  return lines;
}
