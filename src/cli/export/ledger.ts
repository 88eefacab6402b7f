/**
 * `holdfast export --as ledger`: a ledger as one archive, from a service or from the store of one that is stopped. What leaves is verified
 * on the way, as whoever imports it does again.
 * Why: docs/decisions/0221.
 */

import { encryptionFor, openArchive } from "../../archive/age.ts";
import type { ArchiveVerdict } from "../../archive/archive-verdict.ts";
import { checkArchive } from "../../archive/check-archive.ts";
import { writeArchive } from "../../archive/write-archive.ts";
import { fastRecoverSigner } from "../../keys/local-signer.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import { withLedger } from "../archive/ledger-view.ts";
import { type LockFlags, lockOf } from "../archive/place-flags.ts";
import { type FilterFlags, filterOf } from "../remote/filter-flags.ts";
import { ServiceClient, type ServiceOptions } from "../remote/service-client.ts";
import { dataFolderOf } from "../terminal/data-folder.ts";
import { CliError, usageError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { isUnread, printNote, printResult } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { newestSize } from "./take-export.ts";
import { takeLedger } from "./take-ledger.ts";
import { sinkOf } from "./write-export.ts";

export type LedgerExportFlags = ServiceOptions &
  FilterFlags &
  LockFlags & {
    readonly ledger: string;
    readonly data?: string;
    readonly columns?: string;
    readonly size?: number;
    readonly retryFor: number;
    readonly check?: boolean;
    readonly json?: boolean;
  };

export async function exportLedger(file: string, flags: LedgerExportFlags): Promise<void> {
  refuseOthers(file, flags);
  const { ledger: name, data } = flags;
  if (data !== undefined) {
    await withLedger(dataFolderOf(data), name, async ({ ledger, store, hash }) => {
      const to = await endOf(ledger, flags);
      await write(file, flags, writeArchive({ ledger, store, hash }, { from: 0, to, version: 2 }));
    });
    return;
  }
  const client = new ServiceClient(flags);
  const size = flags.size ?? (await newestSize(client, name));
  if (size === undefined) throw nothingIn(name);
  await write(file, flags, takeLedger(client, { ledger: name, size, retryForS: flags.retryFor }));
}

function refuseOthers(file: string, flags: LedgerExportFlags): void {
  const [filter] = Object.keys(filterOf(flags));
  if (filter !== undefined) throw usageError(`Expected all of a ledger with --as ledger, got the filter ${filter}.`);
  if (flags.columns !== undefined) throw usageError("Expected --columns with --as csv or parquet, got --as ledger.");
  if (flags.check === true)
    throw usageError(`Expected --check with events, got --as ledger; an archive is checked by "holdfast verify".`);
  if (file === "-" && flags.json === true) throw usageError("Expected a file where --json prints the result, got -.");
  if (flags.data !== undefined && flags.url !== undefined)
    throw usageError("Expected --url of a service or --data of one that is stopped, got both.");
}

async function endOf(ledger: Ledger, { ledger: name, size }: LedgerExportFlags): Promise<number> {
  if (ledger.size === 0) throw nothingIn(name);
  const to = size ?? ledger.size;
  if ((await ledger.checkpoint(to)) !== undefined) return to;
  throw usageError(`Expected --size of a checkpoint of ledger ${name}, up to ${ledger.size}, got ${to}.`);
}

function nothingIn(name: string): CliError {
  return usageError(`Expected entries in ledger ${name}, got none: there is nothing to export.`);
}

async function write(file: string, flags: LedgerExportFlags, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const { recipient, recipientsFile, passphraseFile } = flags;
  const isLocked = [recipient, recipientsFile, passphraseFile].some((flag) => flag !== undefined);
  const { opener, encrypt } = await encryptionFor(isLocked ? lockOf(flags) : undefined);
  const sink = sinkOf(file);
  const hash = await fastKeccak256();
  const recover = (checkpoint: SignedCheckpoint) => fastRecoverSigner(checkpoint, hash);
  const progress = await startProgress("entries");
  let verdict: ArchiveVerdict;
  let length = 0;
  try {
    const written = async function* () {
      for await (const piece of await encrypt(bytes)) {
        sink.write(piece);
        if (isUnread()) throw new CliError("Whoever took the ledger has gone.", { code: "unwritable", exitStatus: 1 });
        length += piece.length;
        yield piece;
      }
    };
    const options = { hash, recover, offline: true, onProgress: progress.show };
    verdict = await checkArchive(openArchive(written(), opener), options);
  } finally {
    progress.stop();
  }
  const { archive, checks, summary } = verdict;
  if (checks === "failed" || archive === undefined)
    throw new CliError(`Expected a ledger that verifies on its way, got: ${summary}`, {
      code: "ledger_unproved",
      exitStatus: 1,
    });
  sink.finish();
  const { ledger, range, digest } = archive;
  const text = [
    `Exported ledger ${ledger.name} (${ledger.id}) with ${counted(range.to, "entry", "entries")}, ${counted(length, "byte")}. All of it was verified on the way, as far as that goes without a chain.`,
    isLocked
      ? "It is encrypted: whoever imports it needs the key."
      : "It is in clear: whoever has it can read the events.",
  ];
  if (file === "-") text.forEach(printNote);
  else printResult({ json: { file, ledger, range, digest, bytes: length }, text }, flags.json === true);
}
