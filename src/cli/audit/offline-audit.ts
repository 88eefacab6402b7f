/** One ledger of a store that nobody uses, audited with all that its data folder has, and with chains and archives where they are named. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { FullAudit } from "../../audit/audit.ts";
import { planChecks } from "../../audit/check-plan.ts";
import type { AuditCheckName } from "../../audit/checks/check.ts";
import { rememberedOf } from "../../audit/expected-size.ts";
import type { Finding } from "../../audit/findings.ts";
import { SAMPLE_DEFAULT, type SampleSize } from "../../audit/sample/probability.ts";
import { auditSample, type SampledAudit } from "../../audit/sample/sample-audit.ts";
import type { Hash } from "../../merkle/hash.ts";
import { adminKeyFile, marksFolder } from "../../service/config.ts";
import { auditInThreads } from "../../service/offline-audit/audit-in-threads.ts";
import type { AuditThreads } from "../../service/offline-audit/audit-threads.ts";
import type { LedgerRecord } from "../../store/store.ts";
import type { SeenValues } from "../../store/values/damaged-values.ts";
import { outcomeOf, type SampleClaim } from "../../verify/report/audit-report.ts";
import { printNote } from "../terminal/output.ts";
import { type Progress, startProgress } from "../terminal/progress.ts";
import type { WithKeys } from "../terminal/store-keys.ts";
import type { OpenedIndex } from "./offline-index.ts";
import type { OfflinePlaces } from "./offline-places.ts";
import type { SampleFlags } from "./sample-flags.ts";

/** What the audit of a ledger came to. */
export type Audited = {
  readonly record: LedgerRecord;
  readonly full: FullAudit;
  readonly sample?: SampleClaim | undefined;
  readonly outcome: ReturnType<typeof outcomeOf>;
  /** Values of the store that were looked at on the way, and are whole. */
  readonly seen: SeenValues | undefined;
};

export type Offline = Pick<WithKeys, "store" | "keyring" | "entryKeys"> & {
  /** Of the service. */
  readonly data: string;
  readonly hash: Hash;
  readonly index: OpenedIndex;
  readonly places: OfflinePlaces;
  readonly threads: AuditThreads;
};

const UNMARKED = "no mark beside the store, so that entries missing at its end are not noticed here";

export async function auditOffline(record: LedgerRecord, offline: Offline, flags: SampleFlags): Promise<Audited> {
  const { store, data, hash, places, keyring: keys, threads } = offline;
  const wanted = sampleOf(flags);
  const kind = wanted === undefined ? "whole" : "sample";
  const { remembered, lost, isMarked } = await rememberedOf(
    { store, record, marks: marksFolder(data), hash },
    printNote,
  );
  const head = await store.head(record.id).catch(() => undefined);
  const { held, findings: ofIndex } = await offline.index.of({ record, size: head?.size ?? 0 });
  const { witnesses, archives } = places;
  const index = { held, pause: async () => undefined };
  const plan = planChecks(kind, { remembered, witnesses, now: Date.now, keys, index, archives });
  const progress = await startProgress("entries");
  const onProgress: Progress["show"] = (done, size) => progress.show(done, size);
  const options = { store, record, hash, ...plan, onProgress };
  const done: Looked = await (wanted === undefined
    ? auditInThreads(options, { keys: offline.entryKeys, held, threads })
    : auditSample({ ...options, wanted }));
  progress.stop();
  const findings: Finding[] = [...done.report.findings, ...ofIndex];
  const size = done.report.head?.size ?? 0;
  if (lost !== undefined) findings.push({ kind: "mark_damaged", from: 0, to: size, detail: lost.message });
  if (!isMarked && record.readOnly !== true && done.report.entries > 0) {
    printNote(`${record.name}: ${UNMARKED}.`);
    // A copy of the store alone never had marks; a data folder had, and a start on it is refused.
    if (isDataFolder(data)) findings.push({ kind: "mark_missing", from: 0, to: size, detail: UNMARKED });
  }
  const full = { ...done, report: { ...done.report, findings } };
  return { record, full, sample: done.sample, outcome: outcomeBy(full, kind), seen: done.seen };
}

type Looked = FullAudit & Partial<SampledAudit> & { readonly seen?: SeenValues | undefined };

function outcomeBy({ report, looked, left }: FullAudit, kind: "whole" | "sample"): Audited["outcome"] {
  const { head, findings } = report;
  const counts = looked.map(({ check, looked: count }) => ({ check, count }));
  const found = { kind, looked: counts, skipped: skippedIn(looked), findings, more: left };
  return outcomeOf(head === undefined ? found : { ...found, checkpoint: head });
}

/** What was not looked at, or not all of it. */
export function skippedIn(looked: FullAudit["looked"]): { readonly check: AuditCheckName; readonly why: string }[] {
  return looked.flatMap(({ check, skipped: why }) => (why === undefined ? [] : [{ check, why }]));
}

/** @returns undefined when all of it is wanted */
function sampleOf({ sample, confidence, damaged }: SampleFlags): SampleSize | undefined {
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
