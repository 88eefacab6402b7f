/** What a list of events has loaded, newest first, and how pages are joined to it without a hole or a repetition. */

import type { EventAnswer, LookedAt } from "../answers.ts";

/** What has been loaded; `next` is the cursor of what is older, null at the end. */
export type Loaded = {
  readonly events: readonly EventAnswer[];
  readonly next: string | null;
  readonly lookedAt: LookedAt;
  /** Where the list was cut: what is older than this index is asked for by it, and not by a cursor. */
  readonly below?: number;
};

/** Whether there may be older ones than those that are loaded. */
export function hasOlder({ next, below }: Loaded): boolean {
  return next !== null || below !== undefined;
}

/**
 * Puts the newest page before what was loaded. Where it does not reach down to it, what was loaded is given up, so
 * that the list never has a hole.
 */
export function mergeNewest(before: Loaded | undefined, newest: Loaded): Loaded {
  const top = before?.events[0];
  if (before === undefined || top === undefined) return newest;
  const above = newest.events.filter(({ index }) => index > top.index);
  const reaches = newest.next === null || newest.events.some(({ index }) => index <= top.index);
  if (!reaches) return newest;
  const lookedAt = { from: before.lookedAt.from, to: Math.max(before.lookedAt.to, newest.lookedAt.to) };
  return { ...before, events: [...above, ...before.events], lookedAt };
}

/** Puts an older page behind what was loaded. */
export function mergeOlder(before: Loaded, older: Loaded): Loaded {
  const last = before.events.at(-1);
  const below = older.events.filter(({ index }) => last === undefined || index < last.index);
  const lookedAt = { from: Math.min(before.lookedAt.from, older.lookedAt.from), to: before.lookedAt.to };
  return { events: [...before.events, ...below], next: older.next, lookedAt };
}

/**
 * Puts events that came, newest first, before what was loaded, and keeps at most so many of all. Those that came have no hole
 * among them, or are so many that nothing else is left.
 */
export function putArrived(before: Loaded, arrived: readonly EventAnswer[], most: number): Loaded {
  const top = before.events[0]?.index ?? -1;
  const all = [...arrived.filter(({ index }) => index > top), ...before.events];
  const to = Math.max(before.lookedAt.to, (all[0]?.index ?? -1) + 1);
  if (all.length <= most) return { ...before, events: all, lookedAt: { from: before.lookedAt.from, to } };
  const events = all.slice(0, most);
  const below = events.at(-1)?.index ?? 0;
  return { events, next: null, below, lookedAt: { from: below, to } };
}
