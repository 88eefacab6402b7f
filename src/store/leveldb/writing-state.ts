/** How writing to a database goes, and what whoever wanted to write is told when it does not. */

import { setTimeout as delay } from "node:timers/promises";
import { StoreUnavailableError } from "../store.ts";
import { describeFullDisk } from "./opening/disk-room.ts";

/** Nearly every write ends sooner: reads do not wait for those. */
const USUAL_MS = 5;
/** More for each key that is written: a batch of ten thousand events takes its time. */
const USUAL_OF_KEY_MS = 0.02;
/** What has not ended then hangs. */
const HANGS_MS = 3000;

export type WritingState = "writing" | "suspect" | "closed" | "refused";
/** What each state is to whoever asks for something, where the disk is not just full. */
export const FAILED: Readonly<Record<WritingState, string>> = {
  writing: "it is being opened",
  suspect: "a write to the disk failed, and it is tried until the disk takes writes again",
  closed: "it is opened anew after a write that failed",
  refused:
    "after a write that failed its files are not as they were written; whoever runs the service has to look at its log",
};

/** Writes that LevelDB was asked for and that have not ended, and when they began (`performance.now()`). */
export type UnderWay = { readonly writes: number; readonly since: number };
/** How writing goes; `cause` is the first failure, or why it is refused. */
export type WritingStatus = { readonly state: WritingState; readonly cause?: Error };

/** Why nothing is written now, and what there is to do. */
export function sayUnwritable({ state, cause }: WritingStatus, directory: string, isEnding: boolean): string {
  const full = describeFullDisk(directory, cause);
  const why = isEnding ? "the service is ending" : (full ?? `${FAILED[state]} (${cause?.message})`);
  const then = full === undefined ? "" : "; make room there, and it goes on by itself";
  return `the store takes no writes now, and nothing of this was written: ${why}${then}`;
}

/**
 * The write that LevelDB was asked for and that has not ended. It may hold LevelDB's lock, as while the next log is being opened; to
 * begin any read the binding takes that lock in the thread of JavaScript, so that a write which hangs would stop the whole process: no
 * answer, no signal, no limit of a stop. So whoever reads waits here, where others go on.
 * Why: docs/decisions/0231.
 */
export class WriteUnderWay {
  #facts: UnderWay | undefined;
  /** Until when it takes no longer than others (`performance.now()`). */
  #usualUntil = 0;
  #ended: Promise<void> = Promise.resolve();

  get facts(): UnderWay | undefined {
    return this.#facts;
  }

  /** Resolves or fails as the write does. @param writes how many are written with it. @param keys in all of them */
  async follow(writes: number, keys: number, writing: Promise<void>): Promise<void> {
    const since = performance.now();
    this.#facts = { writes, since };
    this.#usualUntil = since + USUAL_MS + keys * USUAL_OF_KEY_MS;
    this.#ended = writing.catch(() => undefined);
    try {
      await writing;
    } finally {
      this.#facts = undefined;
    }
  }

  /** Resolves when LevelDB's lock can be had. @throws StoreUnavailableError when a write does not end */
  async wait(): Promise<void> {
    for (let write = this.#facts; write !== undefined && this.#isLong; write = this.#facts) {
      const left = HANGS_MS - (performance.now() - write.since);
      const timer = new AbortController();
      const late = delay(Math.max(0, left), "late" as const, { signal: timer.signal }).catch(() => undefined);
      const outcome = await Promise.race([this.#ended, late]);
      timer.abort();
      if (outcome !== "late") continue;
      throw new StoreUnavailableError("a write to the store does not end, and nothing can be read beside it for now");
    }
  }

  get #isLong(): boolean {
    return performance.now() >= this.#usualUntil;
  }
}
