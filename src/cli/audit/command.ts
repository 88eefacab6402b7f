/**
 * `holdfast audit`: reads a whole store, of a service that is stopped, and hashes everything in it again. It changes nothing
 * that it looks at. Exit status 1 when anything is wrong, 2 when there was nothing to look at or it could not be read.
 */

import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { type Command, Option } from "commander";
import { type AuditReport, auditFully, type MakeCheck } from "../../audit/audit.ts";
import type { WithheldCounts } from "../../audit/checks/entries.ts";
import { type AuditedKeys, KeysCheck } from "../../audit/checks/keys.ts";
import { rememberedOf } from "../../audit/expected-size.ts";
import { SAMPLE_DEFAULT, type SampleSize } from "../../audit/sample/probability.ts";
import { auditSample, type SampledAudit } from "../../audit/sample/sample-audit.ts";
import { DigestPool } from "../../audit/walk/digest-pool.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import type { SignedCheckpoint } from "../../merkle/checkpoint.ts";
import type { Hash } from "../../merkle/hash.ts";
import { adminKeyFile, marksFolder, storeFolder } from "../../service/config.ts";
import type { LevelStore } from "../../store/level-store.ts";
import { type FileDamage, inspectFolder } from "../../store/leveldb/inspect.ts";
import { DamagedStoreError, type LedgerRecord, StoreLockedError } from "../../store/store.ts";
import type { SampleClaim } from "../../verify/report/audit-report.ts";
import { withServiceOptions } from "../remote/service-client.ts";
import { dataFolderOf } from "../terminal/data-folder.ts";
import { CliError, type SetExit, usageError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { printNote, printResult } from "../terminal/output.ts";
import { type Progress, startProgress } from "../terminal/progress.ts";
import { openWithKeys, type StoreOptions, type WithKeys } from "../terminal/store-keys.ts";
import { isFileError, unreadable, viewOf } from "../terminal/store-view.ts";
import { auditRemotely, type RemoteFlags } from "./remote-audit.ts";
import { describeFindings, readPart, withSampleFlags } from "./sample-flags.ts";

type AuditFlags = RemoteFlags & {
  readonly data?: string;
  readonly keys?: string;
};
type Audited = {
  readonly record: LedgerRecord;
  readonly report: AuditReport;
  readonly byDigest: WithheldCounts;
  readonly sample?: SampleClaim | undefined;
};

const FINDINGS_SHOWN = 50;
/** Tiles that are read and hashed before they are looked at. */
const AHEAD = 8;
/** What a store alone does not tell. */
const NOT_HERE = ["anchors", "index", "archives"];
const UNMARKED = "no mark beside the store, so that entries missing at its end are not noticed here";
/** What clocks may differ by. */
const AHEAD_MS = 60_000;

export function addAudit(program: Command, setExit: SetExit): void {
  const command = program
    .command("audit")
    .description(
      "Read a whole store again and hash everything in it: of a service that is stopped, or with --url by one that runs.",
    )
    .option("--data <folder>", "data folder of the service; else HOLDFAST_DATA, else ./data")
    .option("--keys <folder>", "data folder that has the keys of an encrypted store; else the same")
    .option("--ledger <name>", "this ledger only");
  withSampleFlags(withServiceOptions(command))
    .addOption(new Option("--share <part>", "with --url: of the time of one thread of the service").argParser(readPart))
    .option("--report <file>", "with --url: keep the signed report in a file")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExit status: 0 whole, 1 something is wrong, 2 there was nothing to look at, not all was (a sample), or it could not be read.",
    )
    .action(async (flags: AuditFlags) => setExit(await audit(flags)));
}

async function audit(flags: AuditFlags): Promise<number> {
  if (flags.url !== undefined) return auditRemotely(flags);
  if (flags.report !== undefined || flags.share !== undefined)
    throw usageError(
      "Expected --report and --share together with --url: a service signs its reports, and has others to serve.",
    );
  const data = dataFolderOf(flags.data);
  const folder = storeFolder(data);
  const view = await viewOf(folder);
  try {
    return await auditView(view.directory, data, flags);
  } catch (cause) {
    // What cannot be looked at is not known to be wrong.
    throw isFileError(cause) ? unreadable(folder, cause) : cause;
  } finally {
    await view.dispose();
  }
}

/** Audits what the view shows of the store; nothing in the data folder is changed. */
async function auditView(directory: string, data: string, flags: AuditFlags): Promise<number> {
  const folder = storeFolder(data);
  const inspecting = await startProgress("files");
  const files = await inspectFolder(directory, inspecting.show);
  inspecting.stop();
  const hash = await fastKeccak256();
  const opened = await openStore(directory, { folder, files, keys: flags.keys ?? data, hash });
  if (opened === undefined) {
    printResult(
      { json: { files: files.map(inWords), ledgers: [] }, text: describeFiles(folder, files) },
      flags.json === true,
    );
    return 1;
  }
  const { store, keyring, close } = opened;
  try {
    const audited = await auditAll(store, { marks: marksFolder(data), hash, keyring }, flags);
    if (audited.length === 0) throw usageError(`Expected ${flags.ledger ?? "a ledger"} in ${folder}, got none.`);
    const values: string[] = [];
    for await (const name of store.damagedValues()) values.push(name);
    const ledgers = audited.map(({ record, report, byDigest, sample }) => ({
      name: record.name,
      ...report,
      byDigest,
      notLookedAt: NOT_HERE,
      ...(sample !== undefined && { sample }),
    }));
    const text = [...describeFiles(folder, files), ...describeValues(values), ...audited.flatMap(describe)];
    printResult({ json: { files: files.map(inWords), values, ledgers }, text }, flags.json === true);
    if (files.length > 0 || values.length > 0) return 1;
    if (audited.some(({ report }) => report.findings.length > 0)) return 1;
    if (audited.some(({ sample }) => sample !== undefined)) return 2;
    return audited.every(({ report }) => report.entries === 0) ? 2 : 0;
  } finally {
    await close();
  }
}

async function auditAll(
  store: LevelStore,
  { marks, hash, keyring }: Pick<WithKeys, "keyring"> & { readonly marks: string; readonly hash: Hash },
  flags: AuditFlags,
): Promise<Audited[]> {
  const audited: Audited[] = [];
  const wanted = sampleOf(flags);
  for (const record of await store.ledgers()) {
    if (flags.ledger !== undefined && record.name !== flags.ledger) continue;
    const progress = await startProgress("entries");
    const onProgress: Progress["show"] = (done, size) => progress.show(done, size);
    const { remembered, lost, isMarked } = await rememberedOf({ store, record, marks, hash }, printNote);
    const digester = new DigestPool(Math.max(1, availableParallelism() - 1));
    const more = keyring === undefined ? [] : [keysCheck(keyring)];
    const options = { store, record, hash, remembered, onProgress, digester, ahead: AHEAD, more };
    const done = await (wanted === undefined ? auditFully(options) : auditSample({ ...options, wanted })).finally(() =>
      digester.close(),
    );
    const { report, byDigest } = done;
    progress.stop();
    const isUnmarked = !isMarked && record.readOnly !== true && report.entries > 0;
    if (isUnmarked) printNote(`${record.name}: ${UNMARKED}.`);
    const findings = [...report.findings];
    const { size } = report.head ?? { size: 0 };
    if (lost !== undefined) findings.push({ kind: "mark_damaged", from: 0, to: size, detail: lost.message });
    // A copy of the store alone never had marks; a data folder had, and a start on it is refused.
    if (isUnmarked && isDataFolder(dirname(marks))) {
      findings.push({ kind: "mark_missing", from: 0, to: size, detail: UNMARKED });
    }
    const sample = (done as Partial<SampledAudit>).sample;
    audited.push({ record, report: { ...report, findings }, byDigest, sample });
  }
  return audited;
}

/** Keys that cannot be read or unwrapped. */
function keysCheck(keys: AuditedKeys): readonly ["keys", MakeCheck] {
  return ["keys", (ground, _, head) => new KeysCheck(ground, keys, head?.size ?? 0)];
}

/** @returns undefined when all of it is wanted */
function sampleOf({ sample, confidence, damaged }: AuditFlags): SampleSize | undefined {
  if (sample !== undefined) return { count: sample };
  if (confidence === undefined && damaged === undefined) return undefined;
  return {
    ...SAMPLE_DEFAULT,
    ...(confidence !== undefined && { confidence }),
    ...(damaged !== undefined && { damaged }),
  };
}

/** Whether there is more than a store, so that marks belong there as well. */
function isDataFolder(data: string): boolean {
  return [marksFolder(data), adminKeyFile(data), join(data, "keys")].some(existsSync);
}

/** Opens the view; undefined when damage in its files, which was found before, does not let it be opened. */
async function openStore(
  view: string,
  { folder, files, keys, hash }: StoreOptions & { readonly folder: string; readonly files: readonly FileDamage[] },
): Promise<WithKeys | undefined> {
  try {
    return await openWithKeys(view, { keys, hash });
  } catch (cause) {
    if (cause instanceof DamagedStoreError && files.length > 0) return undefined;
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

function inWords({ path, detail }: FileDamage): { readonly file: string; readonly detail: string } {
  return { file: basename(path), detail };
}

function describeFiles(folder: string, files: readonly FileDamage[]): string[] {
  if (files.length === 0) return [];
  const lines = files.slice(0, FINDINGS_SHOWN).map(({ detail }) => `  ${detail}`);
  return [
    `${folder}: NOT whole, ${files.length} of its files are damaged; \`holdfast recover\` shows what can be kept.`,
    ...lines,
  ];
}

function describeValues(values: readonly string[]): string[] {
  if (values.length === 0) return [];
  return [
    `NOT whole: ${values.length} values are damaged.`,
    ...values.slice(0, FINDINGS_SHOWN).map((name) => `  ${name}`),
  ];
}

function describe({ record, report, byDigest, sample }: Audited): string[] {
  const { head, entries, tiles, checkpoints, findings } = report;
  const read = `${counted(entries, "entry", "entries")}, ${counted(tiles, "tile")} and ${counted(checkpoints, "checkpoint")}`;
  const done = `${read} were read and hashed again`;
  if (findings.length > 0)
    return [`${record.name}: NOT whole, ${findings.length} findings. ${done}.`, ...describeFindings(findings, 0)];
  if (head === undefined) return [`${record.name}: empty, so that nothing was proved.`];
  const state = sample === undefined ? "whole" : "nothing wrong was found in a sample";
  return [
    `${record.name}: ${state}. ${done}; size ${head.size}, root ${head.root}.`,
    ...describeSample(sample),
    ...describeByDigest(byDigest),
    ...aheadOf(head),
    "  Not looked at here: what chains hold of its anchors, the index for search, archives; a running service looks at them (--url).",
  ];
}

function describeSample(sample: SampleClaim | undefined): string[] {
  if (sample === undefined) return [];
  const { of, drawn, damaged, foundPpm } = sample;
  const percent = (foundPpm / 10_000).toFixed(2);
  return [
    `  ${drawn} of ${of} entries were drawn: of ${damaged} damaged ones at least one would be among them with ${percent} %.`,
  ];
}

function describeByDigest({ withheld, pruned }: WithheldCounts): string[] {
  if (withheld + pruned === 0) return [];
  return [`  By digest only: ${withheld} entries with members withheld or erased, ${pruned} pruned.`];
}
