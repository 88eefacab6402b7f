/**
 * A ledger taken away whole, or a range of it, as an archive that is made while it is sent. One that is broken off is gone on with
 * by asking for the entries that did not come.
 * Why: docs/decisions/0221.
 */

import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { ARCHIVE_ENDING, ARCHIVE_TYPE } from "../../../archive/archive.ts";
import { writeArchive } from "../../../archive/write-archive.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import type { Answering } from "../../admit.ts";
import type { ApiKey } from "../../auth/api-keys.ts";
import { Problem } from "../../problem.ts";
import type { Services } from "../../services.ts";
import { Pace } from "../../wire/pace.ts";
import type { StreamBody, StreamLife } from "../../wire/stream.ts";
import { tooMany } from "./export.ts";
import { checkGoesOn, SLICE_BYTES, takeTurn } from "./export-pieces.ts";

/** Magic, header and the first entries: what cannot be read is answered, and not an archive that ends in the middle. */
const PIECES_AT_FIRST = 3;

type Asked = {
  readonly ledger: Ledger;
  readonly from: number;
  readonly to: number;
  readonly req: IncomingMessage;
  readonly key: ApiKey;
  readonly pace: Pace;
};

/** GET …/archive */
export function exportLedger(services: Services): Answering<"exportLedger"> {
  const { ledgers } = services;
  const pace = new Pace(() => ledgers.list().reduce((sum, { size, queue }) => sum + size + queue.events, 0));
  return async ({ req, key, ledger, query }) => {
    const from = query.from ?? 0;
    const to = query.to ?? ledger.size;
    if (to === 0 || (await ledger.checkpoint(to)) === undefined) {
      throw new Problem("checkpoint_unknown", `expected the size of a checkpoint, got ${to}`);
    }
    if (from >= to) {
      throw new Problem("parameter_invalid", `expected from below ${to}, the end of the range, got ${from}`);
    }
    const name = `${ledger.record.name.replaceAll(/[^\w.-]/g, "_")}-${from}-${to - 1}${ARCHIVE_ENDING}`;
    return {
      status: 200,
      type: ARCHIVE_TYPE,
      headers: { "Content-Disposition": `attachment; filename="${name}"` },
      stream: archivePieces(services, { ledger, from, to, req, key, pace }),
    };
  };
}

function archivePieces(services: Services, asked: Asked): StreamBody {
  return (life) => pieces(services, asked, life);
}

async function* pieces(services: Services, asked: Asked, life: StreamLife): AsyncGenerator<Uint8Array> {
  const { log, limits, store, hash } = services;
  const { ledger, from, to, key, pace } = asked;
  if (pace.working >= limits.exportsMax) throw tooMany(limits.exportsMax);
  pace.begin();
  const told = { ledger: ledger.record.name, key: key.id, source: key.source, from, to };
  log.info(told, "an export of a ledger begins");
  const made = writeArchive({ ledger, store, hash }, { from, to, version: 2 });
  let isWhole = false;
  try {
    const first: Uint8Array[] = [];
    for (let count = 1; ; count++) {
      const piece = await nextPiece(services, asked, { life, made, isFirst: count === 1 });
      if (count < PIECES_AT_FIRST && piece !== undefined) first.push(piece);
      else if (piece === undefined) break;
      else {
        const bytes = first.length > 0 ? Buffer.concat([...first.splice(0), piece]) : piece;
        for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
      }
    }
    isWhole = true;
  } finally {
    pace.end();
    await made.return();
    const isTaken = isWhole && !life.gone.aborted;
    log.info({ ...told, isWhole: isTaken }, isTaken ? "an export of a ledger ended" : "an export of a ledger was cut");
  }
}

type Making = {
  readonly life: StreamLife;
  readonly made: AsyncGenerator<Uint8Array, void>;
  readonly isFirst: boolean;
};

/** The next frame in its turn, at the pace that leaves room for recording; undefined at the end. */
async function nextPiece(
  services: Services,
  asked: Asked,
  { life, made, isFirst }: Making,
): Promise<Uint8Array | undefined> {
  const { key, pace } = asked;
  checkGoesOn(services, key, life);
  const endTurn = await takeTurn(asked, life, isFirst);
  const endPiece = pace.piece();
  let restMs = 0;
  let piece: Uint8Array | undefined;
  try {
    checkGoesOn(services, key, life);
    const next = await made.next();
    piece = next.done === true ? undefined : next.value;
  } finally {
    restMs = endPiece();
    endTurn?.();
  }
  if (restMs > 0) await sleep(restMs);
  return piece;
}
