/**
 * Requests that were refused within a minute, counted by key, network and code, in one event however many they are: whoever is
 * refused cannot write as much as he likes.
 * Why: docs/decisions/0228.
 */

import type { RefusedRequest } from "./access.ts";

/** Combinations that are counted apart at a time, and those of them that the event tells. */
const KEPT_MAX = 512;
const TOLD_MAX = 32;

type Row = RefusedRequest & { readonly count: number };

/** As it is kept beside the ledger until it is an event. */
export type GatheredRefusals = {
  readonly id: string;
  readonly since: number;
  readonly until: number;
  readonly count: number;
  readonly rows: readonly Row[];
  /** Of the others, by code alone. */
  readonly others: Readonly<Record<string, number>>;
};

export class RefusalCounts {
  readonly id: string;
  readonly since: number;
  readonly #rows = new Map<string, Row>();
  readonly #others = new Map<string, number>();
  #until: number;
  #count = 0;

  constructor(id: string, now: number) {
    this.id = id;
    this.since = now;
    this.#until = now;
  }

  add(refusal: RefusedRequest, now: number): void {
    const { key, network, code } = refusal;
    const name = `${key?.id ?? ""}\n${network}\n${code}`;
    const found = this.#rows.get(name);
    this.#until = now;
    this.#count++;
    if (found !== undefined || this.#rows.size < KEPT_MAX)
      this.#rows.set(name, { ...refusal, count: (found?.count ?? 0) + 1 });
    else this.#others.set(code, (this.#others.get(code) ?? 0) + 1);
  }

  /** What is told of them: the most frequent apart. */
  gathered(): GatheredRefusals {
    const rows = [...this.#rows.values()].sort((a, b) => b.count - a.count);
    const others = new Map(this.#others);
    for (const { code, count } of rows.slice(TOLD_MAX)) others.set(code, (others.get(code) ?? 0) + count);
    return {
      id: this.id,
      since: this.since,
      until: this.#until,
      count: this.#count,
      rows: rows.slice(0, TOLD_MAX),
      others: Object.fromEntries(others),
    };
  }
}
