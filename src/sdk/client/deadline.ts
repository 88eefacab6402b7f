/**
 * How long a call may take: its timer is what keeps a program while somebody waits in it, and ends with the call. What
 * happens after it is nobody's to wait for.
 */

import { HoldfastError } from "./holdfast-error.ts";

/** How long a call may take, and what ends it before. */
export type CallOptions = { readonly deadlineMs?: number; readonly signal?: AbortSignal };

export class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #ms: number;
  readonly #callers: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort();

  constructor({ deadlineMs, signal }: CallOptions, defaultMs: number) {
    this.#ms = deadlineMs ?? defaultMs;
    this.#callers = signal;
    this.#timer = setTimeout(this.#abort, Math.max(0, this.#ms));
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted) this.#abort();
  }

  /** Aborted when the time is up, or the caller wants no more. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Which of the two it was. @param why what kept it from being done */
  error(why?: HoldfastError, ids: readonly string[] = []): HoldfastError {
    if (this.#callers?.aborted) {
      return new HoldfastError("aborted", "the caller ended this; what was sent may be recorded all the same", { ids });
    }
    const because = why === undefined ? "" : `; the last that was heard: ${why.message}`;
    const message = `not done within ${this.#ms} ms; what was sent may be recorded all the same${because}`;
    return new HoldfastError("deadline_passed", message, { ids, remedy: "wait", ...(why && { cause: why }) });
  }

  /** Waits for a promise, but not beyond. @throws HoldfastError deadline_passed, aborted */
  async within<T>(promise: Promise<T>, why?: () => HoldfastError | undefined, ids?: readonly string[]): Promise<T> {
    const { signal } = this;
    let stop: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      stop = () => reject(this.error(why?.(), ids));
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      if (stop !== undefined) signal.removeEventListener("abort", stop);
    }
  }

  /** The call is over. */
  end(): void {
    clearTimeout(this.#timer);
    this.#callers?.removeEventListener("abort", this.#abort);
  }
}
