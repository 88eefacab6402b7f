/**
 * How a service is taken apart: everything is closed, whatever fails, and every failure is told. AsyncDisposableStack would do
 * most of it, which not every Node that this runs on has.
 */

type Close = () => Promise<void> | void;

/** What was opened, in its order; each is closed once. */
export class OpenedParts {
  #closes: Close[] = [];

  /** Takes what is to be closed later. @returns the same */
  adopt<T>(part: T, close: (part: T) => Promise<void> | void): T {
    this.defer(() => close(part));
    return part;
  }

  defer(close: Close): void {
    this.#closes.push(close);
  }

  /**
   * Closes everything, the newest first, also when something of it fails to close.
   * @throws the one failure, or one error with all of them
   */
  async closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const close of this.#closes.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 0) throw new AggregateError(failures, failures.map(messageOf).join("; "));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
