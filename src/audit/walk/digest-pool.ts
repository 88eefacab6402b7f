/** Digests computed in threads, so that an audit which has the machine for itself uses all of it. */

import type { PackedEntry } from "../../entry/packed.ts";
import { WorkerThread } from "../../worker-thread.ts";
import type { Digester, Digests } from "./digest.ts";
import { type DigestAnswer, type DigestTask, packTask, unpackAnswer } from "./digest-task.ts";

const SCRIPT = new URL("./digest-thread.ts", import.meta.url);

export class DigestPool implements Digester {
  readonly #threads: readonly WorkerThread<DigestTask, DigestAnswer>[];
  #next = 0;

  /** @param count of threads, 1 or more */
  constructor(count: number) {
    this.#threads = Array.from({ length: count }, () => new WorkerThread<DigestTask, DigestAnswer>(SCRIPT));
  }

  /** Stretches are alike, so that each thread gets every so many. @throws ThreadLostError */
  async digest(entries: readonly (PackedEntry | undefined)[]): Promise<Digests> {
    const task = packTask(entries);
    const thread = this.#threads[this.#next++ % this.#threads.length] as WorkerThread<DigestTask, DigestAnswer>;
    const answer = await thread.ask(task, [task.members.buffer, task.lengths.buffer, task.times.buffer]);
    return unpackAnswer(answer, entries);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }
}
