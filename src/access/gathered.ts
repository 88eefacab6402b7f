/**
 * Accesses of one kind, by one key from one network, within a minute: one event tells all of them, with how many there were and
 * what was read or looked for. What has no room in it is counted.
 * Why: docs/decisions/0228.
 */

import { addIndex, type EntryRange, spellRanges } from "../ledger/index-ranges.ts";
import type { Access } from "./access.ts";

/** Of one event; who reads further apart than that is told by how much. */
const RANGES_MAX = 64;
/** Different queries, or addresses, that one event tells; the others are counted. */
const TEXTS_MAX = 16;
/** Characters of one, most of which are ASCII: an event has 64 KiB. */
const TEXT_MAX = 2000;

/** As it is kept beside the ledger until it is an event, so that it outlives the process. */
export type Gathered = {
  /** Made by chance; the event is known by it. */
  readonly id: string;
  readonly about: Omit<Access, "index" | "query">;
  /** Milliseconds since 1970, of the first and of the last. */
  readonly since: number;
  readonly until: number;
  readonly count: number;
  readonly ranges: readonly EntryRange[];
  /** Reads of entries that no range has room for. */
  readonly beyond: number;
  /** Queries, or addresses, each with how often. */
  readonly texts: readonly (readonly [text: string, count: number])[];
  /** Those that there was no room for. */
  readonly otherTexts: number;
};

/** What accesses are gathered under. */
export function gatheringKey({ kind, operation, ledger = "", key, network }: Access): string {
  // What is told of a key in all is gathered so, wherever it comes from: else whoever has many addresses has many events.
  const where = kind === "new_address" ? "" : network;
  return `${kind}\n${operation}\n${ledger}\n${key?.id ?? ""}\n${where}`;
}

export function beginGathering(id: string, access: Access, now: number): Gathered {
  const { index, query, ...about } = access;
  const empty = { id, about, since: now, until: now, count: 0, ranges: [], beyond: 0, texts: [], otherTexts: 0 };
  return addTo(empty, access, now);
}

export function addTo(gathered: Gathered, { kind, index, query, network }: Access, now: number): Gathered {
  const text = kind === "new_address" ? network : query;
  const ranges = index === undefined ? gathered.ranges : addIndex(gathered.ranges, index, RANGES_MAX);
  const texts = text === undefined ? gathered.texts : addText(gathered.texts, text.slice(0, TEXT_MAX).toWellFormed());
  return {
    ...gathered,
    until: now,
    count: gathered.count + 1,
    ranges: ranges ?? gathered.ranges,
    beyond: gathered.beyond + (ranges === undefined ? 1 : 0),
    texts: texts ?? gathered.texts,
    otherTexts: gathered.otherTexts + (texts === undefined ? 1 : 0),
  };
}

/** undefined when there is no room for another one */
function addText(texts: Gathered["texts"], text: string): Gathered["texts"] | undefined {
  if (texts.some(([known]) => known === text))
    return texts.map(([known, count]) => [known, known === text ? count + 1 : count] as const);
  return texts.length < TEXTS_MAX ? [...texts, [text, 1]] : undefined;
}

/** What an event says of it, beside who, where and when. */
export function gatheredMetadata(gathered: Gathered): Readonly<Record<string, unknown>> {
  const { count, since, until, ranges, beyond, texts, otherTexts } = gathered;
  const { kind, operation } = gathered.about;
  const isOfAddresses = kind === "new_address";
  return {
    operation: isOfAddresses ? undefined : operation,
    count,
    until: until === since ? undefined : new Date(until).toISOString(),
    indexes: ranges.length === 0 ? undefined : spellRanges(ranges),
    beyond: beyond === 0 ? undefined : beyond,
    addresses: isOfAddresses ? texts.map(([text]) => text) : undefined,
    queries: isOfAddresses || texts.length === 0 ? undefined : texts.map(([query, times]) => ({ query, count: times })),
    others: otherTexts === 0 ? undefined : otherTexts,
  };
}
