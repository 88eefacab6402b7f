/**
 * From an item of a foreign format to an event. An item is never refused for what is in it: what a mapping makes of it
 * may be wrong and may be done again; the exact text that came is kept beside it (raw-member.ts).
 * Why: docs/decisions/0091, docs/decisions/0166.
 */

import { checkEvent, type Event, type EventLimits } from "../entry/event.ts";
import { EventError } from "../entry/event-error.ts";
import type { Item, Note } from "./format.ts";

/** An item as an event that will be recorded. */
export type Adapted = { readonly event: Event; readonly notes: readonly Note[] };

const NO_NOTES: readonly Note[] = [];
/** A draft takes at most about so many bytes for each character that came, and so many more: a short one is not measured again. */
const COPIED_TIMES = 4;
const COPIED_MORE = 2048;

/** What items came in and from: the format, and the source that their key names. */
export type ItemOrigin = { readonly format: string; readonly source: string };

/**
 * Maps an item to an event that satisfies checkEvent. An item that names nobody who acted is its source's. If the mapping does not, as with an event beyond the limits,
 * only what is required is kept of it, and then not even that; `notes` says so. Nothing is lost: see rawMember.
 * @param receivedAt when the item came, ms since 1970; stands for `time` where it does not say when it happened
 */
export function adaptItem(origin: ItemOrigin, item: Item, receivedAt: number, limits?: EventLimits): Adapted {
  const { event: draft, notes: told = NO_NOTES, raw } = item;
  const isTimed = draft.time !== undefined;
  const isWhole = isTimed && draft.actor !== undefined;
  const event = isWhole ? draft : completed(draft, origin, receivedAt);
  const notes: readonly Note[] = isTimed ? told : ["time_of_receipt", ...told];
  try {
    return { event: checkEvent(event, limits, COPIED_TIMES * raw.length + COPIED_MORE), notes };
  } catch (error) {
    if (!(error instanceof EventError)) throw error;
    return adaptLess(origin, event, notes, receivedAt, limits);
  }
}

/** A draft with what its item does not say: when it happened, and who acted. */
function completed(draft: Item["event"], { source }: ItemOrigin, receivedAt: number): Item["event"] {
  const { time = new Date(receivedAt).toISOString(), actor = { type: "system", id: source } } = draft;
  return { ...draft, time, actor };
}

/** As much of a mapping as can be an event. */
function adaptLess(
  { format, source }: ItemOrigin,
  event: Item["event"],
  notes: readonly Note[],
  receivedAt: number,
  limits: EventLimits | undefined,
): Adapted {
  const { id, action, time, actor } = event;
  const { metadata: _, changes: __, message: ___, ...smaller } = event;
  const key = id === undefined ? {} : { id };
  const receipt = new Date(receivedAt).toISOString();
  const least = { action: `${format}.item`, time: receipt, actor: { type: "system", id: source } };
  const unreadable = notes.filter((note) => note === "text_unreadable" || note === "encoding_invalid");
  const failed: readonly Note[] = ["time_of_receipt", ...unreadable, "mapping_failed"];
  const attempts: [Readonly<Record<string, unknown>>, readonly Note[]][] = [
    [smaller, [...notes, "mapping_reduced"]],
    [{ ...key, action, time, actor }, [...notes, "mapping_reduced"]],
    [{ ...key, ...least }, failed],
    [least, failed],
  ];
  for (const [candidate, candidateNotes] of attempts) {
    try {
      return { event: checkEvent(candidate, limits), notes: candidateNotes };
    } catch (error) {
      if (!(error instanceof EventError)) throw error;
    }
  }
  throw new RangeError("expected limits that leave room for an event of three members");
}
