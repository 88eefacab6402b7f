/**
 * What turned out to be damaged while a ledger was in use. Damage is told, never answered as absence, and until it is settled
 * nothing more of the ledger is sealed: a root over what cannot be read must not go to a chain.
 */

import type { Hex } from "../merkle/bytes.ts";
import { DamagedStoreError } from "../store/store.ts";

/** Told when the first damage of a ledger is found, and with undefined when all of it can be read again. */
export type OnDamage = (ledgerId: Hex, error: DamagedStoreError | undefined) => void;

/** Places remembered; further ones are found when these are settled. */
const PLACES_MAX = 1000;

export class DamageList {
  readonly #places = new Map<string, { readonly error: DamagedStoreError; readonly read: () => Promise<unknown> }>();
  readonly #ledgerId: Hex;
  readonly #onDamage: OnDamage | undefined;

  constructor(ledgerId: Hex, onDamage?: OnDamage) {
    this.#ledgerId = ledgerId;
    this.#onDamage = onDamage;
  }

  /** Reads something that was recorded. @throws DamagedStoreError when it is damaged or missing; that is remembered */
  async reading<T>(place: string, read: () => Promise<T | undefined>): Promise<T> {
    try {
      const found = await read();
      if (found !== undefined) return found;
      throw new DamagedStoreError(`${place} was recorded, and is missing`);
    } catch (error) {
      if (error instanceof DamagedStoreError) this.add(place, error, read);
      throw error;
    }
  }

  /** Remembers a place; `read` tells later whether it is well again. */
  add(place: string, error: DamagedStoreError, read: () => Promise<unknown>): void {
    const isFirst = this.#places.size === 0;
    if (this.#places.size < PLACES_MAX) this.#places.set(place, { error, read });
    if (isFirst) this.#onDamage?.(this.#ledgerId, error);
  }

  /** Looks again at every place. @throws DamagedStoreError of the first that is still damaged */
  async settle(): Promise<void> {
    for (const [place, { error, read }] of this.#places) {
      try {
        if ((await read()) === undefined) throw error;
        this.#places.delete(place);
      } catch (still) {
        throw still instanceof DamagedStoreError ? error : still;
      }
      if (this.#places.size === 0) this.#onDamage?.(this.#ledgerId, undefined);
    }
  }
}
