/**
 * `holdfast export`: everything that a filter finds, as a file that is there whole or not at all. Each event is held
 * against its leaf hash on the way; with all of a ledger the root of its checkpoint is computed again.
 */

import { type Command, Option } from "commander";
import { readValues } from "../../entry/spelled-value.ts";
import { COLUMNS_DEFAULT } from "../../export/columns.ts";
import { readColumns, TEXT_FORMATS } from "../../export/formats.ts";
import type { ExportRecord } from "../../export/record.ts";
import { type ExportTrailer, trailerLine } from "../../export/trailer.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import { checksumAddress } from "../../merkle/address.ts";
import { TreeEdge } from "../../merkle/append.ts";
import { fromHex, toHex } from "../../merkle/bytes.ts";
import { recoverSigner, type SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { withRecipientFlags } from "../archive/place-flags.ts";
import { filterOf, withFilterOptions } from "../remote/filter-flags.ts";
import { ServiceClient, withServiceOptions } from "../remote/service-client.ts";
import { CliError, usageError } from "../terminal/failure.ts";
import { counted, readCount, readWhole } from "../terminal/numbers.ts";
import { openOutput, printNote, printResult } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { checkExport } from "./check-export.ts";
import { exportLedger, type LedgerExportFlags } from "./ledger.ts";
import { MANIFEST } from "./manifest.ts";
import { newestSize, takeExport } from "./take-export.ts";
import { ExportFile, type FileFormat } from "./write-export.ts";

const RETRY_S = 300;
const FILE_FORMATS: readonly FileFormat[] = [...TEXT_FORMATS, "parquet"];
/** Not the events of a ledger, but the ledger itself. */
const LEDGER = "ledger";

type ExportFlags = LedgerExportFlags & { readonly as: FileFormat | typeof LEDGER };

export function addExport(program: Command): void {
  const command = program
    .command("export")
    .description("Take all events away that a filter finds, or a whole ledger, as a file, each checked on the way.")
    .argument("<file>", 'the file to write; "-" is standard output');
  withRecipientFlags(withFilterOptions(withServiceOptions(command)))
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .addOption(
      new Option("--as <format>", "what to write; ledger is all of it as an archive, for holdfast import")
        .choices([...FILE_FORMATS, LEDGER])
        .default("ndjson"),
    )
    .option("--data <folder>", "of a ledger: data folder of a service that is stopped, instead of asking one")
    .option(
      "--columns <names>",
      `of csv and parquet, parted by commas; else ${COLUMNS_DEFAULT.slice(0, 4).join(",")},…`,
    )
    .addOption(new Option("--size <entries>", "export the ledger as it was at this checkpoint").argParser(readWhole))
    .addOption(
      new Option("--retry-for <seconds>", "how long to wait for a service that is away")
        .argParser(readCount)
        .default(RETRY_S),
    )
    .option(
      "--check",
      "write nothing: check a file that was exported before; with --url also against what that service has",
    )
    .option("--json", "print the result as JSON")
    .action(async (file: string, flags: ExportFlags) => {
      if (flags.as === LEDGER) return exportLedger(file, flags);
      // Nobody is asked who was not named.
      const asked = flags.url === undefined ? undefined : new ServiceClient(flags);
      if (flags.check === true) printResult(await checkExport(file, asked), flags.json === true);
      else await exportTo(file, flags, flags.as);
    });
}

async function exportTo(file: string, flags: ExportFlags, as: FileFormat): Promise<void> {
  refuseOthers(file, flags, as);
  const { ledger } = flags;
  const columns = readNames(flags.columns);
  const client = new ServiceClient(flags);
  const size = flags.size ?? (await newestSize(client, ledger));
  const hash = await fastKeccak256();
  const filter = filterOf(flags);
  const written = new ExportFile(file, as, { ledger, columns });
  // What is all of the ledger leads to its root.
  const edge = Object.keys(filter).length === 0 ? new TreeEdge(hash) : undefined;
  const progress = await startProgress("entries");
  let trailer: ExportTrailer;
  try {
    trailer = await takeExport(client, {
      ledger,
      filter,
      size,
      hash,
      retryForS: flags.retryFor,
      onRecords(records) {
        written.add(records);
        grow(edge, records);
      },
      onProgress: (upTo) => progress.show(upTo, size ?? 0),
    });
  } finally {
    progress.stop();
  }
  const signer = checkCheckpoint(trailer.checkpoint, edge, trailer.unreadable !== undefined);
  const told = (): ExportTrailer => ownTrailer(trailer, written, as, filter);
  written.end(() => JSON.stringify(told()));
  const whole = told();
  // Written first and named last: a disk that is full leaves neither.
  const beside = as !== "ndjson" && file !== "-" ? openOutput(`${file}${MANIFEST}`) : undefined;
  beside?.write(`${JSON.stringify(whole)}\n`);
  written.finish(as === "ndjson" ? trailerLine(whole) : "");
  beside?.close();
  tell(file, whole, signer, edge !== undefined, flags.json === true);
}

function refuseOthers(file: string, flags: ExportFlags, as: FileFormat): void {
  const { columns, json } = flags;
  for (const name of ["data", "recipient", "recipientsFile", "passphraseFile"] as const) {
    if (flags[name] === undefined) continue;
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw usageError(`Expected --${flag} with --as ledger, got --as ${as}.`);
  }
  if (file === "-" && as === "parquet") throw usageError("Expected a file for Parquet, got standard output.");
  if (file === "-" && json === true) throw usageError("Expected a file where --json prints the result, got -.");
  if (columns !== undefined && as !== "csv" && as !== "parquet") {
    throw usageError(`Expected --columns with --as csv or parquet, got --as ${as}.`);
  }
}

function readNames(names: string | undefined): ReturnType<typeof readColumns> {
  try {
    return readColumns(names === undefined ? undefined : readValues(names));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw usageError(`--columns: ${error.message}.`);
  }
}

function grow(edge: TreeEdge | undefined, records: readonly ExportRecord[]): void {
  if (edge === undefined) return;
  for (const { leafHash } of records) edge.append(fromHex(leafHash));
  edge.takeTiles();
  edge.forget();
}

/** @returns who signed it @throws CliError when what came does not lead to its root, or nobody signed it */
function checkCheckpoint(
  checkpoint: SignedCheckpoint | null,
  edge: TreeEdge | undefined,
  isIncomplete: boolean,
): string | undefined {
  if (checkpoint === null) return undefined;
  const root = edge === undefined || isIncomplete ? checkpoint.root : toHex(edge.root());
  if (root !== checkpoint.root) {
    const message = `Expected events that lead to the root ${checkpoint.root} of the checkpoint, got ${root}.`;
    throw new CliError(message, { code: "root_mismatch", exitStatus: 1 });
  }
  return recoverSigner(checkpoint);
}

function ownTrailer(
  trailer: ExportTrailer,
  { count, first, last, bytes, sha256 }: ExportFile,
  as: FileFormat,
  filter: Readonly<Record<string, string>>,
): ExportTrailer {
  return { ...trailer, as, filter, count, first, last, bytes, sha256 };
}

function tell(file: string, trailer: ExportTrailer, signer: string | undefined, isAll: boolean, asJson: boolean): void {
  const { count, size, as, unreadable = [] } = trailer;
  // Where some are missing nothing was compared with the root.
  const proved =
    isAll && unreadable.length === 0
      ? "All of the ledger: they lead to the root of its checkpoint."
      : "Each leads to its leaf hash.";
  const by = signer === undefined ? "" : ` The checkpoint of size ${size} is signed by ${checksumAddress(signer)}.`;
  const missing = `${counted(unreadable.length, "event")} could not be read from the store, and are not among them.`;
  const text = [`Exported ${counted(count, "event")} as ${as}. ${proved}${by}`];
  if (unreadable.length > 0) text.push(missing);
  const result = { json: { file, signer, ...trailer }, text };
  if (file === "-") text.forEach(printNote);
  else printResult(result, asJson);
}
