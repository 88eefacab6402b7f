/**
 * POST /v1/ledgers/{ledger}/ingest/{format}: one item of a foreign format, such as a webhook. Its sender drops what is
 * refused, so nothing is refused for what is in it: the exact text is kept as `_raw`, and what a mapping makes of it
 * stands beside that.
 */

import type { IncomingMessage } from "node:http";
import { ownMembers, type PreparedEntry, prepareEntry } from "../../entry/prepare.ts";
import { type Adapter, adaptItem, type ForeignItem, itemContent, type Note, rawMember } from "../../ingest/adapter.ts";
import { FORMATS, type Format } from "../../ingest/known-formats.ts";
import type { Appended } from "../../ledger/append/answer.ts";
import { IdempotencyConflictError } from "../../ledger/append/idempotency.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { fromUtf8, toHex } from "../../merkle/bytes.ts";
import { bundleLedger } from "../../prove/make-bundle.ts";
import type { Answering } from "../admit.ts";
import type { ApiKey } from "../auth/api-keys.ts";
import type { BodyBudget } from "../intake/body.ts";
import { receiveBytes } from "../intake/receive.ts";
import { Problem } from "../problem.ts";
import { json, within } from "../reply.ts";
import type { Services } from "../services.ts";

/** Receives one item. */
export function ingestItem(services: Services, budget: BodyBudget): Answering<"ingestItem"> {
  const { limits } = services;
  return async ({ req, res, key, ledger, path }) => {
    const format = Object.hasOwn(FORMATS, path.format) ? FORMATS[path.format] : undefined;
    if (format === undefined) {
      const known = Object.keys(FORMATS).join(", ");
      throw new Problem("format_unknown", `expected one of ${known} as the format, got ${JSON.stringify(path.format)}`);
    }
    const bytes = await receiveBytes(req, res, { limits, budget });
    const item = readItem(req, format, bytes);
    const appended = await within(limits.answerMs, appendItem(services, ledger, key, format.adapter, item, bytes));
    return json(appended.outcome === "replayed" ? 200 : 201, answer(ledger, appended));
  };
}

function readItem({ headers }: IncomingMessage, format: Format, bytes: Uint8Array): ForeignItem {
  // A header that is not one of HTTP's own is one text, however often it stands there.
  const kind = headers[format.kindHeader] as string | undefined;
  const id = headers[format.idHeader] as string | undefined;
  return { text: fromUtf8(bytes), ...(kind !== undefined && { kind }), ...(id !== undefined && { id }) };
}

/**
 * Appends an item; one whose id stands for something else already is recorded without it, and says so, once however
 * often it is sent.
 */
async function appendItem(
  services: Services,
  ledger: Ledger,
  key: ApiKey,
  adapter: Adapter,
  item: ForeignItem,
  bytes: Uint8Array,
): Promise<Appended> {
  const { event, notes } = adaptItem(adapter, item, services.now(), services.limits.event);
  const raw = rawMember(services.hash, bytes, services.limits.requestBytesMax);
  const came = itemContent(services.hash, adapter, item.kind, bytes);
  const prepare = (members: typeof event, told: readonly (Note | "id_conflict")[]): PreparedEntry => {
    const source = { format: adapter.format, key: key.id, source: key.source };
    const own = ownMembers({ _source: told.length === 0 ? source : { ...source, notes: told }, _raw: raw });
    const { hash, salts, contentKey } = services;
    return prepareEntry(members, { hash, salts, own, came, ...(contentKey !== undefined && { contentKey }) });
  };
  try {
    return await ledger.append({ entries: [prepare(event, notes)], source: key.source });
  } catch (error) {
    if (!(error instanceof IdempotencyConflictError)) throw error;
    const { id, ...rest } = event;
    const entries = [prepare(rest, [...notes, "id_conflict"])];
    const idempotencyKey = JSON.stringify(["id_conflict", id, came]);
    return await ledger.append({ entries, source: key.source, idempotencyKey });
  }
}

function answer({ record }: Ledger, { receipts, checkpoint }: Appended): object {
  const { size, root, signedAt, signature } = checkpoint;
  return {
    ledger: bundleLedger(record),
    checkpoint: { size, root, signedAt, signature },
    receipts: receipts.map(({ index, recordedAt, leafHash, duplicate }) => {
      return { index, recordedAt, leafHash: toHex(leafHash), duplicate };
    }),
  };
}
