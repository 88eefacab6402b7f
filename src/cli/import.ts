/**
 * `holdfast import`: an exported ledger becomes a store in a new data folder. It is verified while it comes, so that it need not be there a
 * second time; what does not verify to its end leaves nothing. It is to be read, unless the ledger goes on here and nowhere else.
 * Why: docs/decisions/0221.
 */

import { createReadStream, existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { ArchiveLockedError, openArchive } from "../archive/age.ts";
import { type ImportOptions, importArchive, RestoreError } from "../archive/restore.ts";
import { beginFolder, clearUnfinished, settleFolder } from "../backup/unfinished-folder.ts";
import { fastRecoverSigner } from "../keys/local-signer.ts";
import { fastKeccak256 } from "../ledger/keccak/keccak-wasm.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import { marksFolder, storeFolder } from "../service/config.ts";
import { FileRefusedError } from "../store/durable-file.ts";
import { openReading } from "./archive/ledger-view.ts";
import { type OpenerFlags, openerOf, withOpenerFlags } from "./archive/place-flags.ts";
import { CliError, fileReason, isNotNow, notNow, usageError } from "./terminal/failure.ts";
import { counted } from "./terminal/numbers.ts";
import { printResult } from "./terminal/output.ts";
import { startProgress } from "./terminal/progress.ts";
import { openNewWithKeys } from "./terminal/store-keys.ts";
import { type VerifyFlags, verifyOptionsOf, withVerifyFlags } from "./verify.ts";

type ImportFlags = VerifyFlags &
  OpenerFlags & {
    readonly data: string;
    readonly goesOn?: boolean;
    readonly marks?: string;
    readonly json?: boolean;
  };

type Imported = Awaited<ReturnType<typeof importArchive>>;

const STDIN = 0;
/** What the disk, or whoever has the keys, may do later. */

export function addImport(program: Command): void {
  const command = program
    .command("import")
    .description("Make a store of an exported ledger, in a new data folder. All of it is verified while it comes.")
    .argument("[file]", 'what "holdfast export --as ledger" wrote, or an archive; "-" is standard input', "-")
    .requiredOption("--data <folder>", "data folder to make; nothing may be in it")
    .option("--goes-on", "the ledger goes on there and nowhere else, under its signer's key; else it is to be read")
    .option("--marks <folder>", "marks/ of where it was, with --goes-on");
  withVerifyFlags(withOpenerFlags(command)).option("--json", "print the result as JSON").action(importFrom);
}

async function importFrom(file: string, flags: ImportFlags): Promise<void> {
  const { data, goesOn = false, marks } = flags;
  if (marks !== undefined && !goesOn)
    throw usageError("Expected --marks with --goes-on: nothing is signed for a ledger that is to be read.");
  if (marks !== undefined && !existsSync(marks)) throw usageError(`Expected marks in ${marks}, got nothing.`);
  const asksChain = flags.rpc !== undefined || flags.blockHash !== undefined || flags.requireChain === true;
  const verifying = verifyOptionsOf(asksChain ? flags : { ...flags, offline: true });
  const unfinished = await begin(data);
  const hash = await fastKeccak256();
  const recover = (checkpoint: SignedCheckpoint) => fastRecoverSigner(checkpoint, hash);
  const progress = await startProgress("entries");
  try {
    const options = { ...verifying, hash, recover, onProgress: progress.show, goesOn };
    const imported = await take(file, flags, { unfinished, options });
    if (asksChain) requireVerified(imported);
    if (marks !== undefined) await cp(marks, marksFolder(unfinished), { recursive: true });
    await settleFolder(data);
    printResult({ json: inJson(data, imported), text: describe(data, imported, flags) }, flags.json === true);
  } catch (error) {
    throw explain(file, error);
  } finally {
    progress.stop();
    await clearUnfinished(data);
  }
}

type Taking = { readonly unfinished: string; readonly options: ImportOptions };

async function take(file: string, flags: ImportFlags, { unfinished, options }: Taking): Promise<Imported> {
  const { store, close } = await openNewWithKeys(unfinished, options.hash);
  try {
    const bytes = file === "-" ? createReadStream("", { fd: STDIN, autoClose: false }) : createReadStream(file);
    const imported = await importArchive(store, openArchive(bytes, openerOf(flags)), options);
    // As a start does: the edge of the tree is made again, and has to lead to the newest checkpoint.
    const { head, size } = await openReading(store, imported.record, options.hash);
    if (head?.root !== imported.root || size !== imported.size)
      throw new RestoreError(`expected root ${imported.root} of size ${imported.size} in the store, got ${head?.root}`);
    return imported;
  } finally {
    await close();
  }
}

/** Where a chain was to be asked, not knowing is not enough. */
function requireVerified({ verdict: { cell, summary } }: Imported): void {
  if (cell.exitStatus === 0) return;
  throw new CliError(`The ledger was not imported: ${summary}`, { code: "import_refused", exitStatus: 2 });
}

async function begin(data: string): Promise<string> {
  if (existsSync(storeFolder(data))) throw usageError(hasStore(data));
  return beginFolder(data).catch((error) => {
    throw error instanceof FileRefusedError ? usageError(`--data: ${error.message}.`) : error;
  });
}

/** One store for each ledger that comes: a kill in the middle would leave half of one in a store that others are in. */
function hasStore(data: string): string {
  const file = '{"data":"./imported","listen":"127.0.0.1:4601","ledger":"local"}';
  return (
    `Expected a new folder as --data, got ${data}, which has a store, of a service that may be running on it. ` +
    "A ledger that comes is not put into a store that is in use: import it with --data ./imported while the service goes on, " +
    `and serve that beside it: HOLDFAST_CONFIG=imported.json holdfast serve, with ${file} in imported.json.`
  );
}

function explain(file: string, error: unknown): unknown {
  if (error instanceof RestoreError)
    return new CliError(`Nothing was imported: ${error.message}`, { code: error.code, exitStatus: 1, cause: error });
  if (error instanceof ArchiveLockedError)
    return usageError(`${error.message}; give --identity <file> or --passphrase-file <file>.`);
  if (isNotNow(error)) return notNow("Nothing was imported, and trying again is safe", error);
  const { syscall } = error as NodeJS.ErrnoException;
  if (syscall === "open" || syscall === "read")
    return usageError(`${JSON.stringify(file)} cannot be read: ${fileReason(error)}.`);
  return error;
}

function inJson(data: string, { record, size, root, anchors, left, verdict }: Imported): unknown {
  return { data, record, size, root, anchors, left, verdict: verdict.cell.name };
}

function describe(
  data: string,
  { record, size, root, anchors, left, verdict }: Imported,
  flags: ImportFlags,
): string[] {
  const { name, signer, id } = record;
  const lines = [
    `${data} has ledger ${name} (${id}) with ${counted(size, "entry", "entries")} and ${counted(anchors, "anchor")}; root ${root}, signed by ${signer} or one before it.`,
    verdict.summary,
  ];
  if (left > 0)
    lines.push(
      `${counted(left, "entry", "entries")} behind it: no checkpoint of the ledger ends with them, and they are not in it.`,
    );
  if (existsSync(join(data, "keys")))
    lines.push(
      `Its key-encryption key was made, and is in ${join(data, "keys")}: without it the store cannot be read.`,
    );
  return [...lines, next(flags)];
}

function next({ goesOn = false, marks }: ImportFlags): string {
  if (!goesOn)
    return "It is to be read: a service shows and proves it, and signs nothing for it. What is new belongs where the ledger goes on, or in a successor.";
  if (marks !== undefined) return "A service starts on it when nothing was signed after this, as its marks say.";
  return "It has no marks, so that no service starts on it: give those that survived with --marks; when nothing was signed after this, `holdfast marks renew`.";
}
