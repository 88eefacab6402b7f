/** Talks to the thread that rebuilds trees: a new one when the last one died. */

import type { PackedEntry } from "../../entry/packed.ts";
import { RecordEncoder } from "../../store/values/value-layout.ts";
import { WorkerThread } from "../../worker-thread.ts";
import type { SealAnswer, SealTask } from "./rebuild-thread.ts";
import type { Frontier } from "./second-tree.ts";

/** The thread could not do what it was asked. */
export class RebuildError extends Error {
  override readonly name = "RebuildError";
  readonly code = "rebuild_failed";
}

/** A tree as the thread has it. */
export type RebuiltTree = { readonly root: Uint8Array; readonly frontier: Frontier };

const SCRIPT = new URL("./rebuild-thread.ts", import.meta.url);

export class Rebuilder {
  readonly #encoder = new RecordEncoder();
  #thread: WorkerThread<SealTask, SealAnswer> | undefined;
  #isAsked = false;

  /** Begins with the tree that a frontier stands for, and gives its root. @throws RebuildError when it is no frontier */
  async start(size: number, frontier: Frontier): Promise<RebuiltTree> {
    return this.#tree({ task: "start", size, frontier });
  }

  /**
   * Adds 2^k entries, the size so far being a multiple of 2^k; gives their leaf hashes, joined.
   * @throws RebuildError or RangeError when the members of one are not packed as they must be
   */
  async add(entries: readonly PackedEntry[]): Promise<Uint8Array> {
    const parts = entries.map((entry) => this.#encoder.entry(entry).slice());
    const records = new Uint8Array(Buffer.concat(parts));
    const task = { task: "add", records, lengths: parts.map(({ length }) => length) } as const;
    const answer = await this.#ask(task, [records.buffer]);
    if ("leaves" in answer) return answer.leaves;
    throw unexpected(answer);
  }

  async finish(): Promise<RebuiltTree> {
    return this.#tree({ task: "finish" });
  }

  async close(): Promise<void> {
    await this.#thread?.end();
  }

  async #tree(task: SealTask): Promise<RebuiltTree> {
    const answer = await this.#ask(task, []);
    if ("root" in answer) return answer;
    throw unexpected(answer);
  }

  async #ask(task: SealTask, transferred: readonly ArrayBuffer[]): Promise<SealAnswer> {
    // The thread has one tree: an answer to somebody else's question would be about another.
    if (this.#isAsked) throw new Error("expected one question at a time to the sealing thread, got two");
    this.#isAsked = true;
    if (this.#thread?.isAlive !== true) this.#thread = new WorkerThread(SCRIPT);
    try {
      return await this.#thread.ask(task, transferred);
    } catch (error) {
      const { cause } = error as Error;
      throw new Error(`the sealing thread failed: ${cause instanceof Error ? cause.message : String(cause)}`, {
        cause,
      });
    } finally {
      this.#isAsked = false;
    }
  }
}

function unexpected(answer: SealAnswer): RebuildError {
  return new RebuildError(
    "error" in answer
      ? answer.error
      : "expected the sealing thread to answer what it was asked, got the answer to something else",
  );
}
