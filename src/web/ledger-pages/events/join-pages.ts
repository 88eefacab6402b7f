/** What a list of events has loaded, newest first, and how pages are joined to it without a hole or a repetition. */

import type { EventAnswer } from "../answers.ts";

/** What has been loaded; `next` is the cursor of what is older, null at the end. */
export type Loaded = { readonly events: readonly EventAnswer[]; readonly next: string | null };

/**
 * Puts the newest page before what was loaded. Where it does not reach down to it, what was loaded is given up, so
 * that the list never has a hole.
 */
export function mergeNewest(before: Loaded | undefined, newest: Loaded): Loaded {
  const top = before?.events[0];
  if (before === undefined || top === undefined) return newest;
  const above = newest.events.filter(({ index }) => index > top.index);
  const reaches = newest.next === null || newest.events.some(({ index }) => index <= top.index);
  return reaches ? { events: [...above, ...before.events], next: before.next } : newest;
}

/** Puts an older page behind what was loaded. */
export function mergeOlder(before: Loaded, older: Loaded): Loaded {
  const last = before.events.at(-1);
  const below = older.events.filter(({ index }) => last === undefined || index < last.index);
  return { events: [...before.events, ...below], next: older.next };
}
