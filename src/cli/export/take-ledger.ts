/**
 * A ledger as the service sends it, as one archive. When the service goes away in the middle it is asked for the entries that did not come,
 * and what it answers is an archive of those; so that the frames are numbered and chained anew here, and what leaves is one archive all the same.
 */

import { setTimeout as sleep } from "node:timers/promises";
import {
  ARCHIVE_FORMATS,
  ArchiveError,
  type ArchiveHeader,
  type ArchivePart,
  type ArchiveProof,
} from "../../archive/archive.ts";
import { CODEC_DEFAULT } from "../../archive/format/compression.ts";
import { encodeCheckpoint, encodeEntries } from "../../archive/format/entry-records.ts";
import { FrameWriter, KINDS, magicOf } from "../../archive/format/frames.ts";
import { encodeText } from "../../archive/format/texts.ts";
import { readArchive } from "../../archive/read-archive.ts";
import { toHex } from "../../merkle/bytes.ts";
import { AnswerError } from "../../net/bounded-fetch.ts";
import { failureWords } from "../../net/failed-connection.ts";
import { LATER, refusal, type ServiceClient } from "../remote/service-client.ts";
import { CliError, unreachable } from "../terminal/failure.ts";

/** A service under load rests between pieces, and says nothing then. */
const QUIET_MS = 120_000;
const WAIT_S_MAX = 30;

export type LedgerQuestion = {
  readonly ledger: string;
  /** Of the checkpoint whose entries are taken. */
  readonly size: number;
  /** How long to wait for a service that is away. */
  readonly retryForS: number;
};

/** The bytes of the archive. @throws CliError when it cannot be taken whole */
export async function* takeLedger(
  client: ServiceClient,
  question: LedgerQuestion,
): AsyncGenerator<Uint8Array, void, void> {
  const joined = new JoinedArchive(question.size);
  let until = performance.now() + question.retryForS * 1000;
  for (let attempt = 0; !joined.isWhole; attempt++) {
    const before = joined.next;
    try {
      for await (const part of readArchive(answer(client, question, joined.from))) yield* joined.take(part);
    } catch (error) {
      if (!isPassing(error)) throw explain(error);
      if (joined.next > before) {
        attempt = 0;
        until = performance.now() + question.retryForS * 1000;
      }
      const pauseS = Math.min(WAIT_S_MAX, 0.25 * 2 ** attempt);
      if (performance.now() + pauseS * 1000 > until) throw awayError(client, error);
      await sleep(pauseS * 1000);
    }
  }
}

/** What comes of several archives of one ledger, each of which goes on where the one before was cut. */
class JoinedArchive {
  readonly #size: number;
  readonly #writer = new FrameWriter(CODEC_DEFAULT, 2);
  #header: ArchiveHeader | undefined;
  #lastBegin = 0;
  #checkpoints = 0;
  #proof: ArchiveProof | undefined;
  isWhole = false;
  /** The entry that comes next. */
  next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** From where to ask: of nothing there is no archive, so that the proof comes with some entries that are here. */
  get from(): number {
    return this.next < this.#size ? this.next : this.#lastBegin;
  }

  *take(part: ArchivePart): Generator<Uint8Array> {
    if (part.kind === "header") yield* this.#begin(part.header);
    else if (part.kind === "entries") {
      const entries = part.entries.slice(Math.max(0, this.next - part.first));
      if (entries.length === 0) return;
      const first = this.next;
      this.#lastBegin = first;
      this.next += entries.length;
      yield this.#writer.write(KINDS.entries, encodeEntries({ first, entries }));
    } else if (part.kind === "checkpoint") {
      if (part.checkpoint.size !== this.next) return;
      this.#checkpoints++;
      yield this.#writer.write(KINDS.checkpoint, encodeCheckpoint(part.checkpoint));
    } else if (part.kind === "proof") this.#proof = part.proof;
    else yield* this.#end();
  }

  *#begin(header: ArchiveHeader): Generator<Uint8Array> {
    const { range, ledger } = header;
    if (range.from !== this.from || range.to !== this.#size) {
      const got = `[${range.from}, ${range.to})`;
      throw wrong(`entries [${this.from}, ${this.#size})`, got);
    }
    if (this.#header === undefined) {
      this.#header = { ...header, format: ARCHIVE_FORMATS[2] };
      yield magicOf(2);
      yield this.#writer.write(KINDS.header, encodeText(this.#header));
    } else if (ledger.id !== this.#header.ledger.id) throw wrong(`ledger ${this.#header.ledger.id}`, ledger.id);
  }

  *#end(): Generator<Uint8Array> {
    yield this.#writer.write(KINDS.proof, encodeText(this.#proof as ArchiveProof));
    const counts = { entries: this.#size, checkpoints: this.#checkpoints, frames: this.#writer.frames + 1 };
    yield this.#writer.write(KINDS.trailer, encodeText({ ...counts, digest: toHex(this.#writer.digest) }));
    this.isWhole = true;
  }
}

/** One answer, as it comes: no more of it is here than is being worked on. */
async function* answer(
  client: ServiceClient,
  { ledger, size }: LedgerQuestion,
  from: number,
): AsyncGenerator<Uint8Array, void, void> {
  const query = new URLSearchParams({ from: String(from), to: String(size) });
  const path = `/v1/ledgers/${encodeURIComponent(ledger)}/archive?${query}`;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const asking = client
    .stream(path, (bytes) => writer.write(bytes), QUIET_MS)
    .then((refused) => {
      if (refused === undefined) return writer.close();
      const { message, code, exitStatus } = refusal(refused);
      throw new CliError(message, { code, exitStatus: LATER.includes(refused.status) ? 2 : exitStatus });
    })
    // Whoever reads gets it; when nobody does any more, it is of no interest.
    .catch((error: unknown) => writer.abort(error).catch(() => undefined));
  yield* readable;
  await asking;
}

/** What is not there may come; what is wrong stays so. */
function isPassing(error: unknown): boolean {
  if (error instanceof ArchiveError) return error.code === "archive_cut";
  return error instanceof AnswerError || (error instanceof CliError && error.exitStatus === 2);
}

function awayError(client: ServiceClient, error: unknown): unknown {
  if (error instanceof CliError) return error;
  return unreachable(`The service at ${client.url} does not answer to its end: ${failureWords(error)}.`, error);
}

function explain(error: unknown): unknown {
  return error instanceof ArchiveError ? wrong("an archive of the ledger", error.message) : error;
}

function wrong(expected: string, got: string): CliError {
  const message = `Expected ${expected} from the service, got ${got}.`;
  return new CliError(message, { code: "answer_invalid", exitStatus: 1 });
}
