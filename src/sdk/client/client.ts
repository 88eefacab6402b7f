/**
 * The client: events go in, and what comes out is what `append` waited for, as the mode says. Everything ends: each wait has
 * a deadline and takes a signal, and no timer of ours keeps a program that nobody waits in.
 */

import {
  BestEffortWriting,
  BlockWriting,
  type Dropped,
  type Queued,
  type Spooled,
  SpoolWriting,
  type Writing,
} from "./accepting.ts";
import type { RecordedEvent } from "./answers/check-answer.ts";
import { Requests } from "./answers/requests.ts";
import { Trust } from "./answers/trust.ts";
import { type CallOptions, Deadline } from "./deadline.ts";
import { type NewEvent, type OutgoingEvent, spellEvent } from "./event.ts";
import { HoldfastError } from "./holdfast-error.ts";
import { type ClientOptions, type ClientSettings, type Mode, readOptions } from "./options.ts";
import { beforeProgramEnds } from "./program-end.ts";
import { Reading } from "./reading.ts";
import { MemoryQueue } from "./sending/memory-queue.ts";
import { postEvents } from "./sending/post.ts";
import { EventSender } from "./sending/sender.ts";

/** What `append` resolves to in each mode. */
export type AppendedIn<M extends Mode> = M extends "block"
  ? RecordedEvent
  : M extends "spool"
    ? Spooled
    : Queued | Dropped;

/** How a client is. */
export type ClientStatus = {
  readonly mode: Mode;
  /** Events that wait to be recorded, and the bytes of them. */
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly recorded: number;
  readonly dropped: number;
  readonly refused: number;
  /** Events that were refused and are in no file: the spool has no room to set them aside. */
  readonly refusedDropped: number;
  /** Why sending fails at the moment. */
  readonly trouble: HoldfastError | undefined;
};

export class HoldfastClient<M extends Mode = Mode> {
  readonly mode: Mode;
  /** Reading what is recorded: events, bundles, how far they have come. */
  readonly read: Reading;
  readonly #settings: ClientSettings;
  readonly #writing: Promise<Writing>;
  readonly #forget: () => void;
  #opened: Writing | undefined;
  #failed: HoldfastError | undefined;
  #isClosed = false;
  #recorded = 0;

  /** @throws HoldfastError options_invalid */
  constructor(options: ClientOptions<M>) {
    const settings = readOptions(options);
    this.#settings = settings;
    this.mode = settings.mode;
    const { url, ledger, tryMs } = settings;
    const requests = new Requests({ url, ledger, tryMs, key: options.key });
    const { ledgerId, signers } = options;
    const pins = { ...(ledgerId !== undefined && { ledgerId }), ...(signers !== undefined && { signers }) };
    const trust = new Trust(pins, (trusted) => call(options.onTrustedOnFirstUse, trusted));
    this.read = new Reading(requests, trust, settings);
    this.#writing = this.#open(options, requests, trust);
    // Whoever appends is told.
    this.#writing.catch((error: HoldfastError) => {
      this.#failed = error;
    });
    this.#forget = beforeProgramEnds(() => this.#end());
  }

  async #open(options: ClientOptions<M>, requests: Requests, trust: Trust): Promise<Writing> {
    const { mode, queue, verify } = this.#settings;
    const spool = mode === "spool" ? await options.spool : undefined;
    const memory = new MemoryQueue(queue, mode === "best-effort");
    const post = async (events: readonly OutgoingEvent[], signal: AbortSignal) => {
      const recorded = await postEvents({ requests, trust, verify }, events, signal);
      this.#recorded += recorded.length;
      call(options.onRecorded, recorded);
      return recorded;
    };
    const sender = new EventSender(spool ?? memory, post, {
      ...this.#settings,
      onRefused: (event, error) => call(options.onRefused, event, error),
      onTrouble: (trouble) => call(options.onTrouble, trouble),
    });
    this.#opened =
      spool !== undefined
        ? new SpoolWriting(spool, sender)
        : mode === "block"
          ? new BlockWriting(memory, sender)
          : new BestEffortWriting(memory, sender);
    return this.#opened;
  }

  /**
   * Appends an event, or some in order.
   * @returns when they are recorded (`block`), on the disk (`spool`), or at once (`best-effort`)
   * @throws HoldfastError; its `ids` name what is not known to be recorded, and is safe to append again under these ids
   */
  append(event: NewEvent, options?: CallOptions): Promise<AppendedIn<M>>;
  append(events: readonly NewEvent[], options?: CallOptions): Promise<readonly AppendedIn<M>[]>;
  async append(
    input: NewEvent | readonly NewEvent[],
    options: CallOptions = {},
  ): Promise<AppendedIn<M> | readonly AppendedIn<M>[]> {
    this.#requireOpen();
    const now = new Date();
    const isList = Array.isArray(input);
    const events = (isList ? (input as readonly NewEvent[]) : [input as NewEvent]).map((each) => spellEvent(each, now));
    const deadline = new Deadline(options, this.#settings.deadlineMs);
    try {
      const writing = await deadline.within(this.#writing);
      const accepted = (await writing.accept(events, deadline)) as readonly AppendedIn<M>[];
      return isList ? accepted : (accepted[0] as AppendedIn<M>);
    } finally {
      deadline.end();
    }
  }

  /** Resolves when all that waits is recorded. @throws HoldfastError deadline_passed, aborted */
  async flush(options: CallOptions = {}): Promise<void> {
    const deadline = new Deadline(options, this.#settings.deadlineMs);
    try {
      const writing = await deadline.within(this.#writing);
      const { sender } = writing;
      if (writing.taken !== undefined) await deadline.within(writing.taken());
      await deadline.within(sender.drained(), () => sender.trouble);
    } finally {
      deadline.end();
    }
  }

  /**
   * Sends what waits, up to a deadline, and ends: what is then in memory is lost and counted as dropped, what is in a spool
   * stays there. It never throws.
   */
  async close(options: CallOptions = {}): Promise<ClientStatus> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#forget();
      await this.flush({ deadlineMs: this.#settings.closeMs, ...options }).catch((error: unknown) => {
        if (!(error instanceof HoldfastError)) throw error; // of the deadline, what is left says enough
      });
      await this.#opened?.end(new HoldfastError("client_closed", "the client was closed before this was recorded"));
    }
    return this.status();
  }

  status(): ClientStatus {
    const { mode } = this;
    const {
      waiting = 0,
      waitingBytes = 0,
      dropped = 0,
      refused = 0,
      refusedDropped = 0,
    } = this.#opened?.counts() ?? {};
    const trouble = this.#failed ?? this.#opened?.sender.trouble;
    return { mode, waiting, waitingBytes, recorded: this.#recorded, dropped, refused, refusedDropped, trouble };
  }

  /** The program is about to end by itself: what waits gets as long as a close has, and no longer. */
  #end(): void {
    const { mode } = this;
    const waiting = this.#opened?.counts().waiting ?? 0;
    if (waiting === 0) return;
    // On the disk nothing is lost, so nobody waits for a service that is away.
    if (mode === "spool" && this.#opened?.sender.trouble !== undefined) return;
    void this.close().then(({ waiting: left, dropped: lost }) => {
      if (mode !== "spool" && left + lost > 0) {
        console.warn(`holdfast: the program ended before ${left + lost} events were recorded; "close" would have told`);
      }
    });
  }

  #requireOpen(): void {
    if (this.#failed !== undefined) throw this.#failed;
    if (this.#isClosed) throw new HoldfastError("client_closed", "expected an open client, got one that was closed");
  }
}

/** What a program does with what it is told must not end the sending. */
function call<A extends readonly unknown[]>(listener: ((...told: A) => void) | undefined, ...told: A): void {
  try {
    listener?.(...told);
  } catch (error) {
    console.warn("holdfast: a callback of the program failed:", error);
  }
}
