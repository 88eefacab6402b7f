/** A thread that opens entries, and what it has of keys: each is sent to it once, and known by a number from then on. */

import type { KeyObject } from "node:crypto";
import type { WorkerThread } from "../../worker-thread.ts";
import {
  NONE,
  type StretchAnswer,
  type StretchGround,
  type StretchTask,
  type ThreadAnswer,
  type ThreadQuestion,
} from "./thread-questions.ts";

/** Keys of a thread. A stretch has fewer. */
const KEYS_MAX = 65_536;

/** The part of a task that says by which keys its entries are opened. */
type KeysOfTask = Pick<StretchTask, "keys" | "newKeys" | "forgetsKeys">;

export class KeyedThread {
  readonly #thread: WorkerThread<ThreadQuestion, ThreadAnswer>;
  readonly #numbers = new Map<KeyObject, number>();

  /** @param ground the ledger of the entries that it is asked about from now on */
  constructor(thread: WorkerThread<ThreadQuestion, ThreadAnswer>, ground: StretchGround) {
    this.#thread = thread;
    thread.tell({ kind: "ground", ground });
  }

  /** @param keys of the entries in their order; none where they are all in clear @throws ThreadLostError */
  ask(stretch: Omit<StretchTask, keyof KeysOfTask>, keys: readonly (KeyObject | undefined)[]): Promise<StretchAnswer> {
    const { start, values, segmentEnds, indexedTo, claimSum } = stretch;
    const { keys: numbers, newKeys, forgetsKeys } = this.#number(keys, values.starts.length);
    const task = { start, values, segmentEnds, indexedTo, claimSum, keys: numbers, newKeys, forgetsKeys };
    const { memory, starts, ends } = values;
    const transferred = [memory.buffer, starts.buffer, ends.buffer, numbers.buffer];
    return this.#thread.ask({ kind: "stretch", task }, transferred) as Promise<StretchAnswer>;
  }

  #number(keys: readonly (KeyObject | undefined)[], count: number): KeysOfTask {
    const forgetsKeys = this.#numbers.size + keys.length > KEYS_MAX;
    if (forgetsKeys) this.#numbers.clear();
    const newKeys: KeyObject[] = [];
    const numbers = new Int32Array(count).fill(NONE);
    for (const [i, key] of keys.entries()) {
      let number = key === undefined ? NONE : this.#numbers.get(key);
      if (key !== undefined && number === undefined) {
        number = this.#numbers.size;
        this.#numbers.set(key, number);
        newKeys.push(key);
      }
      numbers[i] = number ?? NONE;
    }
    return { keys: numbers, newKeys, forgetsKeys };
  }
}
