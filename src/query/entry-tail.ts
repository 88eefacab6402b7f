/**
 * The newest entries of a ledger, read once for all who follow it, and no more of them than a bound. Whoever is further
 * behind has his own read.
 */

import type { Entry } from "../entry/entry.ts";
import { Turn } from "../store/mutex.ts";
import { isDamage } from "./index/indexer.ts";

/** A recorded entry; undefined when it cannot be read. */
export type TailEntry = {
  readonly index: number;
  readonly entry: Entry | undefined;
  /** What is made of it for whoever shows it, made once. */
  shown?: Promise<string | undefined>;
};

/** Where entries are read. */
type Recorded = { entry(index: number): Promise<Entry | undefined> };

const ENTRIES_MAX = 1024;
const CHARACTERS_MAX = 4 * 1024 * 1024;

export class EntryTail {
  /** Whoever follows looks at them in turn: together they take no more of the thread than one does. */
  readonly turn = new Turn();
  readonly #ledger: Recorded;
  #kept: TailEntry[] = [];
  /** Index behind the last one that is kept. */
  #end = 0;
  #characters = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(ledger: Recorded) {
    this.#ledger = ledger;
  }

  /** Entries [from, to), which have to be recorded. */
  async read(from: number, to: number): Promise<readonly TailEntry[]> {
    const reading = this.#reading.then(() => this.#extend(from, to));
    this.#reading = reading.catch(() => undefined);
    await reading;
    const start = this.#end - this.#kept.length;
    return from < start ? this.#load(from, to) : this.#kept.slice(from - start, to - start);
  }

  async #extend(from: number, to: number): Promise<void> {
    if (to <= this.#end) return;
    if (from > this.#end || this.#kept.length === 0) {
      this.#kept = [];
      this.#characters = 0;
      this.#end = from;
    }
    const more = await this.#load(this.#end, to);
    this.#end = to;
    for (const recent of more) {
      this.#kept.push(recent);
      this.#characters += lengthOf(recent);
    }
    let dropped = 0;
    while (this.#kept.length - dropped > ENTRIES_MAX || this.#characters > CHARACTERS_MAX) {
      this.#characters -= lengthOf(this.#kept[dropped++] as TailEntry);
    }
    if (dropped > 0) this.#kept = this.#kept.slice(dropped);
  }

  async #load(from: number, to: number): Promise<TailEntry[]> {
    const indexes = Array.from({ length: to - from }, (_, i) => from + i);
    const read = await Promise.allSettled(indexes.map((index) => this.#ledger.entry(index)));
    return read.map((each, i) => {
      if (each.status === "rejected" && !isDamage(each.reason)) throw each.reason;
      return { index: from + i, entry: each.status === "fulfilled" ? each.value : undefined };
    });
  }
}

function lengthOf({ entry }: TailEntry): number {
  return entry?.members.reduce((sum, member) => sum + ("text" in member ? member.text.length : 0), 0) ?? 0;
}
