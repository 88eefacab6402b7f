/**
 * Answers as Splunk's HTTP Event Collector gives them: a text and a code of its own, always as JSON, since one of its
 * clients takes an error with an empty body for success. What Splunk answers 400 for an item is recorded here, so of its
 * codes only those are left that say something about a key, a path or the service.
 * Why: docs/decisions/0144.
 */

import { hash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Ledger } from "../../ledger/ledger.ts";
import { Problem } from "../problem.ts";
import type { Protocol, SpelledRefusal } from "./protocol.ts";

const TYPE = "application/json";
const CHANNEL_HEADER = "x-splunk-request-channel";

/** Splunk's codes, with its texts. */
const TEXTS = {
  0: "Success",
  1: "Token disabled",
  2: "Token is required",
  3: "Invalid authorization",
  4: "Invalid token",
  5: "No data",
  6: "Invalid data format",
  7: "Incorrect index",
  9: "Server is busy",
  10: "Data channel is missing",
  17: "HEC is healthy",
  18: "HEC is unhealthy, queues are full",
  27: "Request entity too large",
} as const;

/** What our problems are called there; all others are a server that is busy. */
const REFUSALS: Readonly<Record<string, readonly [code: HecCode, status?: 400 | 401 | 403 | 404]>> = {
  key_invalid: [4, 403],
  role_insufficient: [1, 403],
  ledger_forbidden: [1, 403],
  ledger_unnamed: [1, 403],
  ledger_unknown: [7, 404],
  format_unknown: [7, 404],
  batch_empty: [5, 400],
  request_invalid: [6, 400],
  channel_missing: [10, 400],
  request_too_large: [27],
};

export type HecCode = keyof typeof TEXTS;

export const hec: Protocol = {
  recorded: ({ items, lastIndex, ledger }, req) => {
    // Some try a collector with a request without a body, and expect to be told that there was nothing in it.
    if (items === 0) throw new Problem("batch_empty", "expected events, got none");
    const channel = channelOf(req);
    if (channel === undefined) return { body: spellHec(0) };
    return { body: spellHec(0, ackIdOf(ledger, channel, lastIndex)) };
  },
  refused: ({ code }, { headers }): SpelledRefusal => {
    if (code === "key_missing") return { type: TYPE, body: spellHec(headers.authorization === undefined ? 2 : 3) };
    const [spelled, status] = REFUSALS[code] ?? [9];
    return { type: TYPE, body: spellHec(spelled), ...(status !== undefined && { status }) };
  },
};

/** The body of an answer. */
export function spellHec(code: HecCode, ackId?: number): string {
  return JSON.stringify({ text: TEXTS[code], code, ackId });
}

/** The channel of a request, by which its client tells its own acknowledgements from others. */
export function channelOf({ headers, url = "/" }: IncomingMessage): string | undefined {
  const named = headers[CHANNEL_HEADER];
  if (typeof named === "string" && named !== "") return named;
  if (!url.includes("channel=")) return undefined;
  return new URL(url, "http://localhost").searchParams.get("channel") || undefined;
}

/** Numbers of a channel are told from those of another by so many, so that an index still has 41 bits. */
const MARKS = 4096;

/**
 * What a request is asked for by: the index of the last of its entries, with a mark of its channel. So there is nothing to
 * remember: it means the same after a restart, and the same request sent again has the same one.
 * Why: docs/decisions/0143.
 */
function ackIdOf(ledger: Ledger, channel: string, lastIndex: number): number {
  return lastIndex * MARKS + markOf(ledger, channel);
}

/** The index that an acknowledgement is about; undefined when no request of this channel can have been given it. */
export function indexOfAck(ledger: Ledger, channel: string, ackId: number): number | undefined {
  const isOurs = Number.isSafeInteger(ackId) && ackId >= 0 && ackId % MARKS === markOf(ledger, channel);
  return isOurs ? Math.floor(ackId / MARKS) : undefined;
}

function markOf({ record }: Ledger, channel: string): number {
  return Number.parseInt(hash("sha256", `${record.id} ${channel.toLowerCase()}`, "hex").slice(0, 3), 16);
}
