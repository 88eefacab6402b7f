/**
 * Following a ledger: events as they are recorded, as Server-Sent Events (HTML, §9.2). What is sent is durable, in order, each
 * once; nothing is queued for a reader, who is sent what the store has from where he is.
 * Why: docs/decisions/0177.
 */

import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "../../../ledger/ledger.ts";
import type { EntryTail, TailEntry } from "../../../query/entry-tail.ts";
import { isMatch } from "../../../query/filter-entry.ts";
import { IndexBehindError } from "../../../query/index/waiters.ts";
import { itemOf, query } from "../../../query/query.ts";
import { type Filter, type Plan, planFilter } from "../../../query/request.ts";
import { Slice } from "../../../query/text/slice.ts";
import type { Admitted, Answering } from "../../admit.ts";
import { Problem } from "../../problem.ts";
import type { Services } from "../../services.ts";
import { connectionOf } from "../../wire/connections.ts";
import type { StreamLife } from "../../wire/stream.ts";
import { checkAll, withoutUndefined } from "./search.ts";
import { TailPlaces } from "./tail-places.ts";

/** Entries that are looked at together, and characters that are sent together. */
const ENTRIES_AT_ONCE = 256;
/** Of those that are read from the store: they may have 64 KiB each. */
const RECENT_AT_ONCE = 64;
const PIECE_MAX = 256 * 1024;
/** Whoever is further behind is served from the index, in turns. */
const BEHIND = 1024;
const CATCH_UP_BOUNDS = { workMax: 4096, bytesMax: PIECE_MAX };
/** How often it is looked whether the key is still live. */
const LOOK_MS = 1000;
const TURN_RETRY_MS = 500;
/** What a client is told to wait before it comes again. */
const RETRY_MS = 2000;

/** For proxies that would wait until they have more. */
const UNBUFFERED = { "X-Accel-Buffering": "no" };

/** One reader, and where he is: everything below `at` was looked at. */
type Reader = {
  readonly request: Admitted<"tailEvents">;
  readonly filter: Filter;
  readonly plan: Plan;
  at: number;
};

/** GET …/events/tail */
export function tailEvents(services: Services): Answering<"tailEvents"> {
  const places = new TailPlaces(services);
  return (request) => {
    const { ledger, query: parameters, req } = request;
    const filter = withoutUndefined(parameters);
    const plan = planFilter(filter);
    const at = beginning(ledger, req, filter.from);
    if (at >= plan.to) return { status: 204 };
    const stream = (life: StreamLife) => follow(services, places, { request, filter, plan, at }, life);
    return { status: 200, type: "text/event-stream; charset=utf-8", headers: UNBUFFERED, stream };
  };
}

/** Where a reader begins: behind what he had last, else at `from`, else at what is recorded next. */
function beginning({ size }: Ledger, { headers }: IncomingMessage, from: number | undefined): number {
  const last = headers["last-event-id"];
  if (last === undefined || last === "") return from ?? size;
  const index = /^(-1|0|[1-9]\d{0,15})$/.test(String(last)) ? Number(last) : Number.NaN;
  if (index < size) return Math.max(index + 1, from ?? 0);
  const expected = `the index of a recorded entry, below ${size}`;
  const detail = `expected ${expected}, as Last-Event-ID, got ${JSON.stringify(last)}; begin anew with from=`;
  throw new Problem("parameter_invalid", detail, { errors: [{ path: "/Last-Event-ID", expected, got: String(last) }] });
}

/** @throws Problem tails_of_key_max, tails_max before anything is sent */
async function* follow(
  services: Services,
  places: TailPlaces,
  reader: Reader,
  life: StreamLife,
): AsyncGenerator<string> {
  const { ledger, key } = reader.request;
  const { recent, leave } = places.take(key.id, ledger);
  try {
    yield `retry: ${RETRY_MS}\n: follows ${ledger.record.name} from ${reader.at}\n${place(reader.at)}\n`;
    yield* pieces(services, reader, recent, life);
  } finally {
    leave();
  }
}

async function* pieces(
  services: Services,
  reader: Reader,
  recent: EntryTail,
  life: StreamLife,
): AsyncGenerator<string> {
  const { heartbeatMs } = services.limits.tails;
  const { ledger, key } = reader.request;
  const waitMs = Math.min(LOOK_MS, heartbeatMs);
  let quietMs = 0;
  // Nobody listens on one side alone: who has ended his has gone, and gives his place to the next.
  while (!life.gone.aborted && !life.ended.aborted) {
    const end = life.stopping.aborted ? "service_stopping" : services.keys.isLive(key) ? undefined : "key_invalid";
    if (end !== undefined || isOver(reader)) {
      yield ended(end ?? "filter_done");
      return;
    }
    const isBehind = reader.at < ledger.size;
    const piece = isBehind ? await nextPiece(services, reader, recent) : "";
    if (!isBehind) await nextCommit(ledger, life, waitMs);
    quietMs = piece === "" ? quietMs + (isBehind ? 0 : waitMs) : 0;
    if (piece !== "") yield piece;
    else if (quietMs >= heartbeatMs) {
      quietMs = 0;
      yield heartbeat(reader.at);
    }
  }
}

/** Whether no entry that is still to come can match: indexes and times of recording never run backwards. */
function isOver({ at, plan, request: { ledger } }: Reader): boolean {
  return at >= plan.to || (at >= ledger.size && ledger.lastRecordedAt >= plan.recorded.until);
}

/** Resolves at a commit, when the reader has gone or the service stops, or after a time. */
function nextCommit(ledger: Ledger, { gone, ended, stopping }: StreamLife, waitMs: number): Promise<void> {
  const ends = [gone, ended, stopping];
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      unfollow();
      for (const signal of ends) signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    const unfollow = ledger.onCommit(done);
    for (const signal of ends) signal.addEventListener("abort", done);
    if (ends.some(({ aborted }) => aborted)) done();
  });
}

/** What is sent next, with the reader moved on; nothing when none of it matches. */
async function nextPiece(services: Services, reader: Reader, recent: EntryTail): Promise<string> {
  const { ledger } = reader.request;
  if (ledger.size - reader.at > BEHIND) {
    const piece = await catchUp(services, reader);
    if (piece !== undefined) return piece;
  }
  return await recent.turn.take(() => recentPiece(services, reader, recent));
}

async function recentPiece(services: Services, reader: Reader, recent: EntryTail): Promise<string> {
  const { ledger } = reader.request;
  const to = Math.min(ledger.size, reader.plan.to, reader.at + RECENT_AT_ONCE);
  let piece = "";
  const entries = await recent.read(reader.at, to);
  const slice = new Slice();
  for (const each of entries) {
    if (slice.isOver) await slice.next();
    const { index, entry } = each;
    if (entry === undefined) piece += unreadable(index);
    else if (isMatch(entry, reader.plan)) {
      each.shown ??= show(services, ledger, each);
      const shown = await each.shown;
      piece += shown === undefined ? unreadable(index) : event(index, shown);
    }
    reader.at = index + 1;
    if (piece.length >= PIECE_MAX) break;
  }
  return piece;
}

/** Old entries, through the index; undefined when it has none of them. */
async function catchUp({ indexer, hash }: Services, reader: Reader): Promise<string | undefined> {
  const { ledger, key, req } = reader.request;
  const index = indexer(ledger.record.name);
  if (index === undefined || index.watermark <= reader.at) return undefined;
  const endTurn = await connectionOf(req.socket)
    ?.takeTurn(key.id)
    .catch(() => "full" as const);
  if (endTurn === "full") {
    // Whoever follows is not in a hurry, and shall not be sent away because others ask much.
    await sleep(TURN_RETRY_MS);
    return "";
  }
  try {
    const request = { filter: { ...reader.filter, from: reader.at }, order: "asc", limit: ENTRIES_AT_ONCE } as const;
    const page = await query(index, request, { bounds: CATCH_UP_BOUNDS });
    if (page.lookedAt.to <= reader.at) return undefined;
    const { events, changed } = await checkAll(hash, ledger, page.items);
    const found = events.map((each) => [each.index, event(each.index, JSON.stringify(each))] as const);
    const lost = [...changed, ...(page.unreadable ?? [])].map(
      (lostIndex) => [lostIndex, unreadable(lostIndex)] as const,
    );
    reader.at = page.lookedAt.to;
    return [...found, ...lost]
      .sort(([a], [b]) => a - b)
      .map(([, text]) => text)
      .join("");
  } catch (error) {
    if (error instanceof IndexBehindError) return undefined;
    throw error;
  } finally {
    endTurn?.();
  }
}

/** An event as searches show it; undefined when it is not what was recorded. */
async function show({ hash }: Services, ledger: Ledger, { index, entry }: TailEntry): Promise<string | undefined> {
  if (entry === undefined) return undefined;
  const { events } = await checkAll(hash, ledger, [itemOf(index, entry).item]);
  return events[0] === undefined ? undefined : JSON.stringify(events[0]);
}

function event(index: number, json: string): string {
  return `id: ${index}\ndata: ${json}\n\n`;
}

function unreadable(index: number): string {
  return `event: unreadable\nid: ${index}\ndata: ${JSON.stringify({ index })}\n\n`;
}

/** A comment, so that nothing on the way takes the connection for dead, and how far it has been looked. */
function heartbeat(at: number): string {
  return `: heartbeat\n${place(at)}\n`;
}

/** Moves the client on: it comes again behind this index. Before the first entry that is -1. */
function place(at: number): string {
  return `id: ${at - 1}\n`;
}

const ENDS = {
  service_stopping: "the service stops; come again in a moment, with the last id",
  key_invalid: "the API key is expired or revoked",
  filter_done: "no event that is still to come can match",
} as const;

function ended(code: keyof typeof ENDS): string {
  return `event: end\ndata: ${JSON.stringify({ code, detail: ENDS[code] })}\n\n`;
}
