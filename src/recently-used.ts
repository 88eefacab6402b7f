/** A map of what was used last: at most so many, of which the one that was not used for the longest goes first. */

export class RecentlyUsed<V> {
  readonly #countMax: number;
  /** In the order of their last use. */
  readonly #values = new Map<string, V>();
  /** The key that was used last, which needs no other place. */
  #newest: string | undefined;

  constructor(countMax: number) {
    if (!(Number.isSafeInteger(countMax) && countMax > 0))
      throw new RangeError(`expected a count from 1 on, got ${countMax}`);
    this.#countMax = countMax;
  }

  get(key: string): V | undefined {
    const value = this.#values.get(key);
    if (value !== undefined && key !== this.#newest) this.#put(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#put(key, value);
    if (this.#values.size <= this.#countMax) return;
    for (const oldest of this.#values.keys()) {
      this.#values.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#values.delete(key);
  }

  entries(): Iterable<readonly [string, V]> {
    return this.#values;
  }

  #put(key: string, value: V): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    this.#newest = key;
  }
}
