/** A thread that opens entries, and which keys it has: each is sent to it once, and known by its number from then on. */

import type { KeyObject } from "node:crypto";
import type { WorkerThread } from "../../worker-thread.ts";
import { type KeyNumbers, NUMBERS_MAX } from "./key-numbers.ts";
import {
  NONE,
  type StretchAnswer,
  type StretchGround,
  type StretchTask,
  type ThreadAnswer,
  type ThreadQuestion,
} from "./thread-questions.ts";

/** The part of a task that says which keys the thread gets and lets go of. */
type NewKeys = Pick<StretchTask, "newNumbers" | "newKeys" | "forgetsKeys">;

export class KeyedThread {
  readonly #thread: WorkerThread<ThreadQuestion, ThreadAnswer>;
  readonly #numbers: KeyNumbers;
  /** By number, 1 for a key that the thread has. */
  readonly #sent = new Uint8Array(NUMBERS_MAX);
  #generation = 0;

  /** @param ground the ledger of the entries that it is asked about from now on @param numbers of their keys */
  constructor(thread: WorkerThread<ThreadQuestion, ThreadAnswer>, ground: StretchGround, numbers: KeyNumbers) {
    this.#thread = thread;
    this.#numbers = numbers;
    thread.tell({ kind: "ground", ground });
  }

  /** @throws ThreadLostError */
  ask(stretch: Omit<StretchTask, keyof NewKeys>): Promise<StretchAnswer> {
    const { start, values, keys, segmentEnds, indexedTo, claimSum } = stretch;
    const { newNumbers, newKeys, forgetsKeys } = this.#newKeysOf(keys);
    const task = { start, values, keys, newNumbers, newKeys, forgetsKeys, segmentEnds, indexedTo, claimSum };
    const { memory, starts, ends } = values;
    const transferred = [memory.buffer, starts.buffer, ends.buffer, keys.buffer];
    return this.#thread.ask({ kind: "stretch", task }, transferred) as Promise<StretchAnswer>;
  }

  #newKeysOf(keys: Int32Array): NewKeys {
    const { generation } = this.#numbers;
    const forgetsKeys = this.#generation !== generation;
    if (forgetsKeys) this.#sent.fill(0);
    this.#generation = generation;
    const newNumbers: number[] = [];
    const newKeys: KeyObject[] = [];
    for (const number of keys) {
      if (number === NONE || this.#sent[number] === 1) continue;
      this.#sent[number] = 1;
      newNumbers.push(number);
      newKeys.push(this.#numbers.keyOf(number));
    }
    return { newNumbers, newKeys, forgetsKeys };
  }
}
