/**
 * What a webhook is owed: reports, oldest first, kept beside the state until the receiver has taken them. There is room for
 * so many; those that had to go are counted, and the next report that arrives says so.
 */

import { readJson } from "../../json/read.ts";
import { fetchBounded } from "../../net/bounded-fetch.ts";
import { retry } from "../../net/retry.ts";
import { replaceFile, withWayOut } from "../../store/durable-file.ts";
import { readKeptFile } from "../../store/text-file.ts";
import type { Checks } from "../../watch/checks.ts";
import { printNote } from "../terminal/output.ts";
import { REPORT_FORMAT, type Report } from "./report.ts";

/** Reports that are kept; a receiver that is away for longer learns how many it missed. */
export const OWED_MAX = 64;
/** More than so many reports take. */
const OWED_BYTES_MAX = 64 * 1024 * 1024;
const OWED_FORMAT = "holdfast/watch-webhook@1";
const REQUEST_MS = 10_000;
const PAUSES_MS = [1000, 3000];
const ANSWER_BYTES_MAX = 64 * 1024;
/** Reports are sent for so long after a round, and the others after the next one. */
const SENDING_MS = 30_000;

/** Reports that were never sent: how many, and when the first and the last of them were made (ISO 8601). */
type Skipped = { readonly count: number; readonly first: string; readonly last: string };

type Owed = { readonly reports: readonly Report[]; readonly skipped?: Skipped };

export type WebhookOptions = {
  /** Where what is owed is kept; without it, it is forgotten at the end of the process. */
  readonly file?: string;
  readonly pausesMs?: readonly number[];
  /** Tells a person what goes wrong. */
  readonly tell?: (note: string) => void;
};

export class Webhook {
  readonly #url: string;
  readonly #file: string | undefined;
  readonly #pausesMs: readonly number[];
  readonly #tell: (note: string) => void;
  #owed: Owed = { reports: [] };
  #isRead = false;
  #isKept = true;

  constructor(url: string, { file, pausesMs = PAUSES_MS, tell = printNote }: WebhookOptions = {}) {
    this.#url = url;
    this.#file = file;
    this.#pausesMs = pausesMs;
    this.#tell = tell;
  }

  /** Queues a report that is worth a word: a check went bad or is not bad any more, there is evidence, or it is not kept. */
  offer(report: Report, before: Checks | undefined): void {
    const isNews = report.changed.some((name) => report.checks[name].mark === -1 || before?.[name].mark === -1);
    const isOfState = report.changed.includes("state");
    if (!isNews && !isOfState && report.evidence.length === 0) return;
    this.#owed = limited({ ...this.#owed, reports: [...this.#owed.reports, report] });
    this.#isKept = false;
  }

  /**
   * Delivers what is owed, in order and within a bounded time; the first that is not taken keeps the others back.
   * @returns whether nothing is owed any more
   */
  async deliver(): Promise<boolean> {
    await this.#read();
    await this.#keep();
    const until = performance.now() + SENDING_MS;
    for (let [report] = this.#owed.reports; report !== undefined; [report] = this.#owed.reports) {
      const { reports, skipped } = this.#owed;
      const reason = performance.now() < until ? await this.#send(report, skipped) : "it takes them too slowly";
      if (reason !== undefined) {
        const what = reports.length === 1 ? "a report, which is" : `${reports.length} reports, which are`;
        this.#tell(`holdfast: the webhook did not take ${what} sent again later: ${reason}`);
        return false;
      }
      this.#owed = { reports: reports.slice(1) };
      this.#isKept = false;
      await this.#keep();
    }
    return true;
  }

  /** @returns why it was not taken */
  async #send(report: Report, skipped: Skipped | undefined): Promise<string | undefined> {
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify(skipped === undefined ? report : { ...report, skipped });
    const limits = { timeoutMs: REQUEST_MS, bytesMax: ANSWER_BYTES_MAX };
    const send = async () => {
      try {
        const { status } = await fetchBounded(this.#url, { method: "POST", headers, body, ...limits });
        return status < 300 ? undefined : `status ${status}`;
      } catch (error) {
        return (error as Error).message;
      }
    };
    return retry(this.#pausesMs, send, (reason) => reason === undefined);
  }

  /** Once: what an earlier process was left with comes before what this one found. */
  async #read(): Promise<void> {
    if (this.#isRead || this.#file === undefined) return;
    this.#isRead = true;
    try {
      const { reports, skipped } = owedIn(readKeptFile(this.#file, OWED_BYTES_MAX));
      const all = { reports: [...reports, ...this.#owed.reports] };
      const both = addSkipped(skipped, this.#owed.skipped);
      this.#owed = limited(both === undefined ? all : { ...all, skipped: both });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      const what = `what an earlier watcher still owed the webhook is in ${this.#file} and cannot be read`;
      this.#tell(`holdfast: ${what}: ${(error as Error).message}; it is not sent, and the file is replaced`);
      this.#isKept = false;
    }
  }

  /** What cannot be kept is sent all the same. */
  async #keep(): Promise<void> {
    const file = this.#file;
    if (this.#isKept || file === undefined) return;
    try {
      const text = `${JSON.stringify({ format: OWED_FORMAT, ...this.#owed })}\n`;
      await withWayOut("keep what the webhook is owed in", file, () => replaceFile(file, text));
      this.#isKept = true;
    } catch (error) {
      this.#tell(`holdfast: what the webhook is owed is kept in memory only: ${(error as Error).message}`);
    }
  }
}

/** Drops the oldest when there are too many: what is newer says how things stand. */
function limited({ reports, skipped }: Owed): Owed {
  const dropped = reports.slice(0, -OWED_MAX);
  const first = dropped[0];
  const last = dropped.at(-1);
  if (first === undefined || last === undefined) return skipped === undefined ? { reports } : { reports, skipped };
  const more = addSkipped(skipped, { count: dropped.length, first: first.at, last: last.at });
  return { reports: reports.slice(-OWED_MAX), ...(more !== undefined && { skipped: more }) };
}

function addSkipped(a: Skipped | undefined, b: Skipped | undefined): Skipped | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { count: a.count + b.count, first: a.first, last: b.last };
}

/** @throws Error when the text is no list of what is owed */
function owedIn(text: string): Owed {
  const { format, reports, skipped } = readJson(text) as Partial<Owed & { readonly format: string }>;
  const isWhole =
    format === OWED_FORMAT &&
    Array.isArray(reports) &&
    reports.every((each: Partial<Report> | null) => each?.format === REPORT_FORMAT && typeof each.at === "string") &&
    (skipped === undefined || (Number.isSafeInteger(skipped.count) && typeof skipped.first === "string"));
  if (!isWhole || reports === undefined) throw new Error(`expected reports in ${OWED_FORMAT}, got something else`);
  return skipped === undefined ? { reports } : { reports, skipped };
}
