/**
 * What is said of a batch that is refused. The refusal names the first line that is wrong, and whoever mends a file wants to know of all: so the
 * service is asked to look at the same lines again, recording nothing.
 */

import { type Broken, brokenText, rulePath } from "../remote/rules.ts";
import { LATER, refusal, type ServiceAnswer, type ServiceClient } from "../remote/service-client.ts";
import { CliError } from "../terminal/failure.ts";
import { counted } from "../terminal/numbers.ts";
import { shellWord } from "../terminal/shell-word.ts";
import type { Batch } from "./batches.ts";

/** Lines that are told one by one. */
const TOLD_MAX = 20;

/** What a batch is of, and how many events before it the service has. */
export type Sending = { readonly file: string; readonly ledger: string; readonly before: number };

type Examined = { readonly refused: number; readonly refusals: readonly (Broken & { readonly position: number })[] };

/** The refusal by lines of the file where the service names one of the request. */
export async function explainRefusal(
  client: ServiceClient,
  answer: ServiceAnswer,
  batch: Batch,
  sending: Sending,
): Promise<CliError> {
  const { message, code, exitStatus } = refusal(answer);
  const { line, detail } = (answer.body ?? {}) as { readonly line?: unknown; readonly detail?: unknown };
  const place = typeof line === "number" ? batch.lines[line - 1] : undefined;
  const before = recordedBefore(sending.before);
  if (place === undefined) {
    const text = `${linesOf(batch)}: ${message} ${before}; after mending it, the same command goes on from there.`;
    return new CliError(text, { code, exitStatus: LATER.includes(answer.status) ? 2 : exitStatus });
  }
  // Of a line the service says which of the request's it is, and people know those of their file.
  const first = `Line ${place} is refused: ${String(detail).replace(/^line \d+: /, "")} (${code}).`;
  const further = await furtherRefusals(client, sending.ledger, batch);
  const hint = checkHint(sending);
  if (further.length === 0) {
    const text = `${first} ${before}; after mending it, the same command goes on from there.${hint}`;
    return new CliError(text, { code, exitStatus });
  }
  const batchLines = linesOf(batch).toLowerCase();
  const after = `These are of ${batchLines}, sent as one. ${before}; after mending them, the same command goes on from there.${hint}`;
  return new CliError(first, { code, exitStatus, details: [...further, after] });
}

/** The lines behind the first that is refused, as many as are told, and how many more there are. */
async function furtherRefusals(client: ServiceClient, ledger: string, batch: Batch): Promise<string[]> {
  let found: Examined;
  try {
    const headers = { "Content-Type": "application/x-ndjson" };
    found = (await client.ask(rulePath({ ledger }, "check"), {
      method: "POST",
      body: batch.text,
      headers,
    })) as Examined;
  } catch {
    return []; // the first is told all the same
  }
  const told = found.refusals.slice(1, TOLD_MAX);
  const untold = found.refused - 1 - told.length;
  return [
    ...told.map(({ position, ...broken }) => `  line ${batch.lines[position]}: ${brokenText(broken)}`),
    ...(untold > 0 ? [`  and ${counted(untold, "line")} more`] : []),
  ];
}

/** Later batches were not looked at: a pipe may have no end. */
function checkHint({ file, ledger }: Sending): string {
  return file === "-"
    ? ""
    : ` What of the whole file is refused says: holdfast check ${shellWord(file)} --ledger ${ledger}.`;
}

function linesOf({ lines }: Batch): string {
  return lines.length === 1 ? `Line ${lines[0]}` : `Lines ${lines[0]} to ${lines.at(-1)}`;
}

function recordedBefore(count: number): string {
  if (count === 0) return "Nothing was recorded";
  return count === 1 ? "The event before is recorded" : `The ${count} events before are recorded`;
}
