/** The events about an erasure: who, why, on what ground, which entries and members; nothing of what was erased. */

import { spellRanges } from "../../ledger/index-ranges.ts";
import { type OwnEvent, ownEvent, type Recording } from "../../ledger/own-event.ts";
import type { KeptErasure } from "./erasure-records.ts";

/** Ranges that one event tells: an erasure of more is told by several. */
const RANGES_MAX = 2000;

export function erasureEvents(recording: Recording, erasure: KeptErasure): OwnEvent[] {
  const { id, askedAt, reason, ground, members, ranges, count, key, source, isAgain } = erasure;
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
        },
      },
      at: askedAt,
      knownBy: `${id} ${i}`,
    }),
  );
}
