/**
 * `holdfast recover`: makes a store anew from everything that is whole in a damaged one, shows what it keeps, and with --apply
 * lets it take the other's place; that one is kept beside it. It refuses where something that was acknowledged is known to be
 * missing: going on from there would sign the same sizes twice.
 */

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { Command } from "commander";
import { type AuditReport, auditLedger } from "../audit/audit.ts";
import { rememberedOf } from "../audit/expected-size.ts";
import { fastKeccak256 } from "../ledger/keccak/keccak-wasm.ts";
import type { Hash } from "../merkle/hash.ts";
import { marksFolder, storeFolder } from "../service/config.ts";
import { FolderLock } from "../store/leveldb/opening/lock.ts";
import { putBack } from "../store/leveldb/opening/restore-kept.ts";
import type { Loss } from "../store/leveldb/salvage.ts";
import { describeRange, isBeforeRecords, type Rebuilt, rebuildStore, takePlace } from "../store/rebuild.ts";
import { RECOVERED, removeRebuilt } from "../store/rebuilt-folder.ts";
import { type LedgerRecord, StoreLockedError } from "../store/store.ts";
import { withPages } from "./about/pages.ts";
import { dataFolderOf } from "./terminal/data-folder.ts";
import { type SetExit, usageError } from "./terminal/failure.ts";
import { counted } from "./terminal/numbers.ts";
import { printNote, printResult } from "./terminal/output.ts";
import { startProgress } from "./terminal/progress.ts";
import { openWithKeys } from "./terminal/store-keys.ts";
import { inUse } from "./terminal/store-view.ts";

type RecoverFlags = { readonly data?: string; readonly apply?: boolean; readonly json?: boolean };

/** What a recovered store has of a ledger. */
type Recovered = {
  readonly name: string;
  /** Entries that are kept, and entries that the damaged store has or had, as far as is known. */
  readonly kept: number;
  readonly known: number;
  /** What has to be known besides, and does not keep the ledger from going on. */
  readonly notes: readonly string[];
  /** Who remembers more than is kept. */
  readonly missing: readonly string[];
  /** Other things that are wrong with what is kept. */
  readonly findings: readonly string[];
};

type Plan = { readonly rebuilt: Rebuilt; readonly losses: readonly string[]; readonly ledgers: readonly Recovered[] };

const SHOWN = 50;
const UNMARKED =
  "no mark beside the store, so that entries missing at its end are not noticed here; a start is refused until `holdfast marks renew`";
const OLDER_RECORDS =
  "records beside the entries may be as they were before: an API key that was revoked last may be valid again; look with `holdfast keys list`, and revoke it once more";

const UNLISTED =
  "no manifest can be read, so that files in use cannot be told from those that were only not removed yet: records may be as they " +
  "were before, and ones that were removed may be back; look with `holdfast keys list`, and revoke once more what was revoked";

export function addRecover(program: Command, setExit: SetExit): void {
  program
    .command("recover")
    .description("Make a damaged store anew from everything in it that is whole. The service must be stopped.")
    .option("--data <folder>", "data folder of the service; else HOLDFAST_DATA, else ./data")
    .option("--apply", "let the new store take the place of the damaged one, which is kept beside it")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      "\nWithout --apply nothing is changed. Needs as much room again as the store takes.\n" +
        "Exit status: 0 everything that is known to be acknowledged is kept, 1 it is not, 2 it could not be found out.",
    )
    .action(async (flags: RecoverFlags) => setExit(await recover(flags)));
}

async function recover(flags: RecoverFlags): Promise<number> {
  const data = dataFolderOf(flags.data);
  const folder = storeFolder(data);
  if (!["", ".kept", ".next"].some((end) => existsSync(`${folder}${end}`))) {
    throw usageError(`Expected a store at ${folder}, got nothing; give --data.`);
  }
  const lock = await takeLock(folder);
  const target = folder + RECOVERED;
  try {
    await putBack(folder);
    const plan = await makePlan(folder, target, marksFolder(data));
    const isComplete = plan.ledgers.every(({ missing, findings }) => missing.length === 0 && findings.length === 0);
    const isApplied = isComplete && flags.apply === true;
    const kept = isApplied ? await takePlace(target, folder, label()) : undefined;
    const text = [...describePlan(plan, folder), ...describeEnd(folder, isComplete, kept)];
    printResult({ json: { ...plan, isComplete, isApplied, kept }, text }, flags.json === true);
    return isComplete ? 0 : 1;
  } finally {
    await removeRebuilt(target);
    await lock.free();
  }
}

/** Makes the new store in the target folder; where a ledger is not whole to its end, it is cut and made again. */
async function makePlan(folder: string, target: string, marks: string): Promise<Plan> {
  const progress = await startProgress("files");
  const first = await rebuildStore(folder, target, { onProgress: progress.show });
  progress.stop();
  const before = await auditTarget(target, marks);
  const cuts = new Map(
    before.flatMap(({ isCut, number, report }) => (isCut ? [[number, report.wholeSize] as const] : [])),
  );
  const rebuilt = cuts.size === 0 ? first : await rebuildStore(folder, target, { cuts });
  const after = cuts.size === 0 ? before : await auditTarget(target, marks);
  const nameOf = (number: number) =>
    after.find((each) => each.number === number)?.record.name ?? `ledger number ${number}`;
  const losses = first.losses.flatMap(({ detail, ranges }) => [
    detail,
    ...ranges.map((range) => `  ${describeRange(range, nameOf)}`),
  ]);
  const ledgers: Recovered[] = after.map(({ record, report, remembered, notes }, i) => {
    const { kept, missing } = compare(report, remembered);
    const known = Math.max(kept, before[i]?.size ?? 0, ...remembered.map(({ size }) => size));
    // Claims and tiles that are gone do not keep the ledger from going on; they are told among the losses.
    const serious = report.findings.filter(({ kind }) => !/^(tile|claim)_/.test(kind) && kind !== "entry_lost");
    const findings = serious.map(({ detail }) => detail).slice(0, SHOWN);
    return { name: record.name, kept, known, notes, missing, findings };
  });
  const nameless = rebuilt.ledgers.filter((number) => after.every((each) => each.number !== number));
  for (const number of nameless) ledgers.push(namelessLedger(number));
  const claims = after.reduce((sum, { report }) => sum + countOf(report, /^claim_/), 0);
  if (rebuilt.damaged > 0 || first.losses.some(mayHoldRecords)) losses.unshift(OLDER_RECORDS);
  if (!first.isListed) losses.unshift(UNLISTED);
  if (claims > 0)
    losses.push(`${counted(claims, "entry", "entries")} without a claim: what is sent again is recorded again`);
  return { rebuilt, losses, ledgers };
}

type Audited = {
  readonly number: number;
  readonly record: LedgerRecord;
  readonly report: AuditReport;
  /** Entries that were there, whole or not. */
  readonly size: number;
  readonly isCut: boolean;
  readonly remembered: Awaited<ReturnType<typeof rememberedOf>>["remembered"];
  readonly notes: readonly string[];
};

async function auditTarget(target: string, marks: string): Promise<Audited[]> {
  const hash: Hash = await fastKeccak256();
  const { store, close } = await openWithKeys(target, { keys: dirname(marks), hash, isPartial: true });
  try {
    const audited: Audited[] = [];
    for (const record of await store.ledgers()) {
      const number = store.numberOf(record.id);
      const { remembered, lost, isMarked } = await rememberedOf({ store, record, marks, hash }, printNote);
      const report = await auditLedger({ store, record, hash, remembered });
      const beyond = report.findings.filter(({ kind }) => kind === "entry_beyond_head");
      const size = Math.max(report.head?.size ?? 0, ...beyond.map(({ to }) => to));
      const isCut = report.wholeSize < size;
      const notes = lost === undefined ? [] : [`its mark cannot be believed: ${lost.message}`];
      if (!isMarked) notes.push(UNMARKED);
      audited.push({ number, record, report, size, isCut, remembered, notes });
    }
    return audited;
  } finally {
    await close();
  }
}

/** Whether what was lost may be the newest version of a record, of which an older one is kept then. */
function mayHoldRecords({ ranges }: Loss): boolean {
  return ranges.length === 0 || !ranges.every(isBeforeRecords);
}

/** Entries without the record of their ledger: its id, name and signer are not known. */
function namelessLedger(number: number): Recovered {
  const name = `ledger number ${number}`;
  return {
    name,
    kept: 0,
    known: 0,
    notes: [],
    missing: ["the record with its id, name and signer is damaged"],
    findings: [],
  };
}

function compare(report: AuditReport, remembered: Audited["remembered"]): { kept: number; missing: string[] } {
  const kept = report.wholeSize;
  const missing = remembered.filter(({ size }) => size > kept);
  return { kept, missing: missing.map(({ by, size }) => `${by} remembers ${counted(size, "entry", "entries")}`) };
}

function countOf({ findings }: AuditReport, kinds: RegExp): number {
  return findings.reduce((sum, { kind, from, to }) => sum + (kinds.test(kind) ? to - from : 0), 0);
}

async function takeLock(folder: string): Promise<FolderLock> {
  try {
    return await FolderLock.take(folder);
  } catch (cause) {
    if (!(cause instanceof StoreLockedError)) throw cause;
    throw inUse(folder, cause);
  }
}

function label(): string {
  return `before-recover-${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}`;
}

function describePlan({ rebuilt, losses, ledgers }: Plan, folder: string): string[] {
  const lines = ledgers.flatMap(({ name, kept, known, notes, missing, findings }) => {
    const what = kept === known ? `all ${kept} entries are kept` : `${kept} of ${known} entries are kept`;
    const wrong = [...missing.map((who) => `MISSING: ${who}`), ...findings, ...notes];
    return [`${name}: ${what}.`, ...wrong.map((line) => `  ${line}`)];
  });
  if (losses.length === 0 && rebuilt.damaged === 0) return [`${folder}: every file is as it was written.`, ...lines];
  const values = rebuilt.damaged === 0 ? [] : [`  ${rebuilt.damaged} values whose own checksum does not fit`];
  return ["What cannot be kept:", ...losses.slice(0, SHOWN).map((line) => `  ${line}`), ...values, ...lines];
}

function describeEnd(folder: string, isComplete: boolean, kept: string | undefined): string[] {
  if (kept !== undefined) return [`The new store is in place; the damaged one is kept as ${kept}. Start the service.`];
  if (isComplete) {
    return [
      "Nothing was changed. Everything that marks, anchors and seals remember is kept; events that were recorded in the last two",
      "seconds before the damage may be missing if nothing remembers them. With --apply the new store takes the place of this one.",
    ];
  }
  return [
    "Nothing was changed, and nothing can be: entries that were acknowledged are missing, and a store without them would sign the same",
    "sizes again with other contents, which anybody can prove to be a fork. What to do:",
    `  - bring back a newer copy of ${folder}, one that has these entries; marks/ and keys/ stay as they are;`,
    "  - or, when there is none, keep this folder as it is (its proofs go on verifying) and go on with a successor of the ledger",
    withPages('    in a new data folder: docs/operations.md, "A successor".'),
  ];
}
