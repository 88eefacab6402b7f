/** A data folder, audited as `holdfast audit` does it while no service runs: its files, then all that they say. */

import { join } from "node:path";
import { planChecks } from "../../../src/audit/check-plan.ts";
import type { AnchorWitness } from "../../../src/audit/checks/anchors.ts";
import { rememberedOf } from "../../../src/audit/expected-size.ts";
import type { Finding } from "../../../src/audit/findings.ts";
import { type OpenedIndex, openIndexOf } from "../../../src/cli/audit/offline-index.ts";
import { auditInThreads } from "../../../src/service/offline-audit/audit-in-threads.ts";
import { AuditThreads } from "../../../src/service/offline-audit/audit-threads.ts";
import { archiveSource } from "../../../src/service/watching/auditing.ts";
import { inspectFolder } from "../../../src/store/leveldb/inspect.ts";
import { DamagedStoreError } from "../../../src/store/store.ts";
import { hash, record } from "../../ledger/fixtures.ts";
import { ANCHORED, CHAIN_ID, type Ground, openStore } from "./ground.ts";

/** What an audit has to tell; all of it is empty when nothing is wrong. */
export type Told = {
  /** In files of a database. */
  readonly files: readonly string[];
  /** Why the store cannot be opened. */
  readonly refused?: string;
  readonly findings: readonly Finding[];
  /** Names of values that are not as they were written. */
  readonly values: readonly string[];
  /** Of which checks something was not looked at. */
  readonly skipped: readonly string[];
  /** What is found again when a check is silent. */
  readonly withoutCheck?: readonly Finding[];
};

/** Whether it has anything to tell. */
export function isTold({ files, refused, findings, values }: Told): boolean {
  return files.length + findings.length + values.length > 0 || refused !== undefined;
}

/** @param silence takes a check out, for a second audit of the same */
export async function auditFolder(ground: Ground, data: string, silence?: () => void): Promise<Told> {
  const files: string[] = [];
  for (const each of ["store", ...(ground.kek === undefined ? [] : ["keyring"])])
    files.push(...(await inspectFolder(join(data, each))).map(({ detail }) => detail));
  // LevelDB maps its files into memory, where one that is damaged ends the process.
  if (files.length > 0) return { files, findings: [], values: [], skipped: [] };
  try {
    return await auditOpened(ground, data, silence);
  } catch (error) {
    if (!hasCode(error)) throw error;
    return { files, refused: (error as Error).message, findings: [], values: [], skipped: [] };
  }
}

async function auditOpened(ground: Ground, data: string, silence: (() => void) | undefined): Promise<Told> {
  const { store, cipher, entryKeys, keyring, close } = await openStore(data, ground.kek);
  const index = await openIndexOf(data, cipher);
  try {
    const look = () => auditAll(ground, data, { store, keyring, entryKeys, index });
    const told = await look();
    if (silence === undefined) return told;
    silence();
    return { ...told, withoutCheck: (await look()).findings };
  } finally {
    await index.close();
    await close();
  }
}

type Opened = Pick<Awaited<ReturnType<typeof openStore>>, "store" | "keyring" | "entryKeys"> & {
  readonly index: OpenedIndex;
};

async function auditAll(ground: Ground, data: string, { store, keyring, entryKeys, index }: Opened): Promise<Told> {
  const ofLedger = { store, record, marks: join(data, "marks"), hash };
  const { remembered, lost } = await rememberedOf(ofLedger, () => undefined);
  const head = await store.head(record.id).catch(() => undefined);
  const { held, findings: ofIndex } = await index.of({ record, size: head?.size ?? 0 });
  const signal = new AbortController().signal;
  const plan = planChecks("whole", {
    remembered,
    witnesses: [witnessOf(ground)],
    now: Date.now,
    keys: keyring,
    index: { held, pause: async () => undefined },
    archives: archiveSource({ archive: { folder: join(data, "archives") }, data }, { env: {}, hash, signal }),
  });
  const threads = new AuditThreads();
  const audit = () => auditInThreads({ store, record, hash, ...plan }, { keys: entryKeys, held, threads });
  const { report, looked, seen } = await audit().finally(() => threads.close());
  const findings: Finding[] = [...report.findings, ...ofIndex];
  if (lost !== undefined) findings.push({ kind: "mark_damaged", from: 0, to: 0, detail: lost.message });
  const values: string[] = [];
  for await (const name of store.damagedValues(seen && [seen])) values.push(name);
  return { files: [], findings, values, skipped: looked.flatMap(({ check, skipped }) => (skipped ? [check] : [])) };
}

function witnessOf({ anchoredRoot }: Ground): AnchorWitness {
  return {
    chainId: CHAIN_ID,
    rootAt: async (_, size) => (size === ANCHORED ? anchoredRoot : undefined),
    head: async () => ({ size: ANCHORED, anchoredAt: 1 }),
  };
}

function hasCode(error: unknown): boolean {
  return error instanceof DamagedStoreError || (error instanceof Error && "code" in error && error.code !== undefined);
}
