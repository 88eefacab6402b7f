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
import { type FilterFlags, filterOf, withFilterOptions } from "../remote/filter-flags.ts";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "../remote/service-client.ts";
import { CliError, usageError } from "../terminal/failure.ts";
import { counted, readCount, readWhole } from "../terminal/numbers.ts";
import { openOutput, printNote, printResult } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { checkExport } from "./check-export.ts";
import { MANIFEST } from "./manifest.ts";
import { takeExport } from "./take-export.ts";
import { ExportFile, type FileFormat } from "./write-export.ts";

const RETRY_S = 300;
const FILE_FORMATS: readonly FileFormat[] = [...TEXT_FORMATS, "parquet"];

type ExportFlags = ServiceOptions &
  FilterFlags & {
    readonly ledger: string;
    readonly as: FileFormat;
    readonly columns?: string;
    readonly size?: number;
    readonly retryFor: number;
    readonly check?: boolean;
    readonly json?: boolean;
  };

export function addExport(program: Command): void {
  const command = program
    .command("export")
    .description("Take all events away that a filter finds, as a file, each checked on the way.")
    .argument("<file>", 'the file to write; "-" is standard output');
  withFilterOptions(withServiceOptions(command))
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .addOption(new Option("--as <format>", "what to write").choices(FILE_FORMATS).default("ndjson"))
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
      // Nobody is asked who was not named.
      const asked = flags.url === undefined ? undefined : new ServiceClient(flags);
      if (flags.check === true) printResult(await checkExport(file, asked), flags.json === true);
      else await exportTo(file, flags);
    });
}

async function exportTo(file: string, flags: ExportFlags): Promise<void> {
  refuseOthers(file, flags);
  const { ledger, as } = flags;
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

function refuseOthers(file: string, { as, columns, json }: ExportFlags): void {
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

/** Size of the newest checkpoint; undefined for a ledger that is empty. */
async function newestSize(client: ServiceClient, ledger: string): Promise<number | undefined> {
  const path = `/v1/ledgers/${encodeURIComponent(ledger)}/checkpoint`;
  const answer = await client.send(path);
  const { size, code } = (answer.body ?? {}) as Readonly<Record<string, unknown>>;
  if (code === "checkpoint_unknown") return undefined;
  if (answer.status === 200 && Number.isSafeInteger(size)) return size as number;
  return ((await client.require(path)).body as { size: number }).size;
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
