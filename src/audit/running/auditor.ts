/**
 * The auditor of a service: audits each ledger by its schedule and when somebody asks, one after the other, a little at a time. An
 * audit that is interrupted goes on with the next start. Its report is signed, kept, and its digest is an event of the ledger.
 * Why: docs/decisions/0225.
 */

import { setTimeout as delay } from "node:timers/promises";
import type { Condition, Health } from "../../health.ts";
import type { LedgerSigner } from "../../keys/signer.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { ownEvent, type Recording } from "../../ledger/own-event.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { Store } from "../../store/store.ts";
import { AUDIT_KINDS, type AuditKind, type AuditReportDocument } from "../../verify/report/audit-report.ts";
import { auditFully } from "../audit.ts";
import { signReport } from "../build-report.ts";
import type { CheckPlan } from "../check-plan.ts";
import { SAMPLE_DEFAULT, type SampleSize } from "../sample/probability.ts";
import { auditSample } from "../sample/sample-audit.ts";
import { AuditRecords, type AuditWish, type FinishedAudit, newAuditId, type OpenAudit } from "./audit-records.ts";
import { type Coverage, coverageOf, decisive } from "./coverage.ts";
import { AuditPace } from "./pace.ts";
import { type AuditPlan, dueAt } from "./schedule.ts";

export type AuditorOptions = Recording & {
  readonly store: Store;
  readonly signer: LedgerSigner;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly plan: AuditPlan & { readonly share: number; readonly sample?: SampleSize };
  /** What is remembered of a ledger beside its entries, and checks besides those of entries and tree. */
  readonly checksOf: (ledger: Ledger, kind: AuditKind, pace: AuditPace) => Promise<CheckPlan>;
  readonly health?: Health;
  /** How often it is looked whether something is due; 0 does only what is asked for. */
  readonly intervalMs?: number;
};

type AuditedLedger = Pick<Ledger, "record" | "size" | "append">;

/** Who asks. */
export type AuditAsker = { readonly key: string; readonly source: string };

/** How far the one is that is under way. */
export type AuditProgress = { readonly id: string; readonly done: number; readonly of: number };

type Followed = { readonly ledger: Ledger; readonly records: AuditRecords };

const INTERVAL_MS = 30_000;
/** What is under way is kept so often: a kill costs so much work, and no more. */
const KEEP_MS = 15_000;
/** Samples that the ledger was not told of: an idle ledger is not anchored for their sake. */
const UNTOLD_MAX = 168;

export class Auditor {
  readonly #options: AuditorOptions;
  readonly #followed = new Map<Hex, Followed>();
  readonly #stopping = new AbortController();
  /** Those that failed in this round, by id and by ledger and kind: they are not tried again in it, and nobody waits for them. */
  readonly #failed = new Set<string>();
  #progress: AuditProgress | undefined;
  #loop: Promise<void> | undefined;
  #wake: (() => void) | undefined;

  constructor(options: AuditorOptions) {
    this.#options = options;
  }

  /** Reads what is kept of a ledger. */
  async follow(ledger: Ledger): Promise<void> {
    const records = await AuditRecords.open(this.#options.store, ledger.record.id);
    this.#followed.set(ledger.record.id, { ledger, records });
    this.#report(ledger, records);
  }

  start(): void {
    this.#loop ??= this.#goOn();
  }

  /** Ends between two tiles. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error("the service stops"));
    this.#wake?.();
    await this.#loop;
  }

  /** Asks for an audit, durably. */
  async begin(ledgerId: Hex, wish: AuditWish, { key, source }: AuditAsker): Promise<OpenAudit> {
    const { records } = this.#of(ledgerId);
    const askedAt = this.#options.now();
    const audit: OpenAudit = { ...wish, id: newAuditId(), reason: "request", key, source, askedAt };
    await records.put(audit, { durable: true });
    this.#wake?.();
    return audit;
  }

  /** Those that wait or are under way, and those that came to their end, the newest first. */
  list(ledgerId: Hex): { readonly waiting: readonly OpenAudit[]; readonly finished: readonly FinishedAudit[] } {
    const { waiting, finished } = this.#of(ledgerId).records;
    return { waiting, finished };
  }

  progress(id: string): AuditProgress | undefined {
    return this.#progress?.id === id ? this.#progress : undefined;
  }

  /** When the next audit of a kind begins by itself; undefined for never. One of the ledger when it was empty has looked at nothing. */
  nextAt(ledgerId: Hex, kind: AuditKind): number | undefined {
    const { ledger, records } = this.#of(ledgerId);
    const looked = records.finished.filter(({ report }) => report.checkpoint !== undefined);
    const finished = looked.map(({ report }) => report.audit);
    const { plan, now } = this.#options;
    return dueAt(kind, plan, { createdAt: ledger.record.createdAt, finished, now: now() });
  }

  /** When the next audit of either kind begins by itself; undefined for never. */
  soonestAt(ledgerId: Hex): number | undefined {
    const times = AUDIT_KINDS.flatMap((kind) => this.nextAt(ledgerId, kind) ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Which entries were looked at how, and how the ledger stands by that. */
  coverage(ledgerId: Hex): Coverage {
    const { ledger, records } = this.#of(ledgerId);
    const { plan, now } = this.#options;
    const reports = records.finished.map(({ report }) => report);
    return coverageOf(reports, { size: ledger.size, wholeMs: plan.wholeMs, now: now() });
  }

  /** Carries out what waits and what is due, until there is no more. @throws the first failure, when all others have had their turn */
  async runDue(): Promise<void> {
    this.#failed.clear();
    const failures: unknown[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#stopping.signal.throwIfAborted();
      const { followed, audit } = next;
      await this.#carryOut(followed, audit).catch((error: unknown) => {
        if (error instanceof PostponedError) return;
        this.#stopping.signal.throwIfAborted();
        this.#failed.add(audit.id).add(kindOf(followed, audit.kind));
        failures.push(error);
      });
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Whether somebody waits for an audit. */
  #isAsked(): boolean {
    return [...this.#followed.values()].some(({ records }) =>
      records.waiting.some(({ id, reason }) => reason === "request" && !this.#failed.has(id)),
    );
  }

  async #goOn(): Promise<void> {
    const { intervalMs = INTERVAL_MS, health } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.runDue().then(
        () => health?.report("auditor", undefined),
        (error: Error) => {
          if (!signal.aborted) health?.report("auditor", FAILING, error);
        },
      );
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const pauseMs = intervalMs === 0 ? INTERVAL_MS : intervalMs;
      const timer = delay(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) await Promise.race([woken, timer]);
    }
  }

  /** What was asked for first, the one under way before others; else what is due by schedule. */
  #next(): { readonly followed: Followed; readonly audit: OpenAudit } | undefined {
    const { now, plan, intervalMs } = this.#options;
    const all = [...this.#followed.values()];
    const waiting = all.flatMap((followed) => followed.records.waiting.map((audit) => ({ followed, audit })));
    const asked = waiting.filter(({ audit }) => !this.#failed.has(audit.id));
    const first = asked.find(({ audit }) => audit.reason === "request") ?? asked[0];
    if (first !== undefined || intervalMs === 0) return first;
    for (const followed of all) {
      const { id } = followed.ledger.record;
      if (followed.ledger.size === 0) continue;
      for (const kind of AUDIT_KINDS) {
        const at = this.nextAt(id, kind);
        if (at === undefined || at > now() || this.#failed.has(kindOf(followed, kind))) continue;
        const audit: OpenAudit = { id: newAuditId(), reason: "schedule", kind, askedAt: now(), share: plan.share };
        return { followed, audit };
      }
    }
    return undefined;
  }

  async #carryOut(followed: Followed, asked: OpenAudit): Promise<void> {
    const { ledger, records } = followed;
    const { store, hash, now, signer, version, plan, checksOf } = this.#options;
    const audit: OpenAudit = { ...asked, startedAt: asked.startedAt ?? now() };
    await records.put(audit, { durable: true });
    const pace = new AuditPace(audit.share, this.#stopping.signal);
    const { remembered, more } = await checksOf(ledger, audit.kind, pace);
    const onProgress = (done: number, of: number) => {
      this.#progress = { id: audit.id, done, of };
    };
    const { record } = ledger;
    const common = { store, record, hash, remembered, more, onProgress, isLive: true };
    try {
      const wanted = audit.wanted ?? plan.sample ?? SAMPLE_DEFAULT;
      const done =
        audit.kind === "whole"
          ? { full: await auditFully({ ...common, kept: audit.kept, onTile: this.#keeping(records, audit, pace) }) }
          : await auditSample({ ...common, wanted, onEntry: pace.rest }).then((full) => ({
              full,
              sample: full.sample,
            }));
      const { id, kind, reason, startedAt = now() } = audit;
      const about = { id, kind, reason, startedAt, finishedAt: Math.max(now(), startedAt) };
      await records.finish(audit, await signReport({ record, version, audit: about, ...done }, signer));
    } finally {
      this.#progress = undefined;
    }
    this.#report(ledger, records);
    await this.#tell(ledger, records);
  }

  /** Keeps how far it is, now and then, and leaves time to others. */
  #keeping(records: AuditRecords, audit: OpenAudit, pace: AuditPace) {
    let keptAt = performance.now();
    return async (keep: () => OpenAudit["kept"]) => {
      const { aborted } = this.#stopping.signal;
      const isPushed = audit.reason === "schedule" && this.#isAsked();
      if (aborted || isPushed || performance.now() - keptAt > KEEP_MS) {
        const kept = keep();
        await records.put({ ...audit, ...(kept !== undefined && { kept }) }, { durable: aborted });
        keptAt = performance.now();
      }
      if (isPushed) throw new PostponedError("somebody asks for another audit, which is done first");
      await pace.rest();
    };
  }

  /**
   * Tells the ledger the digests of reports. One that found nothing in a sample of an idle ledger waits for the next event about an
   * audit: or an hour would not go by without an anchor, and what it costs.
   */
  async #tell(ledger: AuditedLedger, records: AuditRecords): Promise<void> {
    const { now } = this.#options;
    const untold = records.finished.filter(({ isTold }) => !isTold);
    const [newest] = untold;
    // One that is only to be read takes no event, of nobody.
    if (newest === undefined || ledger.record.readOnly === true) return;
    const { report, digest } = newest;
    const size = report.checkpoint?.size ?? 0;
    const told = records.finished.find(({ isTold }) => isTold)?.report.checkpoint?.size;
    // Since the last one nothing came but the event about it.
    const isIdle = told !== undefined && size <= told + 1;
    const isQuiet =
      report.audit.reason === "schedule" && report.audit.kind === "sample" && report.outcome !== "damaged";
    if (isQuiet && isIdle && untold.length < UNTOLD_MAX) return;
    const { id, kind, finishedAt } = report.audit;
    const findings = report.findings.length + report.more;
    const event = ownEvent(this.#options, {
      action: "holdfast.audit.finish",
      op: "c",
      target: { type: "audit", id },
      more: {
        metadata: {
          digest,
          kind,
          outcome: report.outcome,
          size,
          findings,
          earlier: untold.length > 1 ? untold.slice(1).map((each) => each.digest) : undefined,
        },
      },
      at: Math.max(finishedAt, now()),
      knownBy: digest,
    });
    await ledger.append(event);
    await records.told(untold);
  }

  /** The newest whole audit, and samples since, say how the ledger is. */
  #report(ledger: AuditedLedger, { finished }: AuditRecords): void {
    const { id } = ledger.record;
    const damaged = decisive(finished.map(({ report }) => report)).find(({ outcome }) => outcome === "damaged");
    const cause = damaged && new Error(damaged.findings[0]?.detail ?? "findings that there was no room for");
    this.#options.health?.report(`audit/${id}`, damaged && findingOf(id, damaged), cause);
  }

  #of(ledgerId: Hex): Followed {
    const found = this.#followed.get(ledgerId);
    if (found === undefined) throw new Error(`expected a ledger that is followed, got ${ledgerId}`);
    return found;
  }
}

function kindOf({ ledger }: Followed, kind: AuditKind): string {
  return `${ledger.record.id} ${kind}`;
}

/** An audit gives way to one that somebody waits for, and goes on behind it. */
class PostponedError extends Error {
  override readonly name = "PostponedError";
}

const FAILING: Condition = {
  code: "audit_failing",
  detail: "a ledger could not be audited to the end; it is tried again; see the log for the cause",
  isNotice: true,
};

function findingOf(ledgerId: Hex, { audit, findings, more }: AuditReportDocument): Condition {
  const kinds = [...new Set(findings.map(({ kind }) => kind))].join(", ");
  const detail =
    `audit ${audit.id} of ledger ${ledgerId} found ${findings.length + more} things wrong (${kinds}); its report says which entries; ` +
    "this ends with a whole audit that finds nothing";
  return { code: "audit_finding", detail, isNotice: true };
}
