/**
 * An export as the service sends it: lines that prove themselves, handed on when a line of progress or the trailer has
 * vouched for their number and order. One that is broken off goes on behind the last such place, so nothing is missing
 * and nothing comes twice.
 */

import { createHash, type Hash as Digest } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { ExportLineError, readLine, readObject } from "../../export/lines.ts";
import type { ExportRecord } from "../../export/record.ts";
import { END_BEGIN, type ExportTrailer, PROGRESS_BEGIN } from "../../export/trailer.ts";
import type { Hash } from "../../merkle/hash.ts";
import { AnswerError } from "../../net/bounded-fetch.ts";
import { failureWords } from "../../net/failed-connection.ts";
import type { ServiceClient } from "../remote/service-client.ts";
import { LATER, refusal } from "../remote/service-client.ts";
import { CliError, unreachable } from "../terminal/failure.ts";

/** A service says more often than this how far it is. */
const QUIET_MS = 120_000;
const WAIT_S_MAX = 30;
/** Events and characters that are held until they are vouched for; a service sends less. */
const HELD_MAX = 10_000;
const LINE_BYTES_MAX = 16 * 1024 * 1024;

export type ExportQuestion = {
  readonly ledger: string;
  readonly filter: Readonly<Record<string, string>>;
  /** Of the checkpoint that it is of; undefined for an empty ledger. */
  readonly size: number | undefined;
  readonly hash: Hash;
  /** How long to wait for a service that is away. */
  readonly retryForS: number;
  /** Gets events in order, each once. */
  readonly onRecords: (records: readonly ExportRecord[]) => void;
  /** Everything below an index was looked at. */
  readonly onProgress: (upTo: number) => void;
};

/** Size of the newest checkpoint; undefined for a ledger that is empty. */
export async function newestSize(client: ServiceClient, ledger: string): Promise<number | undefined> {
  const path = `/v1/ledgers/${encodeURIComponent(ledger)}/checkpoint`;
  const answer = await client.send(path);
  const { size, code } = (answer.body ?? {}) as Readonly<Record<string, unknown>>;
  if (code === "checkpoint_unknown") return undefined;
  if (answer.status === 200 && Number.isSafeInteger(size)) return size as number;
  return ((await client.require(path)).body as { size: number }).size;
}

/** Takes all of it, and gives the trailer of the last answer. @throws CliError when it cannot be taken whole */
export async function takeExport(client: ServiceClient, question: ExportQuestion): Promise<ExportTrailer> {
  let from = Number(question.filter.from ?? 0);
  let until = performance.now() + question.retryForS * 1000;
  const advance = (upTo: number): void => {
    from = upTo;
    until = performance.now() + question.retryForS * 1000;
    question.onProgress(upTo);
  };
  const unreadable = new Set<number>();
  for (let attempt = 0; ; attempt++) {
    const taking = new Taking(question, from, {
      advance,
      lose(indexes) {
        for (const index of indexes) unreadable.add(index);
      },
    });
    const before = from;
    try {
      const trailer = await takeOnce(client, question, from, taking);
      // The last answer names those behind the place where it began.
      return unreadable.size === 0 ? trailer : { ...trailer, unreadable: [...unreadable] };
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (from > before) attempt = 0;
      const pauseS = Math.min(WAIT_S_MAX, 0.25 * 2 ** attempt);
      if (performance.now() + pauseS * 1000 > until) throw awayError(client, error);
      await sleep(pauseS * 1000);
    }
  }
}

async function takeOnce(
  client: ServiceClient,
  { ledger, filter, size }: ExportQuestion,
  from: number,
  taking: Taking,
): Promise<ExportTrailer> {
  const query = new URLSearchParams({ ...filter, from: String(from), as: "ndjson", progress: "true" });
  if (size !== undefined) query.set("size", String(size));
  const path = `/v1/ledgers/${encodeURIComponent(ledger)}/export?${query}`;
  const refused = await client.stream(path, (bytes) => taking.take(bytes), QUIET_MS);
  if (refused !== undefined) {
    const { message, code, exitStatus } = refusal(refused);
    throw new CliError(message, { code, exitStatus: LATER.includes(refused.status) ? 2 : exitStatus });
  }
  if (taking.trailer === undefined) {
    throw unreachable("The service ended an export in the middle; asking again goes on from there.");
  }
  return taking.trailer;
}

/** What is not there may come; what is wrong stays so. */
function isPassing(error: unknown): boolean {
  return error instanceof AnswerError || (error instanceof CliError && error.exitStatus === 2);
}

function awayError(client: ServiceClient, error: unknown): unknown {
  if (error instanceof CliError) return error;
  return unreachable(`The service at ${client.url} does not answer to its end: ${failureWords(error)}.`, error);
}

/** What is told of an answer while it comes: everything below an index was looked at; these could not be read. */
type Told = { readonly advance: (upTo: number) => void; readonly lose: (indexes: readonly number[]) => void };

/** One answer, line by line. */
class Taking {
  trailer: ExportTrailer | undefined;
  readonly #question: ExportQuestion;
  readonly #told: Told;
  readonly #sha256: Digest = createHash("sha256");
  #rest: Uint8Array[] = [];
  #restLength = 0;
  #held: ExportRecord[] = [];
  #next: number;
  #count = 0;

  constructor(question: ExportQuestion, from: number, told: Told) {
    this.#question = question;
    this.#next = from;
    this.#told = told;
  }

  take(bytes: Uint8Array): void {
    let at = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, at)) {
      this.#rest.push(bytes.subarray(at, end));
      this.#line(Buffer.concat(this.#rest));
      this.#rest = [];
      this.#restLength = 0;
      at = end + 1;
    }
    if (at === bytes.length) return;
    // A piece may be reused by whoever reads it.
    this.#rest.push(bytes.slice(at));
    this.#restLength += bytes.length - at;
    if (this.#restLength > LINE_BYTES_MAX) throw wrong(`a line of at most ${LINE_BYTES_MAX} bytes`, "a longer one");
  }

  #line(bytes: Buffer): void {
    const line = bytes.toString("utf8");
    if (this.trailer !== undefined) throw wrong("nothing behind the trailer", "another line");
    if (line.startsWith(PROGRESS_BEGIN)) this.#mark(line);
    else if (line.startsWith(END_BEGIN)) this.#end(line);
    else this.#event(bytes, line);
  }

  #event(bytes: Uint8Array, line: string): void {
    const record = readRecord(line, this.#question.hash);
    if (record.index < this.#next) throw wrong(`an index from ${this.#next} on`, String(record.index));
    this.#next = record.index + 1;
    this.#sha256.update(bytes).update("\n");
    this.#count++;
    this.#held.push(record);
    if (this.#held.length > HELD_MAX) throw wrong("a line of progress now and then", `${HELD_MAX} events without one`);
  }

  #mark(line: string): void {
    const { holdfast_progress: progress } = readObject(line);
    const { upTo, count, sha256, unreadable } = (progress ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof upTo !== "number" || !Number.isSafeInteger(upTo) || upTo < this.#next)
      throw wrong("how far it is", line);
    this.#vouch(count, sha256);
    this.#lose(unreadable);
    this.#next = upTo;
    this.#told.advance(upTo);
  }

  #end(line: string): void {
    const { holdfast_export: trailer } = readObject(line);
    const { count, sha256, size, unreadable } = (trailer ?? {}) as ExportTrailer;
    this.#vouch(count, sha256);
    const asked = this.#question.size ?? 0;
    if (size !== asked) throw wrong(`an export of the checkpoint of size ${asked}`, `one of size ${String(size)}`);
    this.#lose(unreadable);
    this.trailer = trailer as ExportTrailer;
    this.#told.advance(asked);
  }

  #lose(unreadable: unknown): void {
    if (unreadable === undefined) return;
    const isList = Array.isArray(unreadable) && unreadable.every((each) => Number.isSafeInteger(each));
    if (!isList) throw wrong("indexes of what cannot be read", JSON.stringify(unreadable));
    this.#told.lose(unreadable as readonly number[]);
  }

  /** What came is as many as were sent, and the same. */
  #vouch(count: unknown, sha256: unknown): void {
    const digest = this.#sha256.copy().digest("hex");
    if (count !== this.#count) throw wrong(`${String(count)} events, as the service says`, String(this.#count));
    if (sha256 !== digest) throw wrong(`events of digest ${String(sha256)}, as the service says`, digest);
    this.#question.onRecords(this.#held);
    this.#held = [];
  }
}

function readRecord(line: string, hash: Hash): ExportRecord {
  try {
    return readLine(line, hash);
  } catch (error) {
    if (!(error instanceof ExportLineError)) throw error;
    throw new CliError(`The service sent what it did not record: ${error.message}.`, {
      code: error.code,
      exitStatus: 1,
    });
  }
}

function wrong(expected: string, got: string): CliError {
  const message = `Expected ${expected} in the export of the service, got ${got}.`;
  return new CliError(message, { code: "answer_invalid", exitStatus: 1 });
}
