/** How much of a ledger is audited, and what is said of findings, for both ways to audit. */

import { type Command, Option } from "commander";
import { usageError } from "../terminal/failure.ts";
import { readCount } from "../terminal/numbers.ts";

export type SampleFlags = {
  readonly sample?: number;
  readonly confidence?: number;
  readonly damaged?: number;
};

const FINDINGS_SHOWN = 50;

export function withSampleFlags(command: Command): Command {
  return command
    .addOption(new Option("--sample <count>", "so many entries only, drawn at random").argParser(readCount))
    .addOption(
      new Option("--confidence <part>", "so many as find a damaged one that surely, such as 0.95")
        .argParser(readPart)
        .conflicts("sample"),
    )
    .addOption(
      new Option("--damaged <part>", "when this part of all is damaged, such as 0.001")
        .argParser(readPart)
        .conflicts("sample"),
    );
}

/** @throws CliError for what is no number between 0 and 1 */
export function readPart(text: string): number {
  const part = Number(text);
  if (text.trim() !== "" && part > 0 && part < 1) return part;
  throw usageError(`Expected a number between 0 and 1, got ${text}.`);
}

type Told = { readonly kind: string; readonly from: number; readonly to: number; readonly detail: string };

export function describeFindings(findings: readonly Told[], more: number): string[] {
  const shown = findings.slice(0, FINDINGS_SHOWN).map(({ kind, from, to, detail }) => {
    const range = to - from === 1 ? `entry ${from}` : `entries ${from} to ${to - 1}`;
    return `  ${kind} (${range}): ${detail}`;
  });
  const rest = findings.length - shown.length + more;
  return rest > 0 ? [...shown, `  and ${rest} more; see --json`] : shown;
}
