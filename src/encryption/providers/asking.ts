/**
 * Asking a provider that is elsewhere: each question ends in time, what passes is asked again after a pause that chance
 * sets, and only so many are asked at once. When all of it was in vain, others are told so at once for a moment, in the
 * place of waiting for the same.
 * Why: docs/decisions/0207.
 */

import { type Deferred, deferred } from "../../deferred.ts";
import { KekUnavailableError } from "../key-encryption-key.ts";

export type AskingLimits = {
  /** For a question with everything: waiting for a place, attempts, pauses. */
  readonly deadlineMs: number;
  readonly attemptMs: number;
  readonly attempts: number;
  /** Before the second attempt at most; twice as long before each further one. */
  readonly pauseMs: number;
  readonly atOnceMax: number;
  /** So long nobody is asked after a question that was in vain. */
  readonly restMs: number;
};

const ASKING: AskingLimits = {
  deadlineMs: 10_000,
  attemptMs: 4_000,
  attempts: 3,
  pauseMs: 250,
  atOnceMax: 8,
  restMs: 1_000,
};

const ENDING = "the service is ending";

/** It may be answered when it is asked again; the message says why it was not, without a secret. */
export class AskAgainError extends Error {
  override readonly name = "AskAgainError";
}

/** One attempt; what it began ends with the signal. */
type Attempt<T> = (signal: AbortSignal) => Promise<T>;

export class ProviderAsking {
  readonly #provider: string;
  readonly #limits: AskingLimits;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<Deferred<boolean>>();
  #running = 0;
  #trouble = "";
  #restsUntil = 0;

  /** @param provider as messages name it, such as `Vault at https://vault:8200` */
  constructor(provider: string, limits: Partial<AskingLimits> = {}) {
    this.#provider = provider;
    this.#limits = { ...ASKING, ...limits };
  }

  /**
   * @param what as in "expected Vault to …"
   * @throws KekUnavailableError when it was in vain; what an attempt throws besides AskAgainError, at once
   */
  async ask<T>(what: string, attempt: Attempt<T>): Promise<T> {
    const until = performance.now() + this.#limits.deadlineMs;
    if (this.#closing.signal.aborted) throw this.#inVain(what, ENDING);
    if (performance.now() < this.#restsUntil) throw this.#inVain(what, this.#trouble);
    if (!(await this.#takePlace())) throw this.#inVain(what, "too many others asked it, and none was answered in time");
    try {
      return await this.#askUntil(until, what, attempt);
    } finally {
      this.#leavePlace();
    }
  }

  /** Ends what is on its way. */
  close(): void {
    this.#closing.abort();
    for (const waiting of this.#waiting) waiting.resolve(false);
    this.#waiting.clear();
  }

  async #askUntil<T>(until: number, what: string, attempt: Attempt<T>): Promise<T> {
    const { attempts, attemptMs, pauseMs, restMs } = this.#limits;
    let trouble = "no answer in time";
    for (let i = 0; i < attempts; i++) {
      const leftMs = until - performance.now();
      if (this.#closing.signal.aborted) throw this.#inVain(what, ENDING);
      if (leftMs <= 0) break;
      try {
        const answer = await this.#once(Math.min(attemptMs, leftMs), attempt);
        this.#restsUntil = 0;
        return answer;
      } catch (error) {
        if (!(error instanceof AskAgainError)) throw error;
        trouble = error.message;
      }
      const pause = Math.min(Math.random() * pauseMs * 2 ** i, until - performance.now());
      if (i < attempts - 1 && pause > 0) await pauseFor(pause, this.#closing.signal);
    }
    this.#trouble = trouble;
    // Not all of those that were told so come back at the same moment.
    this.#restsUntil = performance.now() + restMs * (0.5 + Math.random() / 2);
    throw this.#inVain(what, trouble);
  }

  /** An attempt that does not look at its signal ends as well: nobody hears of it any more. */
  async #once<T>(timeoutMs: number, attempt: Attempt<T>): Promise<T> {
    const ending = new AbortController();
    const late = deferred<never>();
    const end = (why: string) => {
      late.reject(new AskAgainError(why));
      ending.abort();
    };
    const timer = setTimeout(() => end(`no answer within ${Math.ceil(timeoutMs)} ms`), timeoutMs);
    const onClosing = () => end(ENDING);
    this.#closing.signal.addEventListener("abort", onClosing);
    try {
      return await Promise.race([attempt(ending.signal), late.promise]);
    } finally {
      clearTimeout(timer);
      this.#closing.signal.removeEventListener("abort", onClosing);
    }
  }

  /** @returns false when there was none in time */
  async #takePlace(): Promise<boolean> {
    if (this.#running < this.#limits.atOnceMax) {
      this.#running++;
      return true;
    }
    const place = deferred<boolean>();
    this.#waiting.add(place);
    const timer = setTimeout(() => {
      this.#waiting.delete(place);
      place.resolve(false);
    }, this.#limits.deadlineMs);
    try {
      return await place.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Hands the place on to whoever waits longest. */
  #leavePlace(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    this.#waiting.delete(next);
    next.resolve(true);
  }

  #inVain(what: string, trouble: string): KekUnavailableError {
    return new KekUnavailableError(`expected ${this.#provider} to ${what}, got: ${trouble}`);
  }
}

function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
