/** The pieces of one export: found, proved, written and compressed one after the other, and then the trailer. */

import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { TextFormat, TextWriter } from "../../../export/formats.ts";
import type { ExportRecord } from "../../../export/record.ts";
import { EXPORT_FORMAT, type ExportTrailer, progressLine, trailerLine } from "../../../export/trailer.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import { utf8 } from "../../../merkle/bytes.ts";
import type { SignedCheckpoint } from "../../../merkle/checkpoint.ts";
import type { Filter } from "../../../query/request.ts";
import type { ApiKey } from "../../auth/api-keys.ts";
import { DisconnectedError } from "../../intake/body.ts";
import { Problem } from "../../problem.ts";
import type { Services } from "../../services.ts";
import { connectionOf } from "../../wire/connections.ts";
import type { ContentCoding } from "../../wire/encodings.ts";
import type { Pace } from "../../wire/pace.ts";
import { Packer } from "../../wire/packer.ts";
import type { StreamBody, StreamLife } from "../../wire/stream.ts";
import type { Walk } from "./export-walk.ts";
import { provenRecords } from "./search.ts";

/** Of a piece, what is sent at once: a client on a slow line is seen to take something. */
export const SLICE_BYTES = 64 * 1024;
/** How often it is said how far it is, where nothing is found. */
const PROGRESS_MS = 1000;
const RETRY_TURN_MS = 500;
/** Damaged entries that are named. */
const UNREADABLE_MAX = 1000;

/** What is exported, and how. */
export type ExportAsked = {
  readonly as: TextFormat;
  readonly ledger: Ledger;
  /** Absent while the ledger is empty. */
  readonly checkpoint: SignedCheckpoint | undefined;
  readonly filter: Filter;
  readonly walk: Walk;
  readonly writer: TextWriter;
  readonly hasTrailer: boolean;
  readonly hasProgress: boolean;
  readonly coding: ContentCoding | undefined;
};

/** One export, and who asked for it. */
export type ExportParts = ExportAsked & {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly key: ApiKey;
  readonly pace: Pace;
  /** Is called when it begins; what comes back, when it ends, with how many events there were and whether these are all. */
  readonly begin: () => (count: number, isWhole: boolean) => void;
};

/** Counts and digests what has been written. */
class Written {
  readonly #sha256 = createHash("sha256");
  bytes = 0;
  count = 0;
  first: number | null = null;
  last: number | null = null;
  readonly unreadable: number[] = [];

  take(text: Uint8Array, records: readonly ExportRecord[], unreadable: readonly number[]): void {
    this.#sha256.update(text);
    this.bytes += text.length;
    this.count += records.length;
    this.first ??= records[0]?.index ?? null;
    this.last = records.at(-1)?.index ?? this.last;
    for (const index of unreadable) if (this.unreadable.length < UNREADABLE_MAX) this.unreadable.push(index);
  }

  get sha256(): string {
    return this.#sha256.copy().digest("hex");
  }
}

export function exportPieces(services: Services, parts: ExportParts): StreamBody {
  return (life) => pieces(services, parts, life);
}

async function* pieces(services: Services, parts: ExportParts, life: StreamLife): AsyncGenerator<Uint8Array> {
  const { writer, res, begin: beginning, hasProgress, hasTrailer } = parts;
  const end = beginning();
  const packer = new Packer(parts.coding);
  const written = new Written();
  const sent = createHash("sha256");
  let isWhole = false;
  const out = function* (packed: readonly Uint8Array[]): Generator<Uint8Array> {
    for (const bytes of packed) {
      sent.update(bytes);
      for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
    }
  };
  try {
    let toldAt = performance.now();
    for (let begin = writer.begin, isFirst = true; ; begin = "", isFirst = false) {
      const step = await nextStep(services, parts, life, isFirst);
      const text = utf8(begin + (step?.records ?? []).map(writer.write).join(""));
      written.take(text, step?.records ?? [], step?.unreadable ?? []);
      if (text.length > 0) yield* out(await packer.pack(text));
      else if (isFirst) yield text;
      // Whoever waits for the first event sees that the answer has begun.
      if (isFirst) res.flushHeaders();
      if (step === undefined) break;
      const { records, upTo } = step;
      if (hasProgress && (records.length > 0 || performance.now() - toldAt >= PROGRESS_MS)) {
        toldAt = performance.now();
        const { count, sha256, unreadable } = written;
        const progress = { upTo, count, sha256, ...(unreadable.length > 0 && { unreadable }) };
        yield* out(await packer.pack(utf8(progressLine(progress))));
      }
    }
    const trailer = trailerOf(parts, written, await parts.walk.countPruned());
    if (hasTrailer) yield* out(await packer.pack(utf8(trailerLine(trailer))));
    yield* out(await packer.end());
    res.addTrailers(fieldsOf(trailer, sent.digest("base64")));
    isWhole = true;
  } finally {
    packer.close();
    end(written.count, isWhole && !life.gone.aborted);
  }
}

type Step = {
  readonly records: readonly ExportRecord[];
  readonly unreadable: readonly number[];
  readonly upTo: number;
};

/** The next stretch in its turn, at the pace that leaves room for recording; undefined at the end. */
async function nextStep(
  services: Services,
  parts: ExportParts,
  life: StreamLife,
  isFirst: boolean,
): Promise<Step | undefined> {
  const { walk, ledger, pace, key } = parts;
  checkGoesOn(services, key, life);
  if (!(await walk.ready())) return { records: [], unreadable: [], upTo: walk.upTo };
  const endTurn = await takeTurn(parts, life, isFirst);
  const endPiece = pace.piece();
  let restMs = 0;
  let step: Step | undefined;
  try {
    checkGoesOn(services, key, life);
    const piece = await walk.next();
    if (piece !== undefined) {
      const { records, changed } = await provenRecords(services.hash, ledger, piece.items);
      step = { records, unreadable: [...piece.unreadable, ...changed], upTo: piece.upTo };
    }
  } finally {
    restMs = endPiece();
    endTurn?.();
  }
  if (restMs > 0) await sleep(restMs);
  return step;
}

/** @throws DisconnectedError when there is nobody to make more for */
export function checkGoesOn({ keys }: Pick<Services, "keys">, key: ApiKey, { gone, stopping }: StreamLife): void {
  if (gone.aborted) throw new DisconnectedError("the client disconnected in the middle of an export");
  if (stopping.aborted) throw new DisconnectedError("the service stops in the middle of an export");
  if (!keys.isLive(key)) {
    throw new DisconnectedError("the API key was revoked, or expired, in the middle of an export");
  }
}

/** Whoever has begun is patient: others come in between, and it goes on. */
export async function takeTurn(
  { req, key }: Pick<ExportParts, "req" | "key">,
  { gone, stopping }: StreamLife,
  isFirst: boolean,
) {
  for (;;) {
    try {
      return await connectionOf(req.socket)?.takeTurn(key.id);
    } catch (error) {
      const isBusy = error instanceof Problem && error.code === "reads_full";
      if (!isBusy || isFirst || gone.aborted || stopping.aborted) throw error;
      await sleep(RETRY_TURN_MS);
    }
  }
}

function trailerOf({ as, ledger, filter, checkpoint }: ExportParts, written: Written, pruned: number): ExportTrailer {
  const { count, first, last, bytes, sha256, unreadable } = written;
  const { id, name } = ledger.record;
  return {
    format: EXPORT_FORMAT,
    as,
    ledger: { id, name },
    filter,
    size: checkpoint?.size ?? 0,
    checkpoint: checkpoint ?? null,
    count,
    first,
    last,
    bytes,
    sha256,
    ...(pruned > 0 && { pruned }),
    ...(unreadable.length > 0 && { unreadable }),
  };
}

/** RFC 9651 and RFC 9530. */
function fieldsOf({ count, size, checkpoint, sha256 }: ExportTrailer, sent: string): Record<string, string> {
  const content = Buffer.from(sha256, "hex").toString("base64");
  const root = checkpoint === null ? "" : `, root="${checkpoint.root}"`;
  return {
    "Holdfast-Export": `count=${count}, size=${size}${root}, sha-256=:${content}:`,
    "Content-Digest": `sha-256=:${sent}:`,
  };
}
