/**
 * The drill: a restore point restored into a scratch folder, read and hashed again as by an audit, and compared with marks, anchors and, where a
 * node is given, the contract. Nothing of it stays.
 */

import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { auditLedger } from "../../audit/audit.ts";
import { rememberedOf } from "../../audit/expected-size.ts";
import type { Finding } from "../../audit/findings.ts";
import type { BackupPlace } from "../../backup/backup-place.ts";
import type { RestorePoint } from "../../backup/point.ts";
import { restoreFiles } from "../../backup/restore-files.ts";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import { decodeMark, markFile } from "../../ledger/marks/mark.ts";
import type { Hash } from "../../merkle/hash.ts";
import { marksFolder, storeFolder } from "../../service/config.ts";
import { listAnchors } from "../../store/anchor-record.ts";
import type { LevelStore } from "../../store/level-store.ts";
import { inspectFolder } from "../../store/leveldb/inspect.ts";
import type { LedgerRecord } from "../../store/store.ts";
import type { ChainReader } from "../../verify/evm/chain-reader.ts";
import { counted } from "../terminal/numbers.ts";
import { printNote } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { openWithKeys } from "../terminal/store-keys.ts";

export type DrilledLedger = {
  readonly name: string;
  readonly size: number;
  readonly root: string | null;
  /** Entries that the marks which were given know of, and the point does not. */
  readonly behind: number | null;
  /** Anchors that the contract was asked for. */
  readonly anchors: number | null;
  readonly findings: readonly Finding[];
};

export type DrillReport = {
  readonly isWhole: boolean;
  readonly files: readonly string[];
  readonly values: readonly string[];
  readonly ledgers: readonly DrilledLedger[];
};

export type DrillOptions = {
  readonly from: BackupPlace;
  /** Marks of the service, to tell how much newer it is. */
  readonly marks: string | undefined;
  readonly chain: ChainReader | undefined;
};

type Place = DrillOptions & { readonly store: LevelStore; readonly kept: string; readonly hash: Hash };

/** Audits what was restored into a folder. */
export async function auditRestored(data: string, point: RestorePoint, options: DrillOptions): Promise<DrillReport> {
  const marks = point.files.filter(({ path }) => path.startsWith("marks/"));
  await restoreFiles(options.from, { ...point, files: marks }, data, () => undefined);
  const files = (await inspectFolder(storeFolder(data))).map(({ detail }) => detail);
  const hash = await fastKeccak256();
  const { store, close } = await openWithKeys(storeFolder(data), { keys: data, hash });
  try {
    const place = { ...options, store, kept: marksFolder(data), hash };
    const ledgers: DrilledLedger[] = [];
    for (const record of await store.ledgers()) ledgers.push(await auditOne(record, place));
    const values: string[] = [];
    for await (const name of store.damagedValues()) values.push(name);
    const isWhole = files.length + values.length === 0 && ledgers.every(({ findings }) => findings.length === 0);
    return { isWhole, files, values, ledgers };
  } finally {
    await close();
  }
}

async function auditOne(record: LedgerRecord, { store, kept, hash, marks, chain }: Place): Promise<DrilledLedger> {
  const progress = await startProgress("entries");
  const { remembered, lost } = await rememberedOf({ store, record, marks: kept, hash }, printNote);
  const all = [...remembered];
  const newest = marks === undefined ? undefined : await readMark(marks, record, hash);
  const size = (await store.head(record.id))?.size ?? 0;
  const isAhead = newest !== undefined && newest.size > size;
  if (newest !== undefined && "root" in newest && !isAhead) all.push({ ...newest, by: "the mark that was given" });
  const asked = chain === undefined ? [] : await askChain(store, record, chain);
  for (const { size: anchored, root } of asked) all.push({ size: anchored, root, by: "the contract" });
  const report = await auditLedger({ store, record, hash, remembered: all, onProgress: progress.show });
  progress.stop();
  const findings = [...report.findings];
  if (lost !== undefined) findings.push({ kind: "mark_damaged", from: 0, to: size, detail: lost.message });
  return {
    name: record.name,
    size,
    root: report.head?.root ?? null,
    behind: newest === undefined ? null : Math.max(0, newest.size - size),
    anchors: chain === undefined ? null : asked.length,
    findings,
  };
}

async function readMark(marks: string, record: LedgerRecord, hash: Hash) {
  const file = join(marks, markFile(record.id));
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
  return text === undefined ? undefined : decodeMark(text, record, hash, file);
}

/** What each contract on that chain holds of the newest anchor that the store says is final. */
async function askChain(store: LevelStore, { id }: LedgerRecord, chain: ChainReader) {
  const chainId = await chain.chainId();
  const anchors = await listAnchors(store, id, { onDamaged: () => undefined });
  const newest = new Map<string, { readonly size: number }>();
  for (const each of anchors)
    if (each.chainId === chainId && each.stage === "final") newest.set(each.contract, { size: each.size });
  const held = [...newest].map(async ([contract, { size }]) => ({
    size,
    root: await chain.rootAt(contract, id, size),
  }));
  return Promise.all(held);
}

export function describeDrill({ name, madeAt }: RestorePoint, report: DrillReport): string[] {
  const { isWhole, files, values, ledgers } = report;
  const of = `Restore point ${name} of ${new Date(madeAt).toISOString()}`;
  const lines = [isWhole ? `${of} restores, and is whole.` : `${of} is NOT whole.`];
  for (const each of files) lines.push(`  ${each}`);
  for (const each of values) lines.push(`  ${basename(each)} is damaged`);
  for (const { name: ledger, size, root, behind, anchors, findings } of ledgers) {
    const ahead =
      behind === null || behind === 0 ? "" : `; ${counted(behind, "entry", "entries")} were signed after it`;
    const asked = anchors === null ? "" : `; ${counted(anchors, "anchor")} compared with the contract`;
    lines.push(
      `${ledger}: ${counted(size, "entry", "entries")}${root === null ? "" : `, root ${root}`}${ahead}${asked}.`,
    );
    for (const { kind, detail } of findings) lines.push(`  ${kind}: ${detail}`);
  }
  return lines;
}
