/** `holdfast audit --url`: has a running service audit a ledger, waits for its end, and says what its signed report says. */

import { setTimeout as delay } from "node:timers/promises";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import type { AuditOutcome, AuditReportDocument } from "../../verify/report/audit-report.ts";
import { ServiceClient, type ServiceOptions } from "../remote/service-client.ts";
import { printResult } from "../terminal/output.ts";
import { writeOutputFile } from "../terminal/output-file.ts";
import { startProgress } from "../terminal/progress.ts";
import { describeFindings, type SampleFlags } from "./sample-flags.ts";

export type RemoteFlags = ServiceOptions &
  SampleFlags & {
    readonly ledger?: string;
    readonly share?: number;
    readonly report?: string;
    readonly json?: boolean;
  };

type AuditAnswer = {
  readonly id: string;
  readonly state: string;
  readonly done?: number;
  readonly of?: number;
  readonly report?: AuditReportDocument;
};

const POLL_MS = 300;
/** To a program that only wants to know whether all is well: what did not look at all is not known to be. */
const EXIT_STATUSES: Readonly<Record<AuditOutcome, number>> = { whole: 0, damaged: 1, partial: 2, nothing: 2 };

/** @returns the exit status */
export async function auditRemotely(flags: RemoteFlags): Promise<number> {
  const client = new ServiceClient(flags);
  const path = `/v1/ledgers/${encodeURIComponent(flags.ledger ?? LEDGER_DEFAULT)}/audits`;
  const begun = (await client.ask(path, { method: "POST", body: JSON.stringify(requestOf(flags)) })) as AuditAnswer;
  const report = await follow(client, `${path}/${begun.id}`);
  if (flags.report !== undefined) writeOutputFile(flags.report, `${JSON.stringify(report, null, 2)}\n`);
  printResult({ json: report, text: describe(report) }, flags.json === true);
  return EXIT_STATUSES[report.outcome];
}

function requestOf({ sample, confidence, damaged, share }: RemoteFlags): object {
  const isSample = sample !== undefined || confidence !== undefined || damaged !== undefined;
  return {
    kind: isSample ? "sample" : "whole",
    ...(sample !== undefined && { entries: sample }),
    ...(confidence !== undefined && { confidence }),
    ...(damaged !== undefined && { damaged }),
    ...(share !== undefined && { share }),
  };
}

async function follow(client: ServiceClient, path: string): Promise<AuditReportDocument> {
  const progress = await startProgress("entries");
  try {
    for (;;) {
      const { done, of, report } = (await client.ask(path)) as AuditAnswer;
      if (report !== undefined) return report;
      if (done !== undefined && of !== undefined) progress.show(done, of);
      await delay(POLL_MS);
    }
  } finally {
    progress.stop();
  }
}

const WORDS: Readonly<Record<AuditOutcome, string>> = {
  whole: "whole",
  partial: "nothing wrong was found, in what was looked at",
  damaged: "NOT whole",
  nothing: "empty, so that nothing was proved",
};

function describe(report: AuditReportDocument): string[] {
  const { ledger, outcome, checkpoint, looked, skipped, byDigest, sample, findings, more } = report;
  const size = checkpoint === undefined ? "" : `; size ${checkpoint.size}, root ${checkpoint.root}`;
  const counts = looked.filter(({ count }) => count > 0).map(({ check, count }) => `${check} ${count}`);
  const lines = [`${ledger.name}: ${WORDS[outcome]}${size}.`, `  Looked at: ${counts.join(", ") || "nothing"}.`];
  if (byDigest.withheld + byDigest.pruned > 0) {
    lines.push(
      `  By digest only: ${byDigest.withheld} entries with members withheld or erased, ${byDigest.pruned} pruned.`,
    );
  }
  for (const { check, why } of skipped) lines.push(`  Not looked at: ${check}: ${why}.`);
  if (sample !== undefined) {
    const percent = (sample.foundPpm / 10_000).toFixed(2);
    lines.push(
      `  ${sample.drawn} of ${sample.of} entries were drawn: of ${sample.damaged} damaged ones at least one would be among them with ${percent} %.`,
    );
  }
  return [...lines, ...describeFindings(findings, more)];
}
