/** The port to where events wait until they are recorded: in memory, or on a disk. */

import type { RecordedEvent } from "../answers/check-answer.ts";
import type { OutgoingEvent } from "../event.ts";
import type { HoldfastError } from "../holdfast-error.ts";

/** How much is sent at once. */
export type BatchLimits = { readonly countMax: number; readonly bytesMax: number };

/** First in, first out; one sender takes from it. */
export interface Outbox {
  /** The oldest events, at least one when there are any; they stay where they are. */
  peek(limits: BatchLimits): Promise<readonly OutgoingEvent[]>;
  /** These are recorded, and wait no more. */
  settle(events: readonly OutgoingEvent[], recorded: readonly RecordedEvent[]): Promise<void>;
  /** The service refused this event for what it is: it waits no more. */
  refuse(event: OutgoingEvent, error: HoldfastError): Promise<void>;
  /** These cannot be recorded until somebody changes something; whether they go on waiting is the outbox's. */
  fail(events: readonly OutgoingEvent[], error: HoldfastError): Promise<void>;
  /** Events that wait, and the bytes of their texts: none when none waits. */
  readonly count: number;
  readonly bytes: number;
}
