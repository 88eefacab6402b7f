/**
 * The threads of an audit that has the machine for itself, one for each of its cores: they look at sorted files, sum claims, and open, hash
 * and index entries. What a thread cannot look at is looked at here, by who asks, so that it is told why.
 */

import { availableParallelism } from "node:os";
import { type FileDamage, type InspectTables, inspectTables } from "../../store/leveldb/inspect.ts";
import type { ClaimReaders, SummedSpan } from "../../store/values/claims.ts";
import { WorkerThread } from "../../worker-thread.ts";
import type { ThreadAnswer, ThreadQuestion } from "./thread-questions.ts";

const SCRIPT = new URL("./audit-thread.ts", import.meta.url);
/** Files that a thread is asked about at once: some ten milliseconds each. */
const FILES_AT_ONCE = 8;

export class AuditThreads {
  readonly all: readonly WorkerThread<ThreadQuestion, ThreadAnswer>[];
  #next = 0;

  /** @param count 1 or more */
  constructor(count = availableParallelism()) {
    this.all = Array.from({ length: count }, () => new WorkerThread(SCRIPT));
  }

  async close(): Promise<void> {
    await Promise.all(this.all.map((thread) => thread.end()));
  }

  readonly inspect: InspectTables = async (directory, numbers, onProgress) => {
    const asked: Promise<readonly FileDamage[]>[] = [];
    let done = 0;
    for (let from = 0; from < numbers.length; from += FILES_AT_ONCE) {
      const some = numbers.slice(from, from + FILES_AT_ONCE);
      asked.push(
        this.#inspect(directory, some).then(async (found) => {
          done += some.length;
          await onProgress?.(done, numbers.length);
          return found;
        }),
      );
    }
    return (await Promise.all(asked)).flat();
  };

  get claimReaders(): ClaimReaders {
    const sumSpan: ClaimReaders["sumSpan"] = async (directory, span) =>
      (await this.#ask({ kind: "claims", directory, span })) as SummedSpan | undefined;
    return { count: this.all.length, sumSpan };
  }

  async #inspect(directory: string, numbers: readonly number[]): Promise<readonly FileDamage[]> {
    const found = await this.#ask({ kind: "files", directory, numbers });
    return (found as FileDamage[] | undefined) ?? inspectTables(directory, numbers);
  }

  /** Asks each thread in turn. */
  #ask(question: ThreadQuestion): Promise<ThreadAnswer> {
    const thread = this.all[this.#next++ % this.all.length] as WorkerThread<ThreadQuestion, ThreadAnswer>;
    return thread.ask(question);
  }
}
