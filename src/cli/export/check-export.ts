/**
 * `holdfast export --check`: whether a file that was exported is as it was written, told without the service: by its
 * trailer, which stands in its last line, or beside it for formats that have no place for it.
 */

import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, openSync, readSync } from "node:fs";
import { ExportLineError, LINE_BEGIN, readLine, readObject } from "../../export/lines.ts";
import { END_BEGIN, EXPORT_FORMAT, type ExportTrailer } from "../../export/trailer.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import { checksumAddress } from "../../merkle/address.ts";
import { TreeEdge } from "../../merkle/append.ts";
import { fromHex, toHex } from "../../merkle/bytes.ts";
import { recoverSigner } from "../../merkle/checkpoint.ts";
import { ProofError } from "../../merkle/proof.ts";
import { TILE_WIDTH } from "../../merkle/tile.ts";
import { readTextFile } from "../../store/text-file.ts";
import type { ServiceClient } from "../remote/service-client.ts";
import { CliError, fileReason, usageError } from "../terminal/failure.ts";
import { readLines } from "../terminal/lines.ts";
import { counted } from "../terminal/numbers.ts";
import type { Result } from "../terminal/output.ts";
import { MANIFEST } from "./manifest.ts";

/** What a trailer alone is worth. */
const UNBOUND =
  "That is by its trailer alone, which whoever changes a file can write anew: what is of a part of a ledger, or no NDJSON, does not lead to the root of a checkpoint. Prove single events with holdfast prove.";
const LINE_CHARACTERS_MAX = 64 * 1024 * 1024;

/**
 * @param client asked whether its checkpoint is that of the file
 * @throws CliError when it was cut or changed, or nothing tells whether it was, or the service has another history
 */
export async function checkExport(file: string, client?: ServiceClient): Promise<Result> {
  const { trailer, isBound } = await checkFile(file);
  const { count, size, as, checkpoint } = trailer;
  const signer = isBound && checkpoint !== null ? signerOf(file, checkpoint) : undefined;
  const by =
    signer === undefined
      ? UNBOUND
      : `Its events lead to the root of its checkpoint, of size ${size}, signed by ${checksumAddress(signer)}.`;
  const text = [`${file} is a whole export of ${counted(count, "event")} as ${as}. ${by}`];
  if (client !== undefined) text.push(await askService(file, trailer, client));
  return { json: { file, leadsToRoot: isBound, signer, ...trailer }, text };
}

/** Where each line of a file leads to its leaf hash and all of them to a root, the file is its own witness; otherwise its trailer's word is. */
type Checked = { readonly trailer: ExportTrailer; readonly isBound: boolean };

async function checkFile(file: string): Promise<Checked> {
  const beside = `${file}${MANIFEST}`;
  // What has its own trailer is not judged by what lies beside it, which may be of a file that had this name before.
  if (!existsSync(beside) || hasLines(file)) return checkLines(file);
  const trailer = trailerIn(
    readIn(beside, () => readObject(readTextFile(beside).trim())),
    beside,
  );
  // Lines are looked at whatever lies beside them.
  return trailer.as === "ndjson" ? checkLines(file) : { trailer: await checkBeside(file, trailer), isBound: false };
}

/** Whether a file begins as an export as NDJSON does, and no other; not where it cannot be read. */
function hasLines(file: string): boolean {
  const bytes = Buffer.alloc(Math.max(LINE_BEGIN.length, END_BEGIN.length));
  try {
    const opened = openSync(file, "r");
    try {
      const begin = bytes.toString("latin1", 0, readSync(opened, bytes));
      return begin.startsWith(LINE_BEGIN) || begin.startsWith(END_BEGIN);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return false;
  }
}

/** Whether a service has the checkpoint that a file is of. @throws CliError when it has another one, or none */
async function askService(file: string, { ledger, checkpoint }: ExportTrailer, client: ServiceClient): Promise<string> {
  if (checkpoint === null) throw broken(file, "a checkpoint to ask the service for, got an export of an empty ledger");
  const { size, root } = checkpoint;
  const path = `/v1/ledgers/${encodeURIComponent(ledger.name)}/checkpoint/${size}`;
  const there = (await client.ask(path)) as { readonly ledgerId?: unknown; readonly root?: unknown };
  if (there.root === root && there.ledgerId === ledger.id) {
    return `The service at ${client.url} has the same ledger with the same root at that size.`;
  }
  const got = `${String(there.root)} of ledger ${String(there.ledgerId)}`;
  const message = `${file} is not of that service: expected the root ${root} of ledger ${ledger.id} at size ${size}, got ${got}.`;
  throw new CliError(message, { code: "root_mismatch", exitStatus: 1 });
}

async function checkBeside(file: string, trailer: ExportTrailer): Promise<ExportTrailer> {
  const sha256 = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file)) {
      sha256.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (cause) {
    throw usageError(`Could not read ${file}: ${fileReason(cause)}.`);
  }
  try {
    compare(file, trailer, bytes, sha256.digest("hex"));
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const either = `Or ${file}${MANIFEST} is that of another export, which had this name before.`;
    throw new CliError(`${error.message} ${either}`, { code: error.code, exitStatus: 1, cause: error });
  }
  return trailer;
}

async function checkLines(file: string): Promise<Checked> {
  const hash = await fastKeccak256();
  const sha256 = createHash("sha256");
  const edge = new TreeEdge(hash);
  let bytes = 0;
  let count = 0;
  let next = 0;
  let trailer: ExportTrailer | undefined;
  for await (const line of readLines(file, { charactersMax: LINE_CHARACTERS_MAX })) {
    if (trailer !== undefined) throw broken(file, "nothing behind its trailer, got another line");
    if (line.startsWith(END_BEGIN)) {
      trailer = trailerIn(readIn(file, () => readObject(line)).holdfast_export, file);
      continue;
    }
    if (count === 0 && !line.includes('"leafHash"')) throw withoutTrailer(file);
    const { index, leafHash } = readIn(file, () => readLine(line, hash));
    if (index < next) throw broken(file, `an index from ${next} on, got ${index}`);
    next = index + 1;
    sha256.update(line).update("\n");
    bytes += Buffer.byteLength(line) + 1;
    count++;
    edge.append(fromHex(leafHash));
    if (edge.size % TILE_WIDTH === 0) {
      edge.takeTiles();
      edge.forget();
    }
  }
  if (trailer === undefined)
    throw broken(file, `its trailer as the last line, got ${counted(count, "event")} and none`);
  if (trailer.count !== count) throw broken(file, `${trailer.count} events, got ${count}`);
  compare(file, trailer, bytes, sha256.digest("hex"));
  const root = toHex(edge.root());
  const { checkpoint, filter } = trailer;
  const isAll = Object.keys(filter).length === 0 && trailer.unreadable === undefined;
  if (isAll && checkpoint !== null && checkpoint.root !== root) {
    throw broken(file, `events that lead to the root ${checkpoint.root} of its checkpoint, got ${root}`);
  }
  return { trailer, isBound: isAll && checkpoint !== null };
}

function trailerIn(value: unknown, file: string): ExportTrailer {
  const { format } = (value ?? {}) as Partial<ExportTrailer>;
  if (format === EXPORT_FORMAT) return value as ExportTrailer;
  throw broken(file, `a trailer of the format ${EXPORT_FORMAT}, got ${JSON.stringify(format) ?? "none"}`);
}

/** CSV, OCSF and Parquet cannot tell by themselves. */
function withoutTrailer(file: string): CliError {
  return usageError(
    `Expected ${file}${MANIFEST} beside ${file}, got none: what is exported as CSV, OCSF or Parquet is checked by that file, so keep both together; of an export as NDJSON ${file} is not even the first line.`,
  );
}

function readIn<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ExportLineError) throw broken(file, error.message.replace(/^expected /, ""));
    throw error;
  }
}

function signerOf(file: string, checkpoint: NonNullable<ExportTrailer["checkpoint"]>): string {
  try {
    return recoverSigner(checkpoint);
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    throw broken(file, `a checkpoint that somebody signed: ${error.message}`);
  }
}

function compare(file: string, trailer: ExportTrailer, bytes: number, sha256: string): void {
  if (trailer.bytes !== bytes) throw broken(file, `${trailer.bytes} bytes, got ${bytes}: it was cut or changed`);
  if (trailer.sha256 !== sha256)
    throw broken(file, `content of SHA-256 ${trailer.sha256}, got ${sha256}: it was changed`);
}

function broken(file: string, what: string): CliError {
  return new CliError(`${file} is not a whole export: expected ${what}.`, { code: "export_broken", exitStatus: 1 });
}
