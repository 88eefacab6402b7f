/**
 * Events that wait in the memory of the program, bounded by events and by bytes. Somebody may be waiting for each, with a
 * deadline: one that nobody waits for any more is not sent, unless it is on its way.
 */

import type { RecordedEvent } from "../answers/check-answer.ts";
import type { OutgoingEvent } from "../event.ts";
import type { HoldfastError } from "../holdfast-error.ts";
import type { BatchLimits, Outbox } from "./outbox.ts";

export type WaitingLimits = { readonly eventsMax: number; readonly bytesMax: number };

/** What becomes of one event. */
export type Fate = { readonly recorded: RecordedEvent } | { readonly error: HoldfastError };

type Queued = OutgoingEvent & { readonly tell: (fate: Fate) => void };

export class MemoryQueue implements Outbox {
  readonly #limits: WaitingLimits;
  readonly #isKept: boolean;
  #queued: Queued[] = [];
  #bytes = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param isKept whether events wait on where somebody has to change something before they can be recorded */
  constructor(limits: WaitingLimits, isKept: boolean) {
    this.#limits = limits;
    this.#isKept = isKept;
  }

  get count(): number {
    return this.#queued.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is room for one more; one that is larger than all the room has it when nothing else waits. */
  hasRoom({ bytes }: OutgoingEvent): boolean {
    const { eventsMax, bytesMax } = this.#limits;
    return this.count === 0 || (this.count < eventsMax && this.#bytes + bytes <= bytesMax);
  }

  /** Resolves when something has left, or the signal ends the waiting. */
  left(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      this.#waiting.push(resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** @param tell is told what becomes of it, unless it is dropped before */
  add(event: OutgoingEvent, tell: (fate: Fate) => void): void {
    this.#queued.push({ ...event, tell });
    this.#bytes += event.bytes;
  }

  /** Nobody waits for these any more. */
  drop(ids: ReadonlySet<string>): void {
    this.#keep((each) => !ids.has(each.id));
  }

  clear(): void {
    this.#keep(() => false);
  }

  async peek({ countMax, bytesMax }: BatchLimits): Promise<readonly OutgoingEvent[]> {
    let bytes = 0;
    let count = 0;
    for (const each of this.#queued) {
      bytes += each.bytes;
      if (count > 0 && (count >= countMax || bytes > bytesMax)) break;
      count++;
    }
    return this.#queued.slice(0, count);
  }

  async settle(events: readonly OutgoingEvent[], recorded: readonly RecordedEvent[]): Promise<void> {
    this.#take(events, (i) => ({ recorded: recorded[i] as RecordedEvent }));
  }

  async refuse(event: OutgoingEvent, error: HoldfastError): Promise<void> {
    this.#take([event], () => ({ error: error.about([event.id]) }));
  }

  async fail(events: readonly OutgoingEvent[], error: HoldfastError): Promise<void> {
    if (!this.#isKept) this.#take(events, () => ({ error: error.about(events.map(({ id }) => id)) }));
  }

  #take(events: readonly OutgoingEvent[], fateOf: (i: number) => Fate): void {
    const gone = new Set(events);
    this.#keep((each) => !gone.has(each));
    for (const [i, event] of events.entries()) (event as Queued).tell(fateOf(i));
  }

  #keep(isKept: (event: Queued) => boolean): void {
    this.#queued = this.#queued.filter(isKept);
    this.#bytes = this.#queued.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const tell of this.#waiting.splice(0)) tell();
  }
}
