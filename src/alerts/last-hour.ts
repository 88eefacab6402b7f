/** How much counts grew over the last hour, from what they were at each look. */

import { HOUR_MS } from "./learned/week.ts";

type Look = { readonly at: number; readonly count: number };

export class LastHour {
  readonly #looks = new Map<string, Look[]>();
  #now: number | undefined;
  #before: number | undefined;

  /** Begins a look at all counts. */
  look(now: number): void {
    this.#before = this.#now;
    this.#now = now;
  }

  /**
   * @returns by how much a count grew since an hour ago, or since the first look of all; one that was not there at a look before this one
   * grew from nothing, and one that was set back begins anew
   */
  grown(subject: string, now: number, count: number): number {
    const before = this.#looks.get(subject) ?? this.#notThereYet();
    const isBack = (before.at(-1)?.count ?? 0) > count;
    // A look that is yet to come was that of a clock that was ahead.
    const looks = isBack || (before.at(-1)?.at ?? 0) > now ? [] : before;
    looks.push({ at: now, count });
    // The last look that is an hour old stays: what came since is counted from there.
    while (looks.length > 1 && (looks[1] as Look).at <= now - HOUR_MS) looks.shift();
    this.#looks.set(subject, looks);
    return count - (looks[0] as Look).count;
  }

  #notThereYet(): Look[] {
    return this.#before === undefined ? [] : [{ at: this.#before, count: 0 }];
  }
}
