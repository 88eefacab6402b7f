/**
 * Wrapping every key anew, as work of its own that is begun, looked at and paced: it leaves as much time to others as it takes.
 * Interrupted, it goes on where it was when it is begun again: what is wrapped by the version in force already is left.
 */

import type { WrappedBy } from "./key-encryption-key.ts";

/** What of a keyring is used. */
export type WrappedKeys = {
  /** How many keys each version wraps, and which is in force. */
  status(): Promise<{
    readonly wrappedBy: WrappedBy;
    readonly rotatedAt?: number;
    readonly subjects: number;
    readonly wraps: readonly (WrappedBy & { readonly keys: number })[];
  }>;
  rotate(): Promise<WrappedBy>;
  /** @param onProgress told how many are done; it is waited for */
  rewrap(onProgress: (done: number) => void | Promise<void>): Promise<number>;
};

/** How far it has come; times in milliseconds since 1970. */
export type RewrapState =
  | { readonly state: "none" }
  | { readonly state: "running"; readonly startedAt: number; readonly done: number; readonly total: number }
  | { readonly state: "done"; readonly startedAt: number; readonly endedAt: number; readonly done: number }
  | {
      readonly state: "failed";
      readonly startedAt: number;
      readonly endedAt: number;
      readonly done: number;
      readonly reason: string;
    };

/** The part of a log that is used. */
type RewrapLog = {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

const PAUSE_MAX_MS = 1_000;

export class Rewrapping {
  readonly #keys: WrappedKeys;
  readonly #log: RewrapLog;
  readonly #now: () => number;
  #state: RewrapState = { state: "none" };

  constructor(keys: WrappedKeys, { log, now }: { readonly log: RewrapLog; readonly now: () => number }) {
    this.#keys = keys;
    this.#log = log;
    this.#now = now;
  }

  get state(): RewrapState {
    return this.#state;
  }

  /** Begins it; while it runs nothing else is begun. */
  begin(): RewrapState {
    if (this.#state.state === "running") return this.#state;
    this.#state = { state: "running", startedAt: this.#now(), done: 0, total: 0 };
    void this.#run(this.#state);
    return this.#state;
  }

  async #run({ startedAt }: { readonly startedAt: number }): Promise<void> {
    let done = 0;
    try {
      const { wrappedBy, wraps } = await this.#keys.status();
      const total = wraps.filter((each) => !isSame(each, wrappedBy)).reduce((sum, { keys }) => sum + keys, 0);
      this.#state = { state: "running", startedAt, done, total };
      this.#log.info({ keys: total, ...wrappedBy }, "keys are wrapped anew");
      let before = performance.now();
      done = await this.#keys.rewrap(async (reached) => {
        done = reached;
        this.#state = { state: "running", startedAt, done, total: Math.max(total, done) };
        const tookMs = Math.min(performance.now() - before, PAUSE_MAX_MS);
        await new Promise((resolve) => setTimeout(resolve, tookMs));
        before = performance.now();
      });
      this.#state = { state: "done", startedAt, endedAt: this.#now(), done };
      this.#log.info({ keys: done }, "all keys are wrapped by the version in force");
    } catch (error) {
      const reason = reasonOf(error);
      this.#state = { state: "failed", startedAt, endedAt: this.#now(), done, reason };
      this.#log.error(
        { err: error, keys: done },
        "keys could not all be wrapped anew; begin it again when that is mended",
      );
    }
  }
}

function isSame(one: WrappedBy, other: WrappedBy): boolean {
  return one.id === other.id && one.version === other.version;
}

/** What has a code is meant to be told; the log has the rest. */
function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  return typeof code === "string" && typeof message === "string" ? message : "an internal error; the log has the cause";
}
