/**
 * What a watcher tells: a report is one JSON line on standard output, and what a webhook gets. One is given when a check
 * changes, when the believed checkpoint moves, and when there is evidence.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { fetchBounded } from "../../net/bounded-fetch.ts";
import { CHECKS, type CheckName, type Checks, type Mark } from "../../watch/checks.ts";
import type { WatchState } from "../../watch/state.ts";
import { printNote } from "../terminal/output.ts";

export const REPORT_FORMAT = "holdfast/watch-report@1";

export type Outcome = "good" | "bad" | "unknown";

export type Report = {
  readonly format: typeof REPORT_FORMAT;
  /** ISO 8601. */
  readonly at: string;
  readonly url: string;
  readonly ledger: string;
  readonly ledgerId: string | null;
  readonly outcome: Outcome;
  readonly checks: Checks;
  /** Checks whose mark is another than in the report before. */
  readonly changed: readonly CheckName[];
  /** The believed checkpoint. */
  readonly checkpoint: WatchState["checkpoint"] | null;
  /** How many other signed checkpoints are kept until it is proved how they fit. */
  readonly open: number;
  /** Files of evidence that this round wrote. */
  readonly evidence: readonly string[];
  /** Transaction by which the watcher itself anchored. */
  readonly anchored?: string;
  /** What went wrong with the watcher itself. */
  readonly trouble?: string;
};

const WEBHOOK_MS = 10_000;
const WEBHOOK_PAUSES_MS = [1000, 3000];
const WEBHOOK_BYTES_MAX = 64 * 1024;

/** Bad when any check is, good when all are. */
export function outcomeOf(checks: Checks): Outcome {
  const marks = CHECKS.map((name) => checks[name].mark);
  if (marks.includes(-1)) return "bad";
  return marks.includes(0) ? "unknown" : "good";
}

/** Checks whose mark changed; all that are not good when there was nothing before. */
export function changedChecks(before: Checks | undefined, after: Checks): CheckName[] {
  const markBefore = (name: CheckName): Mark => before?.[name].mark ?? 1;
  return CHECKS.filter((name) => after[name].mark !== markBefore(name));
}

/** Sends reports to a webhook; what could not be delivered is tried again with the next report, the newest only. */
export class Webhook {
  readonly #url: string;
  readonly #pausesMs: readonly number[];
  #owed: Report | undefined;

  constructor(url: string, pausesMs: readonly number[] = WEBHOOK_PAUSES_MS) {
    this.#url = url;
    this.#pausesMs = pausesMs;
  }

  /** Queues a report that is worth a word: a check went bad or is not bad any more, there is evidence, or it is not kept. */
  offer(report: Report, before: Checks | undefined): void {
    const isNews = report.changed.some((name) => report.checks[name].mark === -1 || before?.[name].mark === -1);
    const isOfState = report.changed.includes("state");
    if (isNews || isOfState || report.evidence.length > 0) this.#owed = report;
  }

  /** Delivers what is owed, within a bounded time. @returns whether nothing is owed any more */
  async deliver(): Promise<boolean> {
    const report = this.#owed;
    if (report === undefined) return true;
    let reason = "";
    for (const pauseMs of [...this.#pausesMs, undefined]) {
      try {
        const headers = { "Content-Type": "application/json" };
        const body = JSON.stringify(report);
        const limits = { timeoutMs: WEBHOOK_MS, bytesMax: WEBHOOK_BYTES_MAX };
        const { status } = await fetchBounded(this.#url, { method: "POST", headers, body, ...limits });
        if (status < 300) {
          this.#owed = undefined;
          return true;
        }
        reason = `status ${status}`;
      } catch (error) {
        reason = (error as Error).message;
      }
      if (pauseMs !== undefined) await sleep(pauseMs);
    }
    printNote(`holdfast: the webhook did not take the report, which is sent again later: ${reason}`);
    return false;
  }
}

/** A report for people. */
export function describeReport({ checks, checkpoint, open, evidence, anchored, trouble }: Report): string[] {
  const marks: Readonly<Record<Mark, string>> = { [-1]: "BAD", 0: "?", 1: "ok" };
  const width = Math.max(...CHECKS.map((name) => name.length));
  const lines = CHECKS.map((name) => {
    const { mark, detail } = checks[name];
    return `${marks[mark].padEnd(4)} ${name.padEnd(width)}  ${detail}`;
  });
  const believed = checkpoint ? [`Believed: size ${checkpoint.size}, root ${checkpoint.root}.`] : [];
  const unproved = open === 0 ? [] : [`Signed checkpoints that are kept until it is proved how they fit: ${open}.`];
  const files = evidence.map((file) => `Evidence is in ${file}; see holdfast fork-proof.`);
  return [
    ...lines,
    "",
    ...believed,
    ...unproved,
    ...files,
    ...(anchored === undefined ? [] : [`Anchored in transaction ${anchored}.`]),
    ...(trouble === undefined ? [] : [`Trouble: ${trouble}.`]),
  ];
}
