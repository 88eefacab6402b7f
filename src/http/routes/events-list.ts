/**
 * Finding events by reading through the ledger: no index, a bounded number of entries for each request, and a cursor
 * that says where to go on. A search that keeps an index can take its place without another form of the answer.
 */

import type { Entry } from "../../entry/entry.ts";
import { readMembers } from "../../entry/prepare.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { toHex } from "../../merkle/bytes.ts";
import { authorize } from "../auth.ts";
import { OPERATIONS } from "../operations.ts";
import { readPath, readQuery } from "../params.ts";
import { Problem } from "../problem.ts";
import { type Handler, json } from "../reply.ts";
import type { Services } from "../services.ts";
import { ledgerNamed } from "./ledger-named.ts";
import { anchoredSize } from "./ledgers.ts";

/** Entries that one request reads at most; an answer may have fewer events than asked for, and a cursor. */
const SCAN_MAX = 5000;
/** Entries that are read at a time when the newest come first. */
const STEP = 256;

type Query = ReturnType<typeof readQuery<(typeof OPERATIONS.listEvents)["query"]>>;
type Members = Readonly<Record<string, unknown>>;
type Found = { readonly index: number; readonly entry: Entry; readonly event: Members };

/** GET …/events */
export function listEvents(services: Services): Handler {
  const { keys, ledgers } = services;
  return async (req) => {
    const { ledger: name } = readPath(OPERATIONS.listEvents.path, req);
    authorize(keys, req, "read", name);
    const ledger = ledgerNamed(ledgers, name);
    const query = readQuery(OPERATIONS.listEvents.query, req);
    const size = ledger.size;
    const { found, next } = await scan(ledger, size, query);
    const events = await Promise.all(
      found.map(async ({ index, entry, event }) => {
        return { index, recordedAt: entry.recordedAt, leafHash: toHex(await ledger.leafHash(index)), event };
      }),
    );
    const anchored = anchoredSize(await services.chains(ledger.record.id));
    return json(200, { events, next, size, anchoredSize: anchored }, "revalidate");
  };
}

/** @param size of the ledger when the request came; what is appended meanwhile is for the next request */
async function scan(
  ledger: Ledger,
  size: number,
  query: Query,
): Promise<{ readonly found: readonly Found[]; readonly next: string | null }> {
  const found: Found[] = [];
  let seen = 0;
  let last: number | undefined;
  for await (const { index, entry } of walk(ledger, size, query)) {
    if (found.length === query.limit || seen === SCAN_MAX) return { found, next: String(last) };
    seen++;
    last = index;
    const event = readMembers(entry);
    if (isWanted(entry, event, query)) found.push({ index, entry, event });
  }
  return { found, next: null };
}

/** Entries in the order asked for, from behind the cursor. */
async function* walk(
  ledger: Ledger,
  size: number,
  query: Query,
): AsyncGenerator<{ readonly index: number; readonly entry: Entry }> {
  const after = readCursor(query.after);
  if (query.order === "asc") {
    let index = after === undefined ? 0 : after + 1;
    if (index >= size) return;
    for await (const entry of ledger.entries(index, size)) yield { index: index++, entry };
    return;
  }
  for (let end = Math.min(after ?? size, size); end > 0; end -= STEP) {
    const start = Math.max(0, end - STEP);
    const entries: Entry[] = [];
    for await (const entry of ledger.entries(start, end)) entries.push(entry);
    for (let i = entries.length - 1; i >= 0; i--) yield { index: start + i, entry: entries[i] as Entry };
  }
}

/** A cursor is the index of the last event that was looked at. */
function readCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  const index = /^\d{1,16}$/.test(cursor) ? Number(cursor) : Number.NaN;
  if (Number.isSafeInteger(index)) return index;
  const errors = [{ path: "/after", expected: "the `next` of an answer", got: JSON.stringify(cursor) }];
  throw new Problem("parameter_invalid", "expected the `next` of an answer as query parameter /after", { errors });
}

function isWanted(entry: Entry, event: Members, query: Query): boolean {
  if (query.since !== undefined && entry.recordedAt < query.since) return false;
  if (query.until !== undefined && entry.recordedAt >= query.until) return false;
  if (query.action !== undefined && event.action !== query.action) return false;
  if (query.outcome !== undefined && (event.outcome ?? "unknown") !== query.outcome) return false;
  if (query.actor !== undefined && idOf(event.actor) !== query.actor) return false;
  if (query.source !== undefined && event.source !== query.source && sourceOf(event._source) !== query.source) {
    return false;
  }
  if (query.target === undefined) return true;
  return Array.isArray(event.targets) && event.targets.some((target) => idOf(target) === query.target);
}

function idOf(party: unknown): unknown {
  return (party as { readonly id?: unknown } | undefined)?.id;
}

function sourceOf(own: unknown): unknown {
  return (own as { readonly source?: unknown } | undefined)?.source;
}
