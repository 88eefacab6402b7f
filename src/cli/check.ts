/** `holdfast check`: which events of a file a ledger would refuse, and why; told by the service, which records nothing. */

import type { Command } from "commander";
import { batchesOf } from "./append/batches.ts";
import { type Broken, brokenText, type RuleFlags, rulePath, withRuleOptions } from "./remote/rules.ts";
import { ServiceClient } from "./remote/service-client.ts";
import { type SetExit, usageError } from "./terminal/failure.ts";
import { readLines } from "./terminal/lines.ts";
import { counted } from "./terminal/numbers.ts";
import { printResult } from "./terminal/output.ts";

const BATCH = { countMax: 1000, charactersMax: 4 * 1024 * 1024, run: "", addIds: false };
const LINE_CHARACTERS_MAX = 64 * 1024 * 1024;
/** Events and warnings that are told one by one. */
const TOLD_MAX = 100;

type Warning = { readonly position: number; readonly code: string; readonly path: string };
type Examined = {
  readonly events: number;
  readonly refused: number;
  readonly refusals: readonly (Broken & { readonly position: number; readonly line?: number })[];
  readonly warnings: readonly (Warning & { readonly known?: string; readonly got?: string })[];
};

/** What was told so far, by lines of the file. */
type Told = {
  events: number;
  refused: number;
  readonly refusals: (Broken & { readonly line: number })[];
  readonly warnings: (Omit<Examined["warnings"][number], "position"> & { readonly line: number })[];
};

export function addCheck(program: Command, setExit: SetExit): void {
  const check = program
    .command("check")
    .description("Tell which events a ledger would refuse, and why; nothing is recorded.")
    .argument("[file]", 'events, one JSON object a line; "-" is standard input', "-");
  withRuleOptions(check).action(async (file: string, flags: RuleFlags) => setExit(await checkFile(file, flags)));
}

async function checkFile(file: string, flags: RuleFlags): Promise<number> {
  const client = new ServiceClient(flags);
  const told: Told = { events: 0, refused: 0, refusals: [], warnings: [] };
  const headers = { "Content-Type": "application/x-ndjson" };
  for await (const { text, lines } of batchesOf(readLines(file, { charactersMax: LINE_CHARACTERS_MAX }), BATCH)) {
    const answer = await client.ask(rulePath(flags, "check"), { method: "POST", body: text, headers });
    add(told, answer as Examined, lines);
  }
  if (told.events === 0) throw usageError(`Expected events in ${file === "-" ? "standard input" : file}, got none.`);
  const { events, refused, refusals, warnings } = told;
  const untold = refused - refusals.length;
  const verdict = `${refused} of ${counted(events, "event")} would be refused.`;
  const text = [
    refused === 0 ? `All ${counted(events, "event")} would be recorded.` : verdict,
    ...refusals.map(({ line, ...broken }) => `  line ${line}: ${brokenText(broken)}`),
    ...(untold > 0 ? [`  and ${untold} more`] : []),
    ...warnings.map(({ line, code, path, known, got }) => {
      const what = known === undefined ? `the ledger has no schema ${got}` : `is it ${JSON.stringify(known)}?`;
      return `  line ${line}, recorded all the same: ${path}: ${what} (${code})`;
    }),
  ];
  printResult({ json: told, text }, flags.json === true);
  return refused === 0 ? 0 : 1;
}

/** Puts lines of the file in the place of those of a request. */
function add(told: Told, { events, refused, refusals, warnings }: Examined, lines: readonly number[]): void {
  told.events += events;
  told.refused += refused;
  const lineOf = (position: number): number => lines[position] ?? 0;
  for (const { position, line: _, ...broken } of refusals) {
    if (told.refusals.length < TOLD_MAX) told.refusals.push({ line: lineOf(position), ...broken });
  }
  for (const { position, ...warning } of warnings) {
    if (told.warnings.length < TOLD_MAX) told.warnings.push({ line: lineOf(position), ...warning });
  }
}
