/**
 * Sends what waits in an outbox, oldest first, a batch at a time, until it is recorded. It runs while there is something to
 * send, and keeps no process alive: whoever waits for something has a timer of their own.
 */

import type { RecordedEvent } from "../answers/check-answer.ts";
import type { OutgoingEvent } from "../event.ts";
import { asHoldfastError, type HoldfastError } from "../holdfast-error.ts";
import { type Backoff, pause, pauseMs } from "../pause.ts";
import type { BatchLimits, Outbox } from "./outbox.ts";

export type SenderOptions = BatchLimits &
  Backoff & {
    /** How long the first event of a batch waits for others. */
    readonly ageMs: number;
    /** Told when the service refuses an event for what it is. */
    readonly onRefused: (event: OutgoingEvent, error: HoldfastError) => void;
    /** Told when sending begins to fail, and when it works again. */
    readonly onTrouble: (trouble: HoldfastError | undefined) => void;
  };

type Post = (events: readonly OutgoingEvent[], signal: AbortSignal) => Promise<readonly RecordedEvent[]>;

export class EventSender {
  readonly #outbox: Outbox;
  readonly #post: Post;
  readonly #options: SenderOptions;
  readonly #stopping = new AbortController();
  readonly #idle = new Set<() => void>();
  #hurry = new AbortController();
  #isRunning = false;
  #isWoken = false;
  #failures = 0;
  /** Counts of the next batches, where one was refused for what is in it. */
  #parts: number[] = [];
  #bytesMax: number;
  #countMax: number;
  trouble: HoldfastError | undefined;
  /** Events that the service refused. */
  refused = 0;

  constructor(outbox: Outbox, post: Post, options: SenderOptions) {
    this.#outbox = outbox;
    this.#post = post;
    this.#options = options;
    this.#bytesMax = options.bytesMax;
    this.#countMax = options.countMax;
  }

  /** There is something to send. */
  wake(): void {
    this.#isWoken = true;
    if (this.#isRunning || this.#stopping.signal.aborted) return;
    this.#isRunning = true;
    void this.#run();
  }

  /** Resolves when nothing waits any more, or the sender was stopped; what waits for others is sent at once. */
  drained(): Promise<void> {
    this.#hurry.abort();
    if (!this.#isRunning && this.#outbox.count === 0) return Promise.resolve();
    this.wake();
    return new Promise((resolve) => {
      if (this.#stopping.signal.aborted) resolve();
      else this.#idle.add(resolve);
    });
  }

  /** Ends the try that is under way, and tries nothing more. */
  stop(): void {
    this.#stopping.abort();
    this.#tellIdle();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#isWoken = false;
      try {
        const events = await this.#next();
        if (events.length > 0) await this.#try(events);
        else if (!this.#isWoken) break;
      } catch (error) {
        // The outbox itself: what waits in it stays there.
        await this.#waitAfter(asHoldfastError(error));
      }
    }
    this.#isRunning = false;
    if (this.#outbox.count === 0) this.#tellIdle();
  }

  async #next(): Promise<readonly OutgoingEvent[]> {
    const { ageMs } = this.#options;
    // What is appended in the same turn goes along.
    await pause(0);
    const limits = { countMax: this.#parts[0] ?? this.#countMax, bytesMax: this.#bytesMax };
    const events = await this.#outbox.peek(limits);
    const isFull = events.length >= limits.countMax || events.length < this.#outbox.count;
    if (events.length === 0 || isFull || ageMs === 0 || this.#failures > 0) return events;
    await pause(ageMs, this.#hurry.signal);
    return await this.#outbox.peek(limits);
  }

  async #try(events: readonly OutgoingEvent[]): Promise<void> {
    const { signal } = this.#stopping;
    let recorded: readonly RecordedEvent[];
    try {
      recorded = await this.#post(events, signal);
    } catch (error) {
      if (!signal.aborted) await this.#take(events, asHoldfastError(error));
      return;
    }
    this.#parts.shift();
    await this.#outbox.settle(events, recorded);
    this.#turn(undefined);
  }

  async #take(events: readonly OutgoingEvent[], error: HoldfastError): Promise<void> {
    const [first] = events as readonly [OutgoingEvent];
    const isAlone = events.length === 1;
    // A refusal without the service's word may be a proxy's that cannot take the size: then nobody is to blame the event.
    if (isAlone && (error.remedy === "refuse" || (error.remedy === "split" && error.code !== "answer_invalid"))) {
      this.#parts.shift();
      await this.#outbox.refuse(first, error);
      this.refused++;
      this.#options.onRefused(first, error);
      this.#failures = 0;
      return;
    }
    if (!isAlone && error.remedy === "refuse") this.#parts = partsAround(events.length, error.position);
    else if (!isAlone && error.remedy === "split") this.#shrink(events, error);
    else if (error.remedy === "wait") await this.#waitAfter(error);
    else {
      this.#parts = [];
      const before = this.#outbox.count;
      await this.#outbox.fail(events, error);
      if (this.#outbox.count === before) await this.#waitAfter(error, this.#options.maxMs);
    }
  }

  /** A service or a proxy that takes no more than this is not asked to take more again. */
  #shrink(events: readonly OutgoingEvent[], { code }: HoldfastError): void {
    this.#parts = [];
    if (code === "batch_too_large") this.#countMax = Math.ceil(events.length / 2);
    else this.#bytesMax = Math.max(1, Math.floor(events.reduce((sum, { bytes }) => sum + bytes, 0) / 2));
  }

  async #waitAfter(error: HoldfastError, leastMs = 0): Promise<void> {
    this.#turn(error);
    const { signal } = this.#stopping;
    await pause(pauseMs(this.#options, this.#failures, Math.max(leastMs, error.retryAfterMs ?? 0)), signal);
  }

  #turn(trouble: HoldfastError | undefined): void {
    this.#failures = trouble === undefined ? 0 : this.#failures + 1;
    const isNews = trouble?.code !== this.trouble?.code;
    this.trouble = trouble;
    if (isNews) this.#options.onTrouble(trouble);
  }

  #tellIdle(): void {
    this.#hurry = new AbortController();
    for (const tell of this.#idle) tell();
    this.#idle.clear();
  }
}

/** The one that was named is sent alone, so that nothing but its own refusal sets it aside. */
function partsAround(count: number, position: number | undefined): number[] {
  if (position === undefined || position >= count) return halves(count);
  return position === 0 ? [1] : [position, 1];
}

function halves(count: number): number[] {
  return [Math.ceil(count / 2), Math.floor(count / 2)];
}
