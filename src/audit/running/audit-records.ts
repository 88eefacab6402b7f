/**
 * Audits as a service keeps them, in the space `audits/{ledger}`: what is asked for and how far it is, at the end of a tile, and the
 * reports of those that came to their end. A service that was killed goes on with what it was at.
 */

import { randomBytes } from "node:crypto";
import { canonicalJson } from "../../json/canonical.ts";
import { readJson } from "../../json/read.ts";
import type { Hex } from "../../merkle/bytes.ts";
import type { RecordWrite, Store } from "../../store/store.ts";
import type { AuditKind, AuditReason, AuditReportDocument } from "../../verify/report/audit-report.ts";
import { reportTextDigest } from "../../verify/report/audit-report.ts";
import type { KeptAudit } from "../audit.ts";
import type { SampleSize } from "../sample/probability.ts";

/** What somebody wants audited. */
export type AuditWish = {
  readonly kind: AuditKind;
  /** Of a sample. */
  readonly wanted?: SampleSize;
  /** Of the time of one thread, 0..1. */
  readonly share: number;
};

/** An audit that waits, or is under way. */
export type OpenAudit = AuditWish & {
  readonly id: string;
  readonly reason: AuditReason;
  /** Id of the API key that asked, and what it stands for. */
  readonly key?: string;
  readonly source?: string;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  readonly startedAt?: number;
  readonly kept?: KeptAudit;
};

/** One that came to its end. */
export type FinishedAudit = {
  readonly report: AuditReportDocument;
  readonly digest: Hex;
  /** Whether the ledger has its digest in an event. */
  readonly isTold: boolean;
};

/** Reports that are kept of a ledger. */
const REPORTS_MAX = 250;
const TIME_DIGITS = 16;
const DURABLE = { durable: true } as const;

export function newAuditId(): string {
  return randomBytes(8).toString("hex");
}

export class AuditRecords {
  readonly #store: Pick<Store, "records" | "writeRecords">;
  readonly #space: string;
  readonly #open = new Map<string, OpenAudit>();
  /** By their keys, which are in the order in which they ended, the oldest first. */
  readonly #finished = new Map<string, FinishedAudit>();

  private constructor(store: Pick<Store, "records" | "writeRecords">, ledgerId: Hex) {
    this.#store = store;
    this.#space = `audits/${ledgerId}`;
  }

  /** What is kept of a ledger; a record that is damaged is as if it were not there. */
  static async open(store: Pick<Store, "records" | "writeRecords">, ledgerId: Hex): Promise<AuditRecords> {
    const records = new AuditRecords(store, ledgerId);
    for await (const [key, value] of store.records(records.#space, { onDamaged: () => undefined })) {
      if (key.startsWith("open/")) {
        const open = readJson(value) as OpenAudit;
        records.#open.set(open.id, open);
      } else records.#finished.set(key, readJson(value) as FinishedAudit);
    }
    return records;
  }

  /** Those that wait or are under way, in the order in which they were asked for. */
  get waiting(): readonly OpenAudit[] {
    return [...this.#open.values()].sort((a, b) => a.askedAt - b.askedAt);
  }

  /** The newest first. */
  get finished(): readonly FinishedAudit[] {
    return [...this.#finished.values()].reverse();
  }

  /** Keeps one that waits or goes on; durable when somebody was told, or is. */
  async put(audit: OpenAudit, options: { readonly durable: boolean }): Promise<void> {
    await this.#store.writeRecords([this.#write(`open/${audit.id}`, audit)], options);
    this.#open.set(audit.id, audit);
  }

  /** Keeps a report in the place of what was under way, and lets go of the oldest. */
  async finish(audit: OpenAudit, report: AuditReportDocument): Promise<FinishedAudit> {
    const finished: FinishedAudit = { report, digest: reportTextDigest(report), isTold: false };
    const key = this.#keyFor(report);
    const surplus = this.#surplus(report);
    await this.#store.writeRecords(
      [
        { space: this.#space, key: `open/${audit.id}`, value: undefined },
        this.#write(key, finished),
        ...surplus.map((old) => ({ space: this.#space, key: old, value: undefined })),
      ],
      DURABLE,
    );
    this.#open.delete(audit.id);
    for (const old of surplus) this.#finished.delete(old);
    this.#finished.set(key, finished);
    return finished;
  }

  /** The oldest ones, but for the newest whole one: however rare whole audits are, it is known when the last one was and what it said. */
  #surplus(next: AuditReportDocument): readonly string[] {
    const isWhole = ({ audit, outcome }: AuditReportDocument) => audit.kind === "whole" && outcome !== "nothing";
    const kept = [...this.#finished].findLast(([, { report }]) => isWhole(report))?.[0];
    const spared = isWhole(next) ? undefined : kept;
    const all = [...this.#finished.keys()];
    return all.filter((key) => key !== spared).slice(0, Math.max(0, all.length + 1 - REPORTS_MAX));
  }

  /** Notes that the ledger has the digests of these. */
  async told(all: readonly FinishedAudit[]): Promise<void> {
    const digests = new Set(all.map(({ digest }) => digest));
    const told = [...this.#finished]
      .filter(([, { digest }]) => digests.has(digest))
      .map(([key, each]) => [key, { ...each, isTold: true }] as const);
    await this.#store.writeRecords(
      told.map(([key, each]) => this.#write(key, each)),
      DURABLE,
    );
    for (const [key, each] of told) this.#finished.set(key, each);
  }

  /** Behind all others, also behind one of a clock that was ahead: it would be the newest after a start, and hide what was found since. */
  #keyFor({ audit: { id, finishedAt } }: AuditReportDocument): string {
    const last = Number([...this.#finished.keys()].at(-1)?.split("/")[1] ?? 0);
    return `report/${String(Math.max(finishedAt, last + 1)).padStart(TIME_DIGITS, "0")}/${id}`;
  }

  #write(key: string, value: OpenAudit | FinishedAudit): RecordWrite {
    return { space: this.#space, key, value: canonicalJson(value) };
  }
}
