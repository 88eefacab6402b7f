/**
 * What is remembered of a ledger beside its entries, by marks, anchors and the last seal: a store without its last writes, and
 * one that was signed anew from the first entry on, are whole in themselves.
 */

import type { Hex } from "../../merkle/bytes.ts";
import { DamagedStoreError } from "../../store/store.ts";
import { readable } from "../walk/readable.ts";
import type { AuditCheck, Ground } from "./check.ts";

/** That the ledger had a root at a size, and who remembers it, as in "the mark beside the store". */
export type Remembered = { readonly size: number; readonly root: Hex; readonly by: string };

export class MemoryCheck implements AuditCheck {
  readonly name = "memory";
  readonly skipped = undefined;
  readonly #ground: Ground;
  readonly #remembered: readonly Remembered[];
  readonly #size: number;
  #looked = 0;

  /** @param size of the ledger, as its newest checkpoint has it */
  constructor(ground: Ground, remembered: readonly Remembered[], size: number) {
    this.#ground = ground;
    this.#remembered = remembered;
    this.#size = size;
  }

  get looked(): number {
    return this.#looked;
  }

  async finish(): Promise<void> {
    for (const each of this.#remembered) await this.#compare(each);
    this.#looked = this.#remembered.length;
  }

  keep(): unknown {
    return null;
  }

  async #compare({ size, root, by }: Remembered): Promise<void> {
    const { store, record, add } = this.#ground;
    // Somebody may have appended since the audit began, and remembered it.
    const newest = size > this.#size ? await readable(store.head(record.id)) : undefined;
    const whole = newest === undefined || newest instanceof DamagedStoreError ? this.#size : newest.size;
    if (size > whole) {
      add("entry_lost", whole, size, `${by} remembers ${size} entries, the store has ${whole}`);
      return;
    }
    const checkpoint = await readable(store.checkpoint(record.id, size));
    if (checkpoint instanceof DamagedStoreError || checkpoint?.root === root) return;
    const held = checkpoint === undefined ? "no checkpoint of that size" : `the root ${checkpoint.root}`;
    add("checkpoint_other", 0, size, `${by} remembers the root ${root} of size ${size}, the store has ${held}`);
  }
}
