/** The events about an erasure: who, why, on what ground, which entries and members, what became of archives; nothing of what was erased. */

import { spellRanges } from "../../ledger/index-ranges.ts";
import { type OwnEvent, ownEvent, type Recording } from "../../ledger/own-event.ts";
import type { KeptErasure } from "./erasure-records.ts";

/** Ranges that one event tells: an erasure of more is told by several. */
const RANGES_MAX = 2000;
/** Archives that the first event names. */
const ARCHIVES_MAX = 100;

export function erasureEvents(recording: Recording, erasure: KeptErasure): OwnEvent[] {
  const { id, askedAt, reason, ground, members, ranges, count, key, source, isAgain, archives = [] } = erasure;
  const parts = Math.max(1, Math.ceil(ranges.length / RANGES_MAX));
  return Array.from({ length: parts }, (_, i) =>
    ownEvent(recording, {
      ...(isAgain !== true && { author: { key, source } }),
      action: "holdfast.erasure",
      op: "d",
      target: { type: "erasure", id },
      more: {
        reason,
        metadata: {
          events: count,
          indexes: spellRanges(ranges.slice(i * RANGES_MAX, (i + 1) * RANGES_MAX)),
          members: members === undefined ? undefined : [...members],
          ground,
          part: parts === 1 ? undefined : `${i + 1} of ${parts}`,
          again: isAgain,
          archives: i === 0 && archives.length > 0 ? archives.slice(0, ARCHIVES_MAX) : undefined,
          moreArchives: i === 0 && archives.length > ARCHIVES_MAX ? archives.length - ARCHIVES_MAX : undefined,
        },
      },
      at: askedAt,
      knownBy: `${id} ${i}`,
    }),
  );
}
