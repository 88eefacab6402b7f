/** `holdfast archive create`: a range of a ledger becomes an archive, which is read back and verified before it is said to be there. */

import { type Command, Option } from "commander";
import type { CodecName } from "../../archive/format/compression.ts";
import { type KeepResult, keepArchive } from "../../archive/keep-archive.ts";
import { ArchiveNotKeptError, type KeptArchive } from "../../archive/places/archive-place.ts";
import { BucketPlace } from "../../archive/places/bucket-place.ts";
import type { ArchiveSource } from "../../archive/write-archive.ts";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { listAnchors, passOver } from "../../store/anchor-record.ts";
import { dataFolderOf } from "../terminal/data-folder.ts";
import { CliError, type SetExit, usageError } from "../terminal/failure.ts";
import { counted, readWhole } from "../terminal/numbers.ts";
import { printNote, printResult, spellTime } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { type RetentionFlags, requireWriteOnce, withRetentionFlags } from "./bucket-flags.ts";
import { withLedger } from "./ledger-view.ts";
import { type LockFlags, lockOf, type PlaceFlags, placeOf, withLockFlags, withPlaceFlags } from "./place-flags.ts";

type CreateFlags = PlaceFlags &
  RetentionFlags &
  LockFlags & {
    readonly data?: string;
    readonly ledger: string;
    readonly first: number;
    readonly last?: number;
    readonly compression?: Exclude<CodecName, "none">;
    readonly json?: boolean;
  };

export function addCreate(archive: Command, setExit: SetExit): void {
  const command = archive
    .command("create")
    .description(
      "Archive a range of a ledger, and verify what was written by reading it back. The service must be stopped.",
    )
    .option("--data <folder>", "data folder of the service; else HOLDFAST_DATA, else ./data")
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .addOption(new Option("--first <index>", "first entry").argParser(readWhole).default(0))
    .addOption(new Option("--last <index>", "last entry, not the last that is anchored").argParser(readWhole));
  withLockFlags(withRetentionFlags(withPlaceFlags(command)))
    .addOption(new Option("--compression <name>", "not the best that this Node has").choices(["zstd", "deflate"]))
    .option("--json", "print the result as JSON")
    .action(async (flags: CreateFlags) => setExit(await create(flags)));
}

async function create(flags: CreateFlags): Promise<number> {
  const data = dataFolderOf(flags.data);
  const place = placeOf(flags, data);
  const lock = lockOf(flags);
  if (place instanceof BucketPlace) await prepare(place);
  const { first: from, ledger: name, compression: codec } = flags;
  return withLedger(data, name, async (source) => {
    const to = await endOf(source, flags);
    const progress = await startProgress("entries");
    const onProgress = progress.show;
    const request = { from, to, place, lock, onProgress, ...(codec !== undefined && { codec }) };
    const result = await keepArchive(source, request)
      .catch(explain)
      .finally(() => progress.stop());
    const { archive, verdict, wasThere } = result;
    const json = {
      name: archive.name,
      place: place.description,
      bytes: archive.bytes,
      wasThere,
      retention: archive.retention,
      legalHold: archive.legalHold,
      ...verdict.archive,
      later: source.ledger.size - to,
    };
    printResult({ json, text: describe(result, place.description, source.ledger.size - to) }, flags.json === true);
    return 0;
  });
}

/** A bucket that does not keep to its locks is not used as one that does; what was broken off before is gone on with. */
async function prepare(place: BucketPlace): Promise<void> {
  if (place.isLocking) {
    requireWriteOnce(place.description, await place.test(), "Nothing was archived there.");
  }
  for (const name of await place.resume())
    printNote(`${name}, whose upload was broken off before, is in ${place.description} now.`);
}

function explain(error: unknown): never {
  if (error instanceof ArchiveNotKeptError)
    throw new CliError(error.message, { code: error.code, exitStatus: 1, cause: error });
  if (error instanceof TypeError) throw usageError(`${error.message}.`);
  throw error;
}

/** Behind the last entry: what is anchored can be proved by the chain alone, and what came since will be. */
async function endOf({ ledger, store }: ArchiveSource, { first, last, ledger: name }: CreateFlags): Promise<number> {
  const [anchor] = await listAnchors(store, ledger.record.id, { reverse: true, limit: 1, onDamaged: passOver });
  const to = last === undefined ? (anchor?.size ?? ledger.size) : last + 1;
  if (ledger.size === 0) throw usageError(`Expected entries in ledger ${name}, got none: there is nothing to archive.`);
  if (to > ledger.size) throw usageError(`Expected --last up to ${ledger.size - 1}, got ${to - 1}.`);
  if (first >= to) throw usageError(`Expected --first up to ${to - 1}, the last entry of the range, got ${first}.`);
  return to;
}

/** Until when a place refuses to remove it. */
export function describeRetention({ retention, legalHold }: KeptArchive): string {
  const until = retention === undefined ? "-" : `${retention.mode} until ${spellTime(retention.until)}`;
  return legalHold === true ? `${until}, legal hold` : until;
}

function describe({ archive, verdict, wasThere }: KeepResult, place: string, later: number): string[] {
  const { name, bytes } = archive;
  const range = verdict.archive?.range ?? { from: 0, to: 0 };
  const what = `entries ${range.from} to ${range.to - 1}, ${counted(bytes, "byte")}`;
  const how = wasThere
    ? "was there before, and holds the same"
    : "was read back and verified, as far as that goes without a chain";
  const lines = [`${name} is in ${place}: ${what}. It ${how}.`];
  if (archive.retention !== undefined) lines.push(`It is locked there: ${describeRetention(archive)}.`);
  if (later > 0) lines.push(`${counted(later, "later entry is", "later entries are")} not in it.`);
  return [...lines, `Check it with "holdfast verify", or with "holdfast archive verify ${name}".`];
}
