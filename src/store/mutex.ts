/** Lets pieces of asynchronous work happen one after the other: the lock inside one process. */

export class Turn {
  #last: Promise<unknown> = Promise.resolve();

  /** Starts the work when all earlier work has ended, well or not, and gives its result. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // Whoever asked for the work hears of its failure; the next in turn only waits for its end.
    this.#last = result.catch(() => undefined);
    return result;
  }
}
