/**
 * `holdfast archive restore`: archives of a ledger become a store in a new data folder. It is made beside its place and put there when it is
 * whole, opened once as every start opens it. Nothing is signed, and no key comes along.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { ArchiveLockedError, openArchive } from "../../archive/age.ts";
import { ArchiveMissingError } from "../../archive/places/archive-place.ts";
import { type Restored, RestoreError, restoreArchives } from "../../archive/restore.ts";
import { beginFolder, clearUnfinished, settleFolder } from "../../backup/unfinished-folder.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import type { Hash } from "../../merkle/hash.ts";
import { FileRefusedError } from "../../store/durable-file.ts";
import type { Store } from "../../store/store.ts";
import { CliError, usageError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { printResult } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { openNewWithKeys } from "../terminal/store-keys.ts";
import { openReading } from "./ledger-view.ts";
import {
  type OpenerFlags,
  openerOf,
  type PlaceFlags,
  placeOf,
  withOpenerFlags,
  withPlaceFlags,
} from "./place-flags.ts";

type RestoreFlags = PlaceFlags & OpenerFlags & { readonly into: string; readonly json?: boolean };

export function addRestore(archive: Command): void {
  const command = archive
    .command("restore")
    .description("Make a store of archives, in a new data folder. It is to be read; nothing is signed.")
    .argument("<name...>", "names of archives of one ledger, from its first entry on");
  withOpenerFlags(withPlaceFlags(command))
    .requiredOption("--into <folder>", "data folder to make; nothing may be in it")
    .option("--json", "print the result as JSON")
    .action(restore);
}

async function restore(names: readonly string[], flags: RestoreFlags): Promise<void> {
  const place = placeOf(flags);
  const opener = openerOf(flags);
  const { into } = flags;
  const unfinished = await begin(into);
  const hash = await fastKeccak256();
  const archives = names.map((name) => ({ name, read: () => openArchive(place.read(name), opener) }));
  const progress = await startProgress("entries");
  try {
    const { store, close } = await openNewWithKeys(unfinished, hash);
    let restored: Restored;
    try {
      restored = await restoreArchives(store, archives, { hash, onProgress: progress.show });
      await openOnce(store, restored, hash);
    } finally {
      await close();
    }
    await settleFolder(into);
    printResult({ json: { into, ...restored }, text: describe(restored, into) }, flags.json === true);
  } catch (error) {
    throw explain(error);
  } finally {
    progress.stop();
    await clearUnfinished(into);
  }
}

/** As a start does: the edge of the tree is made again, and has to lead to the newest checkpoint. */
async function openOnce(store: Store, { record, root, size }: Restored, hash: Hash): Promise<void> {
  const ledger = await openReading(store, record, hash);
  if (ledger.head?.root === root && ledger.size === size) return;
  throw new RestoreError(
    `expected root ${root} of size ${size} in the store, got ${ledger.head?.root} of ${ledger.size}`,
  );
}

async function begin(into: string): Promise<string> {
  return beginFolder(into).catch((error) => {
    throw error instanceof FileRefusedError ? usageError(`--into: ${error.message}.`) : error;
  });
}

function explain(error: unknown): unknown {
  if (error instanceof RestoreError)
    return new CliError(error.message, { code: error.code, exitStatus: 1, cause: error });
  if (error instanceof ArchiveMissingError) return usageError(`E${error.message.slice(1)}.`);
  if (error instanceof ArchiveLockedError)
    return usageError(`${error.message}; give --identity <file> or --passphrase-file <file>.`);
  return error;
}

function describe({ record, size, root, anchors, left }: Restored, into: string): string[] {
  const lines = [
    `${into} has ledger ${record.name} with ${counted(size, "entry", "entries")} and ${counted(anchors, "anchor")}; root ${root}, which ${record.signer} or one before it signed.`,
  ];
  if (left > 0)
    lines.push(
      `${counted(left, "entry", "entries")} behind it: no checkpoint of the ledger ends with them, and they are not in it.`,
    );
  if (existsSync(join(into, "keys"))) {
    lines.push(
      `Its key-encryption key was made, and is in ${join(into, "keys")}: without it the store cannot be read.`,
    );
  }
  return [
    ...lines,
    "It has no signer, no API keys, no marks and no idempotency keys: it is to be read and proved from. Where the ledger itself goes on, never sign with this one.",
  ];
}
