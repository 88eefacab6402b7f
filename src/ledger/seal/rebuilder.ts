/** Talks to the thread that rebuilds trees: one question at a time, and a new thread when the last one died. */

import { Worker } from "node:worker_threads";
import type { Entry } from "../../entry/entry.ts";
import { packEntry } from "../../entry/packed.ts";
import { RecordEncoder } from "../../store/value-layout.ts";
import type { SealAnswer, SealTask } from "./rebuild-thread.ts";
import type { Frontier } from "./second-tree.ts";

/** The thread could not do what it was asked. */
export class RebuildError extends Error {
  override readonly name = "RebuildError";
  readonly code = "rebuild_failed";
}

/** A tree as the thread has it. */
export type RebuiltTree = { readonly root: Uint8Array; readonly frontier: Frontier };

type Waiting = { readonly resolve: (answer: SealAnswer) => void; readonly reject: (error: Error) => void };

export class Rebuilder {
  readonly #encoder = new RecordEncoder();
  #worker: Worker | undefined;
  #waiting: Waiting | undefined;

  /** Begins with the tree that a frontier stands for, and gives its root. @throws RebuildError when it is no frontier */
  async start(size: number, frontier: Frontier): Promise<RebuiltTree> {
    return this.#tree({ task: "start", size, frontier });
  }

  /** Adds 2^k entries, the size so far being a multiple of 2^k; gives their leaf hashes, joined. */
  async add(entries: readonly Entry[]): Promise<Uint8Array> {
    const parts = entries.map((entry) => this.#encoder.entry(packEntry(entry)).slice());
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
    await this.#worker?.terminate();
  }

  async #tree(task: SealTask): Promise<RebuiltTree> {
    const answer = await this.#ask(task, []);
    if ("root" in answer) return answer;
    throw unexpected(answer);
  }

  #ask(task: SealTask, transferred: readonly ArrayBuffer[]): Promise<SealAnswer> {
    if (this.#waiting !== undefined) throw new Error("expected one question at a time to the sealing thread, got two");
    this.#worker ??= this.#spawn();
    const worker = this.#worker;
    worker.ref();
    return new Promise<SealAnswer>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      worker.postMessage(task, [...transferred]);
    });
  }

  #spawn(): Worker {
    const worker = new Worker(new URL("./rebuild-thread.ts", import.meta.url));
    const take = () => {
      const waiting = this.#waiting;
      this.#waiting = undefined;
      // An idle thread must not keep the process from ending.
      worker.unref();
      return waiting;
    };
    worker.on("message", (answer: SealAnswer) => take()?.resolve(answer));
    worker.on("error", (cause) => take()?.reject(new Error("the sealing thread failed", { cause })));
    worker.on("exit", (code) => {
      this.#worker = undefined;
      take()?.reject(new Error(`the sealing thread ended with code ${code}`));
    });
    return worker;
  }
}

function unexpected(answer: SealAnswer): RebuildError {
  return new RebuildError(
    "error" in answer
      ? answer.error
      : "expected the sealing thread to answer what it was asked, got the answer to something else",
  );
}
