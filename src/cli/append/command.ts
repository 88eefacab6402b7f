/**
 * `holdfast append`: sends events, one JSON object a line, and waits until they are durable. Sending the same file
 * again records nothing twice; a service that is busy or restarting is waited for.
 */

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, Option } from "commander";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { isObject } from "../../verify/bundle/forms.ts";
import {
  LATER,
  type ServiceAnswer,
  ServiceClient,
  type ServiceOptions,
  withServiceOptions,
} from "../remote/service-client.ts";
import { CliError, usageError } from "../terminal/failure.ts";
import { readLines, sizeOf } from "../terminal/lines.ts";
import { counted, readCount } from "../terminal/numbers.ts";
import { printNote, printResult } from "../terminal/output.ts";
import { startProgress } from "../terminal/progress.ts";
import { type Batch, batchesOf } from "./batches.ts";
import { explainRefusal, type Sending } from "./refused-lines.ts";
import { type AnsweredBatch, type AnsweredReceipt, Tally } from "./tally.ts";

const BATCH_COUNT = 1000;
const BATCH_CHARACTERS_MAX = 4 * 1024 * 1024;
/** The service says what is too large; this only keeps a file without newlines from filling the memory. */
const LINE_CHARACTERS_MAX = 64 * 1024 * 1024;
const RETRY_S = 300;
const WAIT_S_MAX = 30;

type AppendFlags = ServiceOptions & {
  readonly ledger: string;
  readonly batch: number;
  readonly retryFor: number;
  readonly again?: boolean;
  readonly addIds?: boolean;
  readonly receipts?: string;
  readonly json?: boolean;
};

export function addAppend(program: Command): void {
  const command = program
    .command("append")
    .description("Send events, one JSON object a line, and wait until they are durable.")
    .argument("[file]", 'the events; "-" is standard input', "-");
  withServiceOptions(command)
    .option("--ledger <name>", "the ledger to append to", LEDGER_DEFAULT)
    .addOption(new Option("--batch <count>", "events of one request").argParser(readCount).default(BATCH_COUNT))
    .addOption(
      new Option("--retry-for <seconds>", "how long to wait for a busy service").argParser(readCount).default(RETRY_S),
    )
    .option("--add-ids", "give events without an id one, so that a file that has grown can be sent again")
    .option("--again", "record the same lines once more, as other events")
    .option("--receipts <file>", 'write the receipt of every event there, one a line; "-" is standard output')
    .option("--json", "print the result as JSON")
    .action(append);
}

async function append(file: string, flags: AppendFlags): Promise<void> {
  const isPrintingReceipts = flags.receipts === "-";
  if (isPrintingReceipts && flags.json === true) {
    throw usageError("Expected a file for --receipts, got standard output, where --json prints the result.");
  }
  const client = new ServiceClient(flags);
  const progress = await startProgress("bytes");
  const bytes = { total: sizeOf(file), read: 0 };
  const onBytes = (count: number) => {
    bytes.read += count;
  };
  const run = flags.again === true ? randomUUID() : "";
  const options = { countMax: flags.batch, charactersMax: BATCH_CHARACTERS_MAX, run, addIds: flags.addIds === true };
  const tally = new Tally(flags.receipts);
  try {
    for await (const batch of batchesOf(readLines(file, { onBytes, charactersMax: LINE_CHARACTERS_MAX }), options)) {
      tally.take(await sendBatch(client, batch, { ...flags, file, before: tally.count }), batch.lines);
      progress.show(bytes.read, bytes.total);
    }
  } finally {
    progress.stop();
  }
  if (tally.count === 0) throw usageError(`Expected events in ${file === "-" ? "standard input" : file}, got none.`);
  for (const note of tally.notes()) printNote(note);
  const result = tally.result(flags.ledger);
  if (isPrintingReceipts) result.text.forEach(printNote);
  else printResult(result, flags.json === true);
}

async function sendBatch(
  client: ServiceClient,
  batch: Batch,
  flags: Sending & Pick<AppendFlags, "retryFor">,
): Promise<AnsweredBatch> {
  const path = `/v1/ledgers/${encodeURIComponent(flags.ledger)}/events`;
  const headers = { "Content-Type": "application/x-ndjson", "Idempotency-Key": batch.idempotencyKey };
  const until = performance.now() + flags.retryFor * 1000;
  for (let attempt = 0; ; attempt++) {
    const pauseS = Math.min(WAIT_S_MAX, 0.25 * 2 ** attempt);
    const isLast = performance.now() + pauseS * 1000 > until;
    let answer: ServiceAnswer;
    try {
      answer = await client.send(path, { method: "POST", body: batch.text, headers });
    } catch (error) {
      // It may have been recorded all the same; the idempotency key makes asking again harmless.
      if (isLast) throw error;
      await sleep(pauseS * 1000);
      continue;
    }
    if (answer.status < 300) return checkRecorded(answer.body, batch);
    if (isLast || !LATER.includes(answer.status)) throw await explainRefusal(client, answer, batch, flags);
    await sleep(Math.min(answer.retryAfterS ?? pauseS, WAIT_S_MAX) * 1000);
  }
}

function checkRecorded(body: unknown, batch: Batch): AnsweredBatch {
  const { receipts, checkpoint } = (isObject(body) ? body : {}) as Record<string, unknown>;
  const size = isObject(checkpoint) ? checkpoint.size : undefined;
  if (!Array.isArray(receipts) || typeof size !== "number") throw notRecorded(batch, "another answer");
  if (receipts.length !== batch.lines.length) throw notRecorded(batch, `${receipts.length} receipts`);
  let last = -1;
  for (const [i, receipt] of receipts.entries()) {
    const where = `receipt ${i + 1} as ${JSON.stringify(receipt).slice(0, 100)}`;
    if (!isReceipt(receipt)) throw notRecorded(batch, where);
    if (receipt.index >= size) throw notRecorded(batch, `${where} under a checkpoint of ${size} entries`);
    if (receipt.duplicate) continue;
    if (receipt.index <= last) throw notRecorded(batch, `${where} after index ${last}`);
    last = receipt.index;
  }
  return { receipts, checkpoint };
}

function isReceipt(value: unknown): value is AnsweredReceipt {
  if (!isObject(value)) return false;
  const { index, duplicate, warnings = [] } = value;
  const isNumbered = Number.isSafeInteger(index) && (index as number) >= 0 && typeof duplicate === "boolean";
  return isNumbered && Array.isArray(warnings) && warnings.every(isWarning);
}

function isWarning(value: unknown): boolean {
  if (!isObject(value) || typeof value.path !== "string") return false;
  return typeof (value.known ?? value.got) === "string";
}

function notRecorded({ lines }: Batch, got: string): CliError {
  const message = `Expected a receipt for each of ${counted(lines.length, "event")} from the service, got ${got}.`;
  return new CliError(message, { code: "answer_invalid", exitStatus: 1 });
}
