/**
 * Follows the tail of a ledger (docs/api.md, Following): every event comes, in order, once, whatever became of the connection in
 * between. EventSource would do it, but sends no API key.
 */

import { readJson } from "../../../json/read.ts";
import { type EventBlock, EventBlocks } from "../../../net/event-blocks.ts";
import type { EventAnswer } from "../answers.ts";
import { ApiError } from "../frame/api-error.ts";

/** `lost`: there is no connection, and it is tried again. `ended`: nothing more comes. */
export type TailPhase = "connecting" | "following" | "lost" | "ended";

/** Who is told what comes. */
export type TailListener = {
  readonly onEvent: (event: EventAnswer) => void;
  /** An entry that may match and cannot be read. */
  readonly onUnreadable: (index: number) => void;
  /** @param why it is lost, or has ended */
  readonly onPhase: (phase: TailPhase, why?: Error) => void;
};

/**
 * Opens a connection behind an index; undefined when nothing that is still to come can match.
 * @throws an error with a status where the service refused
 */
export type OpenTail = (lastId: number, signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | undefined>;

/** Between attempts; the last one for as long as it takes. */
const PAUSES_MS = [250, 500, 1000, 2000, 5000];
/** Without a word from the service, whose heartbeats come every 15 s. */
const SILENT_MS = 40_000;
const DONE = "Nothing that is still to come can match these filters.";

export class Tail {
  readonly #open: OpenTail;
  readonly #listener: TailListener;
  /** Everything below was told of, or does not match. */
  #at: number;
  #hasHeard = false;
  #end: { readonly code: string; readonly detail: string } | undefined;

  /** @param from index of the first entry that is wanted */
  constructor(open: OpenTail, from: number, listener: TailListener) {
    this.#open = open;
    this.#at = from;
    this.#listener = listener;
  }

  /** Until it is told to stop, or nothing more comes. */
  async run(signal: AbortSignal): Promise<void> {
    this.#listener.onPhase("connecting");
    for (let failures = 0; !signal.aborted; failures++) {
      this.#hasHeard = false;
      const why = await this.#connection(signal);
      if (signal.aborted) return;
      if (isFinal(why)) {
        this.#listener.onPhase("ended", why);
        return;
      }
      this.#listener.onPhase("lost", why);
      if (this.#hasHeard) failures = 0;
      await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)] as number, signal);
    }
  }

  /** One connection to its end. @returns why it ended */
  async #connection(signal: AbortSignal): Promise<Error> {
    const ending = new AbortController();
    const end = () => ending.abort();
    let silence = setTimeout(end, SILENT_MS);
    signal.addEventListener("abort", end);
    this.#end = undefined;
    try {
      const stream = await this.#open(this.#at - 1, ending.signal);
      if (stream === undefined) return new ApiError(204, "filter_done", DONE);
      const blocks = new EventBlocks((block) => this.#take(block));
      const reader = stream.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return this.#whyEnded();
        clearTimeout(silence);
        silence = setTimeout(end, SILENT_MS);
        blocks.push(value);
      }
    } catch (error) {
      return statusOf(error) === undefined ? broken("The connection broke off.") : (error as Error);
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", end);
      ending.abort();
    }
  }

  #whyEnded(): ApiError {
    const { code, detail } = this.#end ?? { code: "", detail: "" };
    if (code === "filter_done") return new ApiError(204, code, DONE);
    if (code === "key_invalid") return new ApiError(401, code, `The service ended it: ${detail}.`);
    return broken(code === "service_stopping" ? "The service stops." : "The connection ended.");
  }

  #take({ type, id, data }: EventBlock): void {
    if (!this.#hasHeard) this.#listener.onPhase("following");
    this.#hasHeard = true;
    if (type === "end" && data !== undefined) this.#end = readJson(data) as { code: string; detail: string };
    if (id === undefined) return;
    const index = Number(id);
    // Whatever a proxy may have kept and sent again.
    const isNew = index >= this.#at;
    if (isNew && data !== undefined && type === "message") this.#listener.onEvent(readJson(data) as EventAnswer);
    if (isNew && data !== undefined && type === "unreadable") this.#listener.onUnreadable(index);
    this.#at = Math.max(this.#at, index + 1);
  }
}

function broken(message: string): ApiError {
  return new ApiError(0, "unreachable", message);
}

function statusOf(error: unknown): number | undefined {
  const { status } = error as { readonly status?: unknown };
  return typeof status === "number" ? status : undefined;
}

/** Whether asking again is of no use. */
function isFinal(error: Error): boolean {
  const status = statusOf(error) ?? 0;
  return status === 204 || (status >= 400 && status < 500 && status !== 408 && status !== 429);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
