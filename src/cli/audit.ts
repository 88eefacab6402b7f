/**
 * `holdfast audit`: reads a whole store, of a service that is stopped, and hashes everything in it again. Exit status 1
 * when anything is wrong, 2 when there was nothing to look at.
 */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { listAnchors } from "../anchor/records.ts";
import { storeFolder } from "../config.ts";
import { type AuditReport, auditLedger, type Remembered } from "../ledger/audit.ts";
import { fastKeccak256 } from "../ledger/hash.ts";
import { decodeMark, type Mark, MarkLostError, markFile } from "../ledger/marks/mark.ts";
import type { SignedCheckpoint } from "../merkle/checkpoint.ts";
import type { Hash } from "../merkle/hash.ts";
import { LevelStore } from "../store/level.ts";
import { DamagedStoreError, type LedgerRecord, type Store, StoreLockedError } from "../store/store.ts";
import { CliError, type SetExit, usageError } from "./failure.ts";
import { printNote, printResult } from "./output.ts";
import { type Progress, startProgress } from "./progress.ts";

type AuditFlags = { readonly data?: string; readonly ledger?: string; readonly json?: boolean };
type Audited = { readonly record: LedgerRecord; readonly report: AuditReport };

const FINDINGS_SHOWN = 50;
/** What clocks may differ by. */
const AHEAD_MS = 60_000;

export function addAudit(program: Command, setExit: SetExit): void {
  program
    .command("audit")
    .description("Read a whole store again and hash everything in it. The service must be stopped.")
    .option("--data <folder>", "data folder of the service; else HOLDFAST_DATA, else ./data")
    .option("--ledger <name>", "this ledger only")
    .option("--json", "print the report as JSON")
    .addHelpText("after", "\nExit status: 0 whole, 1 something is wrong, 2 there was nothing to look at.")
    .action(async (flags: AuditFlags) => setExit(await audit(flags)));
}

async function audit(flags: AuditFlags): Promise<number> {
  const folder = storeFolder(flags.data ?? process.env.HOLDFAST_DATA ?? "data");
  if (!existsSync(folder)) throw usageError(`Expected a store at ${folder}, got nothing; give --data.`);
  const store = await openStore(folder);
  const audited: Audited[] = [];
  try {
    const records = (await store.ledgers()).filter(({ name }) => flags.ledger === undefined || name === flags.ledger);
    if (records.length === 0) throw usageError(`Expected ${flags.ledger ?? "a ledger"} in ${folder}, got none.`);
    const hash = await fastKeccak256();
    for (const record of records) {
      const progress = await startProgress("entries");
      const onProgress: Progress["show"] = (done, size) => progress.show(done, size);
      const { remembered, lost, isMarked } = await rememberedOf(store, record, folder, hash);
      const report = await auditLedger({ store, record, hash, remembered, onProgress });
      if (!isMarked && report.entries > 0) {
        printNote(`${record.name}: no mark beside the store, so that entries missing at its end are not noticed here.`);
      }
      audited.push({ record, report: lost === undefined ? report : withLostMark(report, lost) });
      progress.stop();
    }
  } finally {
    await store.close();
  }
  const json = { ledgers: audited.map(({ record, report }) => ({ name: record.name, ...report })) };
  printResult({ json, text: audited.flatMap(describe) }, flags.json === true);
  if (audited.some(({ report }) => report.findings.length > 0)) return 1;
  return audited.every(({ report }) => report.entries === 0) ? 2 : 0;
}

type Memory = {
  readonly remembered: readonly Remembered[];
  /** Why its mark cannot be believed. */
  readonly lost?: MarkLostError;
  readonly isMarked: boolean;
};

/** What the marks beside the store and the anchors in it say of a ledger; `lost` when its mark cannot be believed. */
async function rememberedOf(store: Store, record: LedgerRecord, folder: string, hash: Hash): Promise<Memory> {
  const anchors = await listAnchors(store, record.id).catch((error: unknown) => {
    if (!(error instanceof DamagedStoreError)) throw error;
    printNote(`${error.message}: anchors are not compared.`);
    return [];
  });
  const remembered = anchors.map(({ size, root, chainId }) => ({ size, root, by: `the anchor on chain ${chainId}` }));
  const mark = await readMark(join(dirname(folder), "marks"), record, hash);
  if (mark instanceof MarkLostError) return { remembered, lost: mark, isMarked: true };
  if (mark === undefined || !("root" in mark)) return { remembered, isMarked: mark !== undefined };
  const marked = { size: mark.size, root: mark.root, by: "the mark beside the store" };
  return { remembered: [marked, ...remembered], isMarked: true };
}

async function readMark(
  directory: string,
  record: LedgerRecord,
  hash: Hash,
): Promise<Mark | MarkLostError | undefined> {
  const file = join(directory, markFile(record.id));
  try {
    return decodeMark(await readFile(file, "utf8"), record, hash, file);
  } catch (error) {
    if (error instanceof MarkLostError) return error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function withLostMark(report: AuditReport, { message }: MarkLostError): AuditReport {
  const size = report.head?.size ?? 0;
  return { ...report, findings: [...report.findings, { kind: "mark_damaged", from: 0, to: size, detail: message }] };
}

async function openStore(folder: string): Promise<LevelStore> {
  try {
    return await LevelStore.open(folder);
  } catch (cause) {
    if (!(cause instanceof StoreLockedError)) throw cause;
    const message = `A service is using ${folder}; stop it first, or audit a copy of the folder.`;
    throw new CliError(message, { code: cause.code, exitStatus: 2, cause });
  }
}

/** Times of blocks tell when entries were there; the ledger's own, when its machine thought so. */
function aheadOf({ signedAt }: SignedCheckpoint): string[] {
  const signedAtMs = signedAt * 1000;
  if (signedAtMs - Date.now() <= AHEAD_MS) return [];
  const until = new Date(signedAtMs).toISOString();
  return [
    `  Its newest entries say ${until}, which is ahead of this machine's clock: one was recorded under a clock that was`,
    "  wrong, and since then times stand still. The blocks of its anchors have the right ones.",
  ];
}

function describe({ record, report }: Audited): string[] {
  const { head, entries, tiles, checkpoints, findings } = report;
  const done = `${entries} entries, ${tiles} tiles and ${checkpoints} checkpoints were read and hashed again`;
  if (findings.length === 0) {
    if (head === undefined) return [`${record.name}: empty, so that nothing was proved.`];
    return [`${record.name}: whole. ${done}; size ${head.size}, root ${head.root}.`, ...aheadOf(head)];
  }
  const shown = findings.slice(0, FINDINGS_SHOWN).map(({ kind, from, to, detail }) => {
    const range = to - from === 1 ? `entry ${from}` : `entries ${from} to ${to - 1}`;
    return `  ${kind} (${range}): ${detail}`;
  });
  const rest = findings.length > FINDINGS_SHOWN ? [`  and ${findings.length - FINDINGS_SHOWN} more; see --json`] : [];
  return [`${record.name}: NOT whole, ${findings.length} findings. ${done}.`, ...shown, ...rest];
}
