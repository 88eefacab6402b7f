/** The bounded queue before a ledger's writer: what does not fit is refused at once, with a time to come again. */

/** The queue is full; nothing of the request was recorded. */
export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
  readonly code = "queue_full";
  /** Seconds until there is probably room, 1..60. */
  readonly retryAfterS: number;

  constructor(message: string, retryAfterS: number) {
    super(message);
    this.retryAfterS = retryAfterS;
  }
}

/** How much may wait, and how much of it one commit takes; a larger single request is a group of its own. */
export type QueueLimits = {
  readonly queueEventsMax: number;
  readonly queueBytesMax: number;
  readonly groupEventsMax: number;
  readonly groupBytesMax: number;
};

/** What holds where nothing else is said. */
export const QUEUE_LIMITS: QueueLimits = {
  queueEventsMax: 100_000,
  queueBytesMax: 256 * 1024 * 1024,
  groupEventsMax: 10_000,
  groupBytesMax: 32 * 1024 * 1024,
};

/** Something that waits, and its weight. */
export type Weighed = { readonly events: number; readonly bytes: number };

const RETRY_AFTER_MAX_S = 60;
/** Weight of the newest commit in the rate that the queue drains at. */
const RATE_SHARE = 0.2;

export class CommitQueue<T extends Weighed> {
  readonly #limits: QueueLimits;
  #items: T[] = [];
  #events = 0;
  #bytes = 0;
  /** Events a millisecond, averaged over the last commits. */
  #rate = 1;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** What waits, the group that is being committed included. */
  get load(): { readonly events: number; readonly bytes: number } {
    return { events: this.#events, bytes: this.#bytes };
  }

  /** @throws QueueFullError when it does not fit; into an empty queue everything fits */
  add(item: T): void {
    const { queueEventsMax, queueBytesMax } = this.#limits;
    const events = this.#events + item.events;
    const bytes = this.#bytes + item.bytes;
    if (this.#events > 0 && (events > queueEventsMax || bytes > queueBytesMax)) {
      const seconds = Math.ceil(this.#events / this.#rate / 1000);
      throw new QueueFullError(
        `expected at most ${queueEventsMax} events of ${queueBytesMax} bytes to wait, got ${events} of ${bytes}`,
        Math.min(Math.max(1, seconds), RETRY_AFTER_MAX_S),
      );
    }
    this.#items.push(item);
    this.#events = events;
    this.#bytes = bytes;
  }

  /** The next group in order of arrival; empty when nothing waits. It counts as waiting until it is done. */
  take(): T[] {
    let events = 0;
    let bytes = 0;
    let count = 0;
    for (const item of this.#items) {
      events += item.events;
      bytes += item.bytes;
      if (count > 0 && (events > this.#limits.groupEventsMax || bytes > this.#limits.groupBytesMax)) break;
      count++;
    }
    return this.#items.splice(0, count);
  }

  /** Says that a group was committed, or refused, and how long that took. */
  done(group: readonly T[], durationMs: number): void {
    let events = 0;
    for (const item of group) {
      events += item.events;
      this.#bytes -= item.bytes;
    }
    this.#events -= events;
    this.#rate += RATE_SHARE * (events / Math.max(durationMs, 0.1) - this.#rate);
  }
}
