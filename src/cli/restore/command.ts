/**
 * `holdfast restore`: a restore point becomes a data folder. It is made beside its place, opened as a start opens it, and put there when it is
 * whole. It gets no marks but those that survived: a service that started with older ones would sign at indexes that are taken.
 * Why: docs/decisions/0212.
 */

import { existsSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { applyErased } from "../../backup/apply-erased.ts";
import { BackupFolder } from "../../backup/backup-folder.ts";
import { type BackupPlace, PointMissingError, readPoint } from "../../backup/backup-place.ts";
import { type BackedLedger, BackupDamagedError, bytesOf, type RestorePoint } from "../../backup/point.ts";
import { restoreFiles } from "../../backup/restore-files.ts";
import { withScratch } from "../../backup/scratch-folder.ts";
import { beginFolder, clearUnfinished, settleFolder } from "../../backup/unfinished-folder.ts";
import { marksFolder } from "../../service/config.ts";
import { noteRestored, RESTORED_NOTE } from "../../service/watching/restored-in-clear.ts";
import { FileRefusedError } from "../../store/durable-file.ts";
import { type BucketFlags, withBucketFlags } from "../archive/bucket-flags.ts";
import { ledgersIn } from "../backup/ledgers-in.ts";
import { backupPlace } from "../backup/place.ts";
import { connectChain } from "../remote/node.ts";
import { CliError, type SetExit, usageError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { printResult, spellTime, table } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { auditRestored, describeDrill } from "./drill.ts";

type RestoreFlags = BucketFlags & {
  readonly from: string;
  readonly point?: string;
  readonly keysFrom?: string;
  readonly withoutKeys?: boolean;
  readonly marks?: string;
  readonly data?: string;
  readonly list?: boolean;
  readonly drill?: boolean;
  readonly scratch?: string;
  readonly rpc?: string;
  readonly json?: boolean;
};

/** What was restored; `ledgers` is undefined when it was not opened. */
type RestoredPoint = {
  readonly point: RestorePoint;
  readonly ledgers: readonly BackedLedger[] | undefined;
  readonly erased: number;
  /** Without a keyring nobody remembers what was erased since. */
  readonly isInClear: boolean;
};

export function addRestoreBackup(program: Command, setExit: SetExit): void {
  const command = program
    .command("restore")
    .description("Make a data folder of a restore point. Every file is compared with its digest; nothing is signed.")
    .requiredOption("--from <place>", "folder of restore points, or a bucket, https://<endpoint>/<bucket>[/<prefix>]");
  withBucketFlags(command)
    .option("--list", "only show which there are")
    .option("--point <name>", "restore point; else the newest")
    .option("--keys-from <folder>", "folder of the keys")
    .option(
      "--without-keys",
      "only bring the files back, where keys come from elsewhere: what was erased is in them again",
    )
    .option("--marks <folder>", "marks/ that survived, which come along")
    .option("--data <folder>", "data folder to make; nothing may be in it")
    .option("--drill", "restore into a scratch folder, audit and compare it, report, and remove it")
    .option("--scratch <folder>", "where the drill has its folder; else the system's temporary one")
    .option("--rpc <url>", "node of the chain that the drill compares with")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExit status of a drill: 0 whole, 1 something is wrong, 2 it could not be found out.")
    .action(async (flags: RestoreFlags) => setExit(await restoreOrList(flags)));
}

async function restoreOrList(flags: RestoreFlags): Promise<number> {
  try {
    if (flags.marks !== undefined && !existsSync(flags.marks))
      throw usageError(`Expected marks in ${flags.marks}, got nothing.`);
    if (flags.drill === true) return await drill(flags);
    if (flags.list === true) await list(flags);
    else await restore(flags);
    return 0;
  } catch (error) {
    throw explain(error);
  }
}

async function restore(flags: RestoreFlags): Promise<void> {
  const { data } = flags;
  if (data === undefined || data === "") throw usageError("Expected --data, a new folder to restore into.");
  const restored = await restoreInto(data, flags);
  printResult({ json: inJson(data, restored), text: describe(data, restored, flags) }, flags.json === true);
}

/** @returns the exit status */
async function drill(flags: RestoreFlags): Promise<number> {
  const { marks, rpc, scratch = tmpdir(), withoutKeys } = flags;
  const from = placeFrom(flags);
  if (withoutKeys === true) throw usageError("A drill reads every entry: expected --keys-from, got --without-keys.");
  const chain = rpc === undefined ? undefined : connectChain(rpc, "finalized");
  return withScratch(scratch, "holdfast-drill-", async (folder) => {
    const data = join(folder, "data");
    const { point } = await restoreInto(data, withoutMarks(flags));
    const report = await auditRestored(data, point, { from, marks, chain });
    const json = { point: point.name, madeAt: point.madeAt, ...report };
    printResult({ json, text: describeDrill(point, report) }, flags.json === true);
    return report.isWhole ? 0 : 1;
  });
}

function withoutMarks({ marks: _, ...flags }: RestoreFlags): RestoreFlags {
  return flags;
}

/** Restores a point to a new data folder. */
async function restoreInto(data: string, flags: RestoreFlags): Promise<RestoredPoint> {
  const backup = placeFrom(flags);
  const point = await readPoint(backup, flags.point);
  const keys = flags.keysFrom === undefined ? undefined : new BackupFolder(flags.keysFrom, "keys");
  const keysPoint = keys && (await readPoint(keys));
  const progress = await startProgress("files");
  const unfinished = await beginFolder(data);
  try {
    await restoreFiles(backup, point, unfinished, progress.show);
    if (keys !== undefined && keysPoint !== undefined) await restoreFiles(keys, keysPoint, unfinished, progress.show);
    await rm(marksFolder(unfinished), { recursive: true, force: true });
    const looked =
      flags.withoutKeys === true ? { ledgers: undefined, erased: 0, isInClear: false } : await look(unfinished, point);
    if (looked.isInClear) await noteRestored(unfinished, { point: point.name, madeAt: point.madeAt });
    if (flags.marks !== undefined) await cp(flags.marks, marksFolder(unfinished), { recursive: true });
    await settleFolder(data);
    return { point, ...looked };
  } finally {
    progress.stop();
    await clearUnfinished(data);
  }
}

/** As a start does; what was erased since is erased in it first. */
async function look(folder: string, point: RestorePoint): Promise<Omit<RestoredPoint, "point">> {
  let erased = 0;
  let isInClear = false;
  const ledgers = await ledgersIn(folder, async ({ store, allErased }, hash) => {
    isInClear = allErased === undefined;
    if (allErased !== undefined) erased = await applyErased(store, hash, allErased);
  });
  for (const expected of point.ledgers ?? []) {
    const got = ledgers.find(({ id }) => id === expected.id);
    if (got?.size === expected.size && got.root === expected.root) continue;
    const message = `expected ledger ${expected.name} of size ${expected.size} with root ${expected.root}, got ${got?.size} with ${got?.root}`;
    throw new BackupDamagedError(message, []);
  }
  return { ledgers, erased, isInClear };
}

/** Nothing is put there, so that nothing is needed on this disk. */
function placeFrom(flags: RestoreFlags): BackupPlace {
  return backupPlace("--from", flags.from, flags, tmpdir());
}

async function list(flags: RestoreFlags): Promise<void> {
  const { from, json } = flags;
  const backup = placeFrom(flags);
  const points: { point: string; madeAt: number; files: number; bytes: number; ledgers: RestorePoint["ledgers"] }[] =
    [];
  for (const name of await backup.names()) {
    const { madeAt, files, ledgers } = await readPoint(backup, name);
    points.push({ point: name, madeAt, files: files.length, bytes: bytesOf(files), ledgers });
  }
  const rows = points.map((each) => [
    each.point,
    spellTime(each.madeAt),
    counted(each.files, "file"),
    counted(each.bytes, "byte"),
    (each.ledgers ?? []).map(({ name, size }) => `${name} ${size}`).join(", "),
  ]);
  const text = rows.length === 0 ? [`No restore point in ${from}.`] : table(rows);
  printResult({ json: points, text }, json === true);
}

const KEYS_NEEDED = ["key_unavailable", "key_refused", "keyring_missing", "store_encrypted"];

function explain(error: unknown): unknown {
  if (error instanceof PointMissingError || error instanceof FileRefusedError) {
    const message = `E${error.message.slice(1)}.`;
    return new CliError(message, { code: error.code, exitStatus: 2, cause: error });
  }
  const { code, message } = error as { readonly code?: string; readonly message: string };
  if (!KEYS_NEEDED.includes(code ?? "")) return error;
  return usageError(
    `The store is encrypted, and its keys are needed to see that it is whole and to erase what was erased since: give --keys-from, or --without-keys (${message}).`,
  );
}

function inJson(data: string, { point, ledgers, erased, isInClear }: RestoredPoint): unknown {
  return {
    data,
    point: point.name,
    files: point.files.length,
    bytes: bytesOf(point.files),
    ledgers: ledgers ?? null,
    erased,
    isInClear,
  };
}

function describe(data: string, { point, ledgers, erased, isInClear }: RestoredPoint, flags: RestoreFlags): string[] {
  const lines = [
    `${data} has restore point ${point.name} of ${spellTime(point.madeAt)}; every file is as it was written.`,
  ];
  for (const { name, size, root } of ledgers ?? [])
    lines.push(`${name}: ${counted(size, "entry", "entries")}${root === null ? "" : `, root ${root}`}.`);
  if (ledgers === undefined)
    lines.push(
      "It was not opened. What was erased since then is in it again: restore it with --keys-from before a service uses it.",
    );
  if (isInClear)
    lines.push(
      `BEWARE: this store is in clear. What was erased after ${spellTime(point.madeAt)} is in it again: erase it again before anybody reads it. A service on it says so (restored_in_clear) until ${RESTORED_NOTE} is removed there.`,
    );
  if (erased > 0)
    lines.push(`${counted(erased, "entry", "entries")} that had been erased since were erased in it again.`);
  return [
    ...lines,
    flags.marks === undefined
      ? "It has no marks, so that no service starts on it. When they survived, give them with --marks; when nothing was signed after this point, `holdfast marks renew`; else a successor (docs/operations.md)."
      : "Its marks are those that were given: a service starts on it when nothing was signed after this point.",
  ];
}
