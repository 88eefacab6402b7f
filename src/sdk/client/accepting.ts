/** What it means in each mode that an event is accepted. */

import type { RecordedEvent } from "./answers/check-answer.ts";
import type { Deadline } from "./deadline.ts";
import type { OutgoingEvent } from "./event.ts";
import { HoldfastError } from "./holdfast-error.ts";
import type { EventSpool } from "./options.ts";
import type { Fate, MemoryQueue } from "./sending/memory-queue.ts";
import type { EventSender } from "./sending/sender.ts";

/** It is on this disk, and will be sent. */
export type Spooled = { readonly state: "spooled"; readonly id: string };
/** It waits in memory, and will be sent if the program goes on. */
export type Queued = { readonly state: "queued"; readonly id: string };
/** There was no room: it is lost, and counted. */
export type Dropped = { readonly state: "dropped"; readonly id: string };

type Counts = {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly dropped: number;
  readonly refused: number;
  readonly refusedDropped?: number;
};

/** How events are taken in. */
export type Writing = {
  readonly sender: EventSender;
  accept(events: readonly OutgoingEvent[], deadline: Deadline): Promise<readonly object[]>;
  /** Resolves when what was handed over by now waits where it is sent from; at once where it does in any case. */
  taken?(): Promise<void>;
  counts(): Counts;
  /** Nothing is sent any more; whoever waits is told why. */
  end(error: HoldfastError): Promise<void>;
};

/** Whoever appends waits until it is recorded. */
export class BlockWriting implements Writing {
  readonly sender: EventSender;
  readonly #queue: MemoryQueue;
  /** What ends those that wait when the client is closed. */
  readonly #ending = new Set<(error: HoldfastError) => void>();

  constructor(queue: MemoryQueue, sender: EventSender) {
    this.#queue = queue;
    this.sender = sender;
  }

  async accept(events: readonly OutgoingEvent[], deadline: Deadline): Promise<readonly RecordedEvent[]> {
    const fates = new Map<string, Fate>();
    const open = new Set(events.map(({ id }) => id));
    let end: ((error: HoldfastError) => void) | undefined;
    const told = new Promise<void>((resolve, reject) => {
      end = reject;
      this.#ending.add(reject);
      void this.#addAll(events, deadline, (id, fate) => {
        fates.set(id, fate);
        open.delete(id);
        if (open.size === 0) resolve();
      });
    });
    try {
      await deadline.within(told, () => this.sender.trouble);
    } catch (error) {
      this.#queue.drop(open);
      const unknown = [...open, ...failed(fates)];
      throw error instanceof HoldfastError ? error.about(unknown) : error;
    } finally {
      if (end !== undefined) this.#ending.delete(end);
    }
    const ids = failed(fates);
    return events.map(({ id }) => {
      const fate = fates.get(id) as Fate;
      if ("recorded" in fate) return fate.recorded;
      throw fate.error.about(ids);
    });
  }

  /** A queue that is full holds whoever appends: that is the back pressure. */
  async #addAll(
    events: readonly OutgoingEvent[],
    { signal }: Deadline,
    tell: (id: string, fate: Fate) => void,
  ): Promise<void> {
    for (const event of events) {
      while (!this.#queue.hasRoom(event)) {
        await this.#queue.left(signal);
        if (signal.aborted) return;
      }
      if (signal.aborted) return;
      this.#queue.add(event, (fate) => tell(event.id, fate));
      this.sender.wake();
    }
  }

  counts(): Counts {
    const { count, bytes } = this.#queue;
    return { waiting: count, waitingBytes: bytes, dropped: 0, refused: this.sender.refused };
  }

  async end(error: HoldfastError): Promise<void> {
    this.sender.stop();
    for (const tell of this.#ending) tell(error);
  }
}

function failed(fates: ReadonlyMap<string, Fate>): string[] {
  return [...fates].filter(([, fate]) => "error" in fate).map(([id]) => id);
}

/** Whoever appends waits until it is on the disk. */
export class SpoolWriting implements Writing {
  readonly sender: EventSender;
  readonly #spool: EventSpool;
  /** What is being written. */
  readonly #adding = new Set<Promise<void>>();

  constructor(spool: EventSpool, sender: EventSender) {
    this.#spool = spool;
    this.sender = sender;
    // What the last run of the program left behind.
    if (spool.count > 0) sender.wake();
  }

  async accept(events: readonly OutgoingEvent[], deadline: Deadline): Promise<readonly Spooled[]> {
    const ids = events.map(({ id }) => id);
    const adding = this.#spool.add(events);
    this.#adding.add(adding);
    try {
      await deadline.within(adding, undefined, ids);
    } finally {
      this.#adding.delete(adding);
    }
    this.sender.wake();
    return ids.map((id) => ({ state: "spooled", id }));
  }

  async taken(): Promise<void> {
    await Promise.allSettled(this.#adding);
  }

  counts(): Counts {
    const { count, bytes, dropped, refused, refusedDropped } = this.#spool;
    return { waiting: count, waitingBytes: bytes, dropped, refused, refusedDropped };
  }

  async end(): Promise<void> {
    this.sender.stop();
    await this.#spool.close();
  }
}

/** Whoever appends waits for nothing; what there is no room for is counted. */
export class BestEffortWriting implements Writing {
  readonly sender: EventSender;
  readonly #queue: MemoryQueue;
  #dropped = 0;

  constructor(queue: MemoryQueue, sender: EventSender) {
    this.#queue = queue;
    this.sender = sender;
  }

  async accept(events: readonly OutgoingEvent[]): Promise<readonly (Queued | Dropped)[]> {
    const states = events.map((event): Queued | Dropped => {
      const { id } = event;
      if (!this.#queue.hasRoom(event)) {
        this.#dropped++;
        return { state: "dropped", id };
      }
      this.#queue.add(event, () => undefined);
      return { state: "queued", id };
    });
    this.sender.wake();
    return states;
  }

  counts(): Counts {
    const { count, bytes } = this.#queue;
    return { waiting: count, waitingBytes: bytes, dropped: this.#dropped, refused: this.sender.refused };
  }

  async end(): Promise<void> {
    this.sender.stop();
    this.#dropped += this.#queue.count;
    this.#queue.clear();
  }
}
