/** Stretches of a ledger in which nothing is due before a time, so that they are not read again and again. */

/** Entries of one. */
const LENGTH = 4096;

export class Stretches {
  #basis = "";
  /** By the number of the stretch; whole stretches alone. */
  readonly #dueAt = new Map<number, number>();

  /** What was remembered holds as long as policy and holds are the same. */
  begin(basis: string): void {
    if (basis !== this.#basis) this.#dueAt.clear();
    this.#basis = basis;
  }

  endOf(index: number): number {
    return (Math.floor(index / LENGTH) + 1) * LENGTH;
  }

  /** The first index from one on that has to be looked at; `end` where there is none. */
  nextDue(index: number, at: number, end: number): number {
    let next = index;
    while (next < end && (this.#dueAt.get(Math.floor(next / LENGTH)) ?? 0) > at) next = this.endOf(next);
    return Math.min(next, end);
  }

  remember(from: number, to: number, dueAt: number): void {
    if (from % LENGTH === 0 && to === from + LENGTH) this.#dueAt.set(from / LENGTH, dueAt);
  }
}
