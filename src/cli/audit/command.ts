/**
 * `holdfast audit`: reads a whole store, of a service that is stopped, and hashes everything in it again; the index for search beside
 * it, and chains and archives where they are named. It changes nothing that it looks at. Exit status 1 when anything is wrong, 2 when
 * there was nothing to look at, what was named was not looked at, or it could not be read.
 * Why: docs/decisions/0242.
 */

import { type Command, Option } from "commander";
import { fastKeccak256 } from "../../ledger/keccak/keccak-wasm.ts";
import type { Hash } from "../../merkle/hash.ts";
import { storeFolder } from "../../service/config.ts";
import { AuditThreads } from "../../service/offline-audit/audit-threads.ts";
import { type FileDamage, inspectFolder } from "../../store/leveldb/inspect.ts";
import { DamagedStoreError, StoreLockedError } from "../../store/store.ts";
import { withServiceOptions } from "../remote/service-client.ts";
import { dataFolderOf } from "../terminal/data-folder.ts";
import { type SetExit, usageError } from "../terminal/failure.ts";
import { printResult } from "../terminal/output.ts";
import { readAddress, repeatedText } from "../terminal/parse-flag-value.ts";
import { startProgress } from "../terminal/progress.ts";
import { openWithKeys, type StoreOptions, type WithKeys } from "../terminal/store-keys.ts";
import { inUse, isFileError, unreadable, viewOf } from "../terminal/store-view.ts";
import { describeAudit, describeFiles, describeValues, inWords } from "./describe-audit.ts";
import { type Audited, auditOffline, skippedIn } from "./offline-audit.ts";
import { openIndexOf } from "./offline-index.ts";
import { type OfflineFlags, type OfflinePlaces, openPlaces } from "./offline-places.ts";
import { auditRemotely, type RemoteFlags } from "./remote-audit.ts";
import { readPart, withSampleFlags } from "./sample-flags.ts";

type AuditFlags = RemoteFlags &
  OfflineFlags & {
    readonly data?: string;
    readonly keys?: string;
    readonly complete?: boolean;
  };

export function addAudit(program: Command, setExit: SetExit): void {
  const command = program
    .command("audit")
    .description(
      "Read a whole store again and hash everything in it: of a service that is stopped, or with --url by one that runs.",
    )
    .option("--data <folder>", "data folder of the service; else HOLDFAST_DATA, else ./data")
    .option("--keys <folder>", "data folder that has the keys of an encrypted store; else the same")
    .option("--ledger <name>", "this ledger only")
    .addOption(
      new Option(
        "--rpc <url>",
        "a node of a chain that anchors are compared with; repeatable; else HOLDFAST_RPC, else the configuration",
      ).argParser(repeatedText),
    )
    .addOption(
      new Option("--contract <address>", "where the contract is on it; else its usual address").argParser(readAddress),
    )
    .option("--archives <folder>", "where archives of pruned entries are; else as the configuration says")
    .option("--complete", "end with 2 unless every check looked at all that it is for");
  withSampleFlags(withServiceOptions(command))
    .addOption(new Option("--share <part>", "with --url: of the time of one thread of the service").argParser(readPart))
    .option("--report <file>", "with --url: keep the signed report in a file")
    .option("--json", "print the report as JSON")
    .addHelpText(
      "after",
      "\nExit status: 0 whole, 1 something is wrong, 2 there was nothing to look at, not all was (a sample, a chain that was named), or it could not be read.",
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
  const threads = new AuditThreads();
  try {
    return await auditView({ directory: view.directory, data, threads }, flags);
  } catch (cause) {
    // What cannot be looked at is not known to be wrong.
    throw isFileError(cause) ? unreadable(folder, cause) : cause;
  } finally {
    await threads.close();
    await view.dispose();
  }
}

type Viewed = { readonly directory: string; readonly data: string; readonly threads: AuditThreads };

/** Audits what the view shows of the store; nothing in the data folder is changed. */
async function auditView({ directory, data, threads }: Viewed, flags: AuditFlags): Promise<number> {
  const folder = storeFolder(data);
  const inspecting = await startProgress("files");
  const files = await inspectFolder(directory, inspecting.show, threads.inspect);
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
  try {
    return await auditOpened(opened, { folder, files, hash, data, threads }, flags);
  } finally {
    await opened.close();
  }
}

type Opened = {
  readonly folder: string;
  readonly files: readonly FileDamage[];
  readonly hash: Hash;
  readonly data: string;
  readonly threads: AuditThreads;
};

async function auditOpened(
  { store, keyring, cipher, entryKeys }: WithKeys,
  { folder, files, hash, data, threads }: Opened,
  flags: AuditFlags,
): Promise<number> {
  const records = (await store.ledgers()).filter(({ name }) => flags.ledger === undefined || name === flags.ledger);
  if (records.length === 0) throw usageError(`Expected ${flags.ledger ?? "a ledger"} in ${folder}, got none.`);
  const places = await openPlaces(flags, data, hash);
  const audited: Audited[] = [];
  try {
    const index = await openIndexOf(data, cipher);
    try {
      const offline = { store, keyring, entryKeys, data, hash, index, places, threads };
      for (const record of records) audited.push(await auditOffline(record, offline, flags));
    } finally {
      await index.close();
    }
  } finally {
    places.close();
  }
  const values: string[] = [];
  const seen = audited.flatMap((each) => each.seen ?? []);
  for await (const name of store.damagedValues(seen)) values.push(name);
  const text = [...describeFiles(folder, files), ...describeValues(values), ...audited.flatMap(describeAudit)];
  const json = { files: files.map(inWords), values, ledgers: audited.map(inJson) };
  printResult({ json, text }, flags.json === true);
  return files.length > 0 || values.length > 0 ? 1 : statusOf(audited, places, flags);
}

/** What was named has to be looked at; the store is whole without what stands elsewhere, of which it is said. */
function statusOf(audited: readonly Audited[], { witnesses, archives }: OfflinePlaces, flags: AuditFlags): number {
  if (audited.some(({ outcome }) => outcome === "damaged")) return 1;
  if (audited.every(({ outcome }) => outcome === "nothing") || audited.some(({ sample }) => sample !== undefined))
    return 2;
  const skipped = new Set(audited.flatMap(({ full }) => skippedIn(full.looked).map(({ check }) => check)));
  const isMissed =
    (witnesses.length > 0 && skipped.has("anchors")) || (archives !== undefined && skipped.has("archives"));
  return isMissed || (flags.complete === true && skipped.size > 0) ? 2 : 0;
}

function inJson({ record, full, sample, outcome }: Audited): object {
  const { report, looked, byDigest } = full;
  const skipped = skippedIn(looked);
  return {
    name: record.name,
    outcome,
    ...report,
    byDigest,
    looked: looked.map(({ check, looked: count }) => ({ check, count })),
    skipped,
    notLookedAt: skipped.map(({ check }) => check),
    ...(sample !== undefined && { sample }),
  };
}

/** Opens the view; undefined when damage in its files, which was found before, does not let it be opened. */
async function openStore(
  view: string,
  { folder, files, keys, hash }: StoreOptions & { readonly folder: string; readonly files: readonly FileDamage[] },
): Promise<WithKeys | undefined> {
  try {
    return await openWithKeys(view, { keys, hash, isLookedAt: files.length === 0 });
  } catch (cause) {
    if (cause instanceof DamagedStoreError && files.length > 0) return undefined;
    if (!(cause instanceof StoreLockedError)) throw cause;
    throw inUse(folder, cause, ", or audit a copy of the folder");
  }
}
