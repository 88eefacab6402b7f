/** What the commands about rules share: which ledger, files that are read, and how a preview is told. */

import type { Command } from "commander";
import type { RuleName } from "../../entry/event-error.ts";
import { readWrittenJson } from "../../json/read.ts";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { readTextFile } from "../../store/text-file.ts";
import { fileReason, usageError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { printResult } from "../terminal/output.ts";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "./service-client.ts";

export type RuleFlags = ServiceOptions & { readonly ledger: string; readonly json?: boolean };
export type PreviewFlags = RuleFlags & { readonly last?: number };

export function withRuleOptions(command: Command): Command {
  return withServiceOptions(command)
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .option("--json", "print the result as JSON");
}

/** A path of the ledger's part of the API. */
export function rulePath({ ledger }: Pick<RuleFlags, "ledger">, ...steps: readonly string[]): string {
  return `/v1/ledgers/${[ledger, ...steps].map(encodeURIComponent).join("/")}`;
}

/** The text of a file with JSON, which is left to the service to read. @param what it is, for messages */
export function readText(file: string, what: string): string {
  try {
    return readTextFile(file);
  } catch (cause) {
    throw usageError(`The ${what} cannot be read from ${file}: ${fileReason(cause)}.`);
  }
}

/** The JSON of a file. */
export function readValue(file: string, what: string): unknown {
  const text = readText(file, what);
  try {
    return readWrittenJson(text);
  } catch (cause) {
    throw usageError(`Expected JSON in ${file}, got a text that is none: ${(cause as Error).message}.`);
  }
}

type Preview = {
  readonly looked: number;
  readonly refused: number;
  readonly quarantined: number;
  readonly complete: boolean;
  readonly violations: readonly (Broken & { readonly index: number; readonly format: string })[];
};

/** What one event is not; `path` is an RFC 6901 pointer into it. */
export type Broken = RuleName & {
  readonly code: string;
  readonly path: string;
  readonly expected: string;
  readonly got: string;
};

/** Asks what rules would have done to the newest events, and tells it. @returns the exit status: 1 when they would have */
export async function tellPreview(flags: PreviewFlags, proposed: object): Promise<number> {
  const body = JSON.stringify({ ...proposed, ...(flags.last !== undefined && { last: flags.last }) });
  const client = new ServiceClient(flags);
  const answer = (await client.ask(rulePath(flags, "rules", "preview"), { method: "POST", body })) as Preview;
  const { looked, refused, quarantined, complete, violations } = answer;
  const untold = refused + quarantined - violations.length;
  const text = [
    `Of the newest ${counted(looked, "event")}, ${refused} would have been refused and ${quarantined} quarantined. Nothing was changed.`,
    ...violations.map(({ index, format, ...broken }) => `  entry ${index} (${format}): ${brokenText(broken)}`),
    ...(untold > 0 ? [`  and ${untold} more`] : []),
    ...(complete ? [] : ["The time was up before all that was asked for was looked at: ask for fewer with --last."]),
  ];
  printResult({ json: answer, text }, flags.json === true);
  return refused + quarantined > 0 ? 1 : 0;
}

export function brokenText({ code, path, expected, got }: Broken): string {
  return `expected ${expected}${path === "" ? "" : ` at ${path}`}, got ${got} (${code})`;
}
