/** A store in memory whose records can be damaged, or not be written for a while. */

import { DamagedStoreError, type RecordRange, type RecordWrite, StoreUnavailableError } from "../../src/store/store.ts";
import { MemoryStore } from "../store/memory-store.ts";

export class DamagedRecords extends MemoryStore {
  /** Keys of records that cannot be read. */
  readonly damaged = new Set<string>();
  isFull = false;

  override async *records(
    space: string,
    range: RecordRange = {},
  ): AsyncIterable<readonly [key: string, value: string]> {
    for await (const [key, value] of super.records(space, range)) {
      if (this.damaged.has(key)) range.onDamaged?.(key, new DamagedStoreError(`record ${key} is damaged`));
      else yield [key, value];
    }
  }

  /** What is written anew is whole. */
  override async writeRecords(writes: readonly RecordWrite[], options: { readonly durable: boolean }): Promise<void> {
    if (this.isFull) throw new StoreUnavailableError("the disk is full");
    await super.writeRecords(writes, options);
    for (const { key } of writes) this.damaged.delete(key);
  }
}
