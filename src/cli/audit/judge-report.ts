/** A report of an audit to its verdict, on the command line. */

import { open, readFile } from "node:fs/promises";
import type { VerifyOptions } from "../../verify/options.ts";
import { type ReportVerdict, verifyReport } from "../../verify/report/check-report.ts";
import { meansReport } from "../../verify/report/read-report.ts";
import { printResult } from "../terminal/output.ts";

/** Where the format of a report stands at the latest: its members are in the order of their names. */
const BEGIN_LENGTH = 65_536;
const BYTES_MAX = 64 * 1024 * 1024;
const FINDINGS_SHOWN = 50;
const MARKS = { passed: "ok", failed: "FAILED", skipped: "-" } as const;
const MARK_WIDTH = 6;

/** The text of a file that is meant as a report; undefined for everything else. */
export async function reportText(file: string): Promise<string | undefined> {
  if (file === "-") return undefined;
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { size } = await handle.stat();
    // A pipe would lose what is read of it here.
    if (!(await handle.stat()).isFile() || size > BYTES_MAX) return undefined;
    const begin = Buffer.alloc(Math.min(size, BEGIN_LENGTH));
    await handle.read(begin, 0, begin.length, 0);
    if (/^\s*\{/.test(begin.toString()) && meansReport(begin.toString())) return await readFile(file, "utf8");
    if (size <= BEGIN_LENGTH || !begin.toString().includes('"byDigest"')) return undefined;
    const text = await readFile(file, "utf8");
    return meansReport(text) ? text : undefined;
  } finally {
    await handle.close();
  }
}

/** Verifies it and prints the verdict. @returns the exit status */
export async function judgeReport(text: string, { file, options, isJson, isQuiet }: ReportJudging): Promise<number> {
  const verdict = await verifyReport(text, options);
  printResult({ json: verdict, text: isQuiet ? [`${file}: ${verdict.word}`] : describeReport(verdict) }, isJson);
  return verdict.exitStatus;
}

export type ReportJudging = {
  readonly file: string;
  readonly options: VerifyOptions;
  readonly isJson: boolean;
  readonly isQuiet: boolean;
};

function describeReport({ word, summary, steps, digest, report }: ReportVerdict): string[] {
  const marked = steps.map(({ name, state, detail }) => `${MARKS[state].padEnd(MARK_WIDTH)}  ${name}: ${detail}`);
  const said = [word, summary];
  if (digest !== undefined) said.push(`Digest ${digest}, by which the ledger names it.`);
  for (const { check, why } of report?.skipped ?? []) said.push(`Not looked at: ${check}: ${why}.`);
  const findings = report?.findings ?? [];
  for (const { kind, from, to, detail } of findings.slice(0, FINDINGS_SHOWN))
    said.push(`  ${kind} (${to - from === 1 ? `entry ${from}` : `entries ${from} to ${to - 1}`}): ${detail}`);
  if (findings.length > FINDINGS_SHOWN) said.push(`  and ${findings.length - FINDINGS_SHOWN} more`);
  return [...said, "", ...marked];
}
