/**
 * Events taken away: everything that a filter finds among the entries of one checkpoint, piece by piece, with an end that
 * says what it was. Here an export begins and ends, whoever asked for it and for what.
 * Why: docs/decisions/0180, docs/decisions/0181.
 */

import type { IncomingMessage } from "node:http";
import { MEDIA_TYPES, readColumns, type TextFormat, textWriter } from "../../../export/formats.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import type { SignedCheckpoint } from "../../../merkle/checkpoint.ts";
import type { Filter } from "../../../query/request.ts";
import type { Answering } from "../../admit.ts";
import { Problem } from "../../problem.ts";
import type { Services } from "../../services.ts";
import { Pace } from "../../wire/pace.ts";
import { codingFor } from "../../wire/packer.ts";
import { type ExportAsked, exportPieces } from "./export-pieces.ts";
import { Walk } from "./export-walk.ts";
import { indexerAt, withoutUndefined } from "./search.ts";

const RETRY = { "Retry-After": "10" };

/** GET …/export */
export function exportEvents(services: Services): Answering<"exportEvents"> {
  const { log, limits, ledgers } = services;
  const pace = new Pace(() => ledgers.list().reduce((sum, { size, queue }) => sum + size + queue.events, 0));
  return async ({ req, res, key, ledger, query: { as, size, columns, trailer, progress, ...filter } }) => {
    refuseOthers(as, columns, progress);
    const checkpoint = await checkpointOf(ledger, size);
    const asked: Filter = withoutUndefined(filter);
    const found = {
      as,
      ledger,
      checkpoint,
      filter: asked,
      walk: new Walk(await indexerAt(services, ledger), asked, checkpoint?.size ?? 0),
      writer: textWriter(as, { ledger: ledger.record.name, columns: columnsOf(columns) }),
      hasTrailer: (trailer ?? (as === "ndjson" ? "line" : "none")) === "line",
      hasProgress: progress === "true",
      coding: codingFor(req),
    };
    const told = { ledger: ledger.record.name, key: key.id, source: key.source, as, filter: asked };
    let ended = { events: 0, isWhole: false };
    const begin = () => {
      if (pace.working >= limits.exportsMax) throw tooMany(limits.exportsMax);
      pace.begin();
      log.info({ ...told, size: checkpoint?.size ?? 0 }, "an export begins");
      return (count: number, isWhole: boolean): void => {
        pace.end();
        ended = { events: count, isWhole };
        log.info({ ...told, count, isWhole }, isWhole ? "an export ended" : "an export was cut");
      };
    };
    return {
      status: 200,
      type: MEDIA_TYPES[as],
      headers: headersOf(req, found),
      counted: () => ended,
      stream: exportPieces(services, { req, res, key, pace, begin, ...found }),
    };
  };
}

export function tooMany(most: number): Problem {
  return new Problem("reads_full", `expected at most ${most} exports at once, got one more; try again later`, {
    headers: RETRY,
  });
}

function refuseOthers(as: TextFormat, columns: readonly string[] | undefined, progress: string | undefined): void {
  if (columns !== undefined && as !== "csv") throw invalid("columns", "columns with as=csv only", `as=${as}`);
  if (progress !== undefined && as !== "ndjson") throw invalid("progress", "progress with as=ndjson only", `as=${as}`);
}

function columnsOf(names: readonly string[] | undefined): ReturnType<typeof readColumns> {
  try {
    return readColumns(names);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Problem("parameter_invalid", `${error.message}, as query parameter columns`);
  }
}

/** The newest one, or that of a size; undefined for a ledger that has none yet. @throws Problem checkpoint_unknown */
async function checkpointOf(ledger: Ledger, size: number | undefined): Promise<SignedCheckpoint | undefined> {
  if (size === undefined) return ledger.head;
  const found = await ledger.checkpoint(size);
  if (found === undefined) throw new Problem("checkpoint_unknown", `expected the size of a checkpoint, got ${size}`);
  return found;
}

function headersOf(
  { method, httpVersion }: IncomingMessage,
  { as, ledger, checkpoint, coding }: ExportAsked,
): Record<string, string> {
  const extension = as === "csv" ? "csv" : as === "ocsf" ? "ocsf.ndjson" : "ndjson";
  const name = `${ledger.record.name.replaceAll(/[^\w.-]/g, "_")}-${checkpoint?.size ?? 0}.${extension}`;
  return {
    "Content-Disposition": `attachment; filename="${name}"`,
    Vary: "Accept-Encoding",
    // Where nothing is sent in chunks there is no place for it.
    ...(method === "GET" && httpVersion === "1.1" && { Trailer: "Holdfast-Export, Content-Digest" }),
    ...(coding !== undefined && { "Content-Encoding": coding }),
  };
}

function invalid(path: string, expected: string, got: string): Problem {
  const errors = [{ path: `/${path}`, expected, got }];
  return new Problem("parameter_invalid", `expected ${expected}, got ${got}`, { errors });
}
