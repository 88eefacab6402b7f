/**
 * An event as a program hands it over, and the one text that is sent of it. The `id` that makes sending again harmless is
 * put in here, once, before the first try: no retry, restart or other batch makes another.
 */

import { utf8 } from "../../merkle/bytes.ts";
import { HoldfastError } from "./holdfast-error.ts";

/** Who acts, or what something is done to. */
export type EventParty = {
  readonly type: string;
  readonly id: string;
  readonly name?: string | undefined;
  readonly attrs?: Readonly<Record<string, unknown>> | undefined;
  readonly [more: string]: unknown;
};

/** An event before it is sent: docs/events.md has what each member means. */
export type NewEvent = {
  /** What was done, such as user.login. */
  readonly action: string;
  /** When it happened, RFC 3339; the time of the call when absent. */
  readonly time?: string | Date | undefined;
  readonly actor: EventParty & { readonly on_behalf_of?: EventParty | undefined };
  readonly targets?: readonly EventParty[] | undefined;
  readonly outcome?: "success" | "failure" | "denied" | "unknown" | undefined;
  /** The idempotency key; made when absent. */
  readonly id?: string | undefined;
  readonly op?: "c" | "r" | "u" | "d" | "x" | undefined;
  readonly context?:
    | {
        readonly ip?: string | undefined;
        readonly user_agent?: string | undefined;
        readonly session?: string | undefined;
        readonly request_id?: string | undefined;
        readonly trace_id?: string | undefined;
        readonly location?: string | Readonly<Record<string, unknown>> | undefined;
        readonly [more: string]: unknown;
      }
    | undefined;
  readonly tenant?: string | undefined;
  readonly source?: string | undefined;
  readonly message?: string | undefined;
  readonly changes?: unknown;
  readonly metadata?: unknown;
  readonly schema?: string | undefined;
  readonly intent?: string | undefined;
  readonly result_of?: string | undefined;
  readonly authority?: unknown;
  readonly [own: string]: unknown;
};

/** An event on its way: the text of it that is sent, and how many bytes that is. */
export type OutgoingEvent = { readonly id: string; readonly text: string; readonly bytes: number };

const ID_BYTES = 16;

/** A new idempotency key, which nobody else makes. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return `hf-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * The text of an event: JSON as it will be recorded. What JSON would silently make into something else is refused.
 * @throws HoldfastError event_unspellable
 */
export function spellEvent(event: NewEvent, now: Date): OutgoingEvent {
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    throw unspellable(`expected an event, an object, got ${event === null ? "null" : typeof event}`);
  }
  const id = event.id ?? newId();
  const { time = now } = event;
  let text: string;
  try {
    text = JSON.stringify({ ...event, id, time }, refuseUnspellable);
  } catch (cause) {
    if (cause instanceof HoldfastError) throw cause;
    throw unspellable(`expected an event that JSON can spell, got one of which it says: ${(cause as Error).message}`);
  }
  return { id, text, bytes: utf8(text).length };
}

/** JSON makes null of NaN, and nothing of functions. */
function refuseUnspellable(name: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw unspellable(`expected a number that JSON has at ${JSON.stringify(name)}, got ${value}`);
  }
  if (typeof value === "function" || typeof value === "symbol") {
    throw unspellable(`expected a value that JSON has at ${JSON.stringify(name)}, got a ${typeof value}`);
  }
  return value;
}

function unspellable(message: string): HoldfastError {
  return new HoldfastError("event_unspellable", message);
}
