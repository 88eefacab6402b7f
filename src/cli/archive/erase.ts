/**
 * `holdfast archive erase`: archives that the service could not read, or not remove then, are written again without what was erased from their
 * ledger, by whoever has their key.
 * Why: docs/decisions/0249.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import type { ArchivePlace } from "../../archive/places/archive-place.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { type ErasedArchive, staying } from "../../retention/erasure/erased-archive.ts";
import { erasureSpace, type KeptErasure, readErasure } from "../../retention/erasure/erasure-records.ts";
import { lessenBy } from "../../retention/erasure/in-archives.ts";
import { ArchiveEraser } from "../../service/archiving/archive-eraser.ts";
import { holdsOfStopped } from "../../service/archiving/stopped-holds.ts";
import { storeFolder } from "../../service/config.ts";
import { FileRefusedError } from "../../store/durable-file.ts";
import { Turn } from "../../store/mutex.ts";
import { type Store, StoreLockedError } from "../../store/store.ts";
import { dataFolderOf } from "../terminal/data-folder.ts";
import { type SetExit, usageError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { printResult, spellTime } from "../terminal/output.ts";
import { openWithKeys } from "../terminal/store-keys.ts";
import { inUse } from "../terminal/store-view.ts";
import { recordIn } from "./ledger-view.ts";
import {
  type LockFlags,
  lockOf,
  openerOf,
  type PlaceFlags,
  placeOf,
  withIdentityFlag,
  withLockFlags,
  withPlaceFlags,
} from "./place-flags.ts";

type EraseFlags = PlaceFlags &
  LockFlags & {
    readonly data?: string;
    readonly ledger: string;
    readonly identity?: readonly string[];
    readonly json?: boolean;
  };

export function addErase(archive: Command, setExit: SetExit): void {
  const command = archive
    .command("erase")
    .description(
      "Write archives again without what was erased from their ledger, and remove what they were. The service must be stopped.",
    )
    .option("--data <folder>", "data folder of the service; else HOLDFAST_DATA, else ./data")
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT);
  withLockFlags(withIdentityFlag(withPlaceFlags(command)))
    .option("--json", "print the result as JSON")
    .action(async (flags: EraseFlags) => setExit(await erase(flags)));
}

/** @returns 1 when an archive has something still, or may have */
async function erase(flags: EraseFlags): Promise<number> {
  const data = dataFolderOf(flags.data);
  const place = placeOf(flags, data);
  const lock = lockOf(flags);
  const opener = openerOf(flags);
  await requirePlace(place);
  const archives = await withStore(data, async (store) => {
    const hash = await fastKeccak256();
    const ledger = await recordIn(store, { name: flags.ledger, folder: storeFolder(data) });
    const holds = await holdsOfStopped(store, ledger, hash);
    const erasures: KeptErasure[] = [];
    for await (const [, value] of store.records(erasureSpace(ledger.id))) erasures.push(readErasure(value));
    const done = erasures.filter(({ step }) => step !== "planned" && step !== "refused");
    const eraser = new ArchiveEraser({
      store,
      hash,
      open: () => ({ place, lock, opener }),
      turn: new Turn(),
      now: Date.now,
    });
    const size = (await store.head(ledger.id))?.size ?? 0;
    const asked = {
      ledgerId: ledger.id,
      ranges: [[0, size]] as const,
      // Any folder with archives may be given: those that are elsewhere are looked at there.
      named: new Map(),
      onMissing: () => undefined,
      lessen: lessenBy({ store, hash, holds }, ledger.id, done),
      holds,
    };
    return eraser.lessen(asked, new AbortController().signal);
  });
  printResult({ json: { place: place.description, archives }, text: describe(archives) }, flags.json === true);
  return staying(archives).length === 0 ? 0 : 1;
}

/** A place that is not there would look like one without anything that was erased. @throws CliError */
async function requirePlace(place: ArchivePlace): Promise<void> {
  try {
    for await (const _ of place.list()) return;
  } catch (cause) {
    if (!(cause instanceof FileRefusedError)) throw cause;
    throw usageError(`E${cause.message.slice(1)}.`);
  }
}

async function withStore<T>(data: string, work: (store: Store) => Promise<T>): Promise<T> {
  const folder = storeFolder(data);
  if (!existsSync(join(folder, "CURRENT"))) throw usageError(`Expected a store at ${folder}, got none; give --data.`);
  const hash = await fastKeccak256();
  const { store, close } = await openWithKeys(folder, { keys: data, hash }).catch((cause) => {
    if (!(cause instanceof StoreLockedError)) throw cause;
    throw inUse(folder, cause);
  });
  try {
    return await work(store);
  } finally {
    await close();
  }
}

/** Why one stays as it is. */
const STAYS: Readonly<Record<NonNullable<ErasedArchive["stays"]>, string>> = {
  locked: "has something that was erased, and is locked where it is",
  encrypted:
    "cannot be opened with what was given, and may have something that was erased: give --identity or --passphrase-file",
  damaged: "cannot be read, or does not verify, and may have something that was erased",
  refused:
    "was written again, and could not be removed: its place refuses, or it is a link, or has other names besides",
  held: "has something that was erased and is nowhere else, and is under a legal hold",
  would_be_clear:
    "has something that was erased, and is encrypted: it is not written again in clear; give --recipient or --passphrase-file",
  missing: "is not there any more, and may have something that was erased",
};

function describe(archives: readonly ErasedArchive[]): string[] {
  const written = archives.filter(({ stays }) => stays === undefined);
  const lines = archives.map(({ name, now, stays, until }) => {
    if (stays === undefined) return `${name} is ${now} now.`;
    return `${name} ${STAYS[stays]}${until === undefined ? "" : ` until ${spellTime(until)}`}.`;
  });
  const left = staying(archives).length;
  const none = "No archive that was read has anything that was erased.";
  if (archives.length === 0) return [none];
  return [...lines, `${counted(written.length, "archive")} written again, ${left} that still have it, or may.`];
}
