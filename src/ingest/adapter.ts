/**
 * Adapters: from one item of a foreign format to an event. An item is never refused for what is in it. What a mapping
 * makes of it may be wrong and may be done again; the exact text that came is kept beside it as the member `_raw`.
 * Why: docs/decisions/0091.
 */

import { checkEvent, type Event, type EventLimits } from "../entry/event.ts";
import { EventError } from "../entry/event-error.ts";
import { canonicalJson } from "../json/canonical.ts";
import { equal, fromUtf8, toHex, utf8 } from "../merkle/bytes.ts";
import type { Hash } from "../merkle/hash.ts";

/** One item as it came; nothing of it differs when it is sent again, so a mapping cannot hold what does. */
export type ForeignItem = {
  readonly text: string;
  /** What kind of item the transport says it is, such as the value of X-GitHub-Event. */
  readonly kind?: string;
  /** The sender's identifier of this delivery; the same when it is sent again. */
  readonly id?: string;
};

/** Something about a mapping that a reader should know; the service puts these into `_source`. */
export type Note = "time_of_receipt" | "text_unreadable" | "mapping_reduced" | "mapping_failed";

/** What an adapter makes of an item, not checked yet; without a `time` where the item does not say when it happened. */
export type Mapping = {
  readonly event: Readonly<Record<string, unknown>>;
  readonly notes: readonly Extract<Note, "text_unreadable">[];
};

/** One foreign format: it maps every text there is, readable or not, and never throws. */
export interface Adapter {
  /** Name of the format, part of `_source`. */
  readonly format: string;
  map(item: ForeignItem): Mapping;
}

/** An item as an event that will be recorded. */
export type Adapted = { readonly event: Event; readonly notes: readonly Note[] };

/** Most bytes of a text that are kept in `_raw`, unless configured: as many as a request may have. */
export const RAW_BYTES_MAX = 16 * 1024 * 1024;
/** Most characters that it may take in a bundle: verifiers refuse bundles of more than 32 MiB. */
const SPELLED_MAX = 24 * 1024 * 1024;

/**
 * Maps an item to an event that satisfies checkEvent. If the mapping does not, as with an event beyond the limits,
 * only what is required is kept of it, and then not even that; `notes` says so. Nothing is lost: see {@link rawMember}.
 * @param receivedAt when the item came, ms since 1970; stands for `time` where it does not say when it happened
 */
export function adaptItem(adapter: Adapter, item: ForeignItem, receivedAt: number, limits?: EventLimits): Adapted {
  const mapping = adapter.map(item);
  const receipt = new Date(receivedAt).toISOString();
  const isTold = mapping.event.time !== undefined;
  const event = isTold ? mapping.event : { ...mapping.event, time: receipt };
  const notes: readonly Note[] = isTold ? mapping.notes : ["time_of_receipt", ...mapping.notes];
  const { id, action, time, actor } = event;
  const key = id === undefined ? {} : { id };
  const least = { action: `${adapter.format}.item`, time: receipt, actor: { type: "system", id: adapter.format } };
  const attempts: [Readonly<Record<string, unknown>>, readonly Note[]][] = [
    [event, notes],
    [{ ...key, action, time, actor }, [...notes, "mapping_reduced"]],
    [{ ...key, ...least }, ["time_of_receipt", "mapping_failed"]],
    [least, ["time_of_receipt", "mapping_failed"]],
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

/**
 * Text that is equal for equal items and for no others. It is what came, not what was made of it: a repeated delivery
 * is known again whenever it comes, and however it is mapped by then.
 */
export function itemContent(hash: Hash, { format }: Adapter, kind: string | undefined, received: Uint8Array): string {
  return canonicalJson([format, kind ?? null, toHex(hash(received))]);
}

/**
 * Value of the member `_raw`: the text, exactly; `{hex}` of bytes that are no UTF-8; and of what is larger than the
 * limit, or would be in a bundle, `{bytes, digest}`, its length and its hash, so that whoever still has it can prove that
 * it is what came.
 */
export function rawMember(hash: Hash, received: Uint8Array, bytesMax = RAW_BYTES_MAX): unknown {
  if (received.length <= bytesMax) {
    const text = fromUtf8(received);
    if (!equal(utf8(text), received)) {
      if (2 * received.length <= SPELLED_MAX) return { hex: toHex(received) };
    } else if (isSpelledWithin(text, SPELLED_MAX)) return text;
  }
  return { bytes: received.length, digest: toHex(hash(received)) };
}

/** Whether a text takes no more characters in a bundle: as JSON in the text of its member, which is itself a string. */
function isSpelledWithin(text: string, lengthMax: number): boolean {
  let length = text.length;
  for (let i = 0; i < text.length && length <= lengthMax; i++) {
    const unit = text.charCodeAt(i);
    // \u001f becomes \\u001f; a quote or a backslash has three more in front.
    if (unit < 0x20) length += 6;
    else if (unit === 0x22 || unit === 0x5c) length += 3;
  }
  return length <= lengthMax;
}
