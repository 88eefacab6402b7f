/** Clock order: the time of an entry is not before that of the one in front of it. */

import { type AuditCheck, type Ground, isEntry, type Stretch } from "./check.ts";

type Kept = { readonly looked: number; readonly last: number };

export class ClockCheck implements AuditCheck {
  readonly name = "clock";
  readonly skipped = undefined;
  readonly #ground: Ground;
  #looked: number;
  #last: number;

  constructor(ground: Ground, kept?: unknown) {
    const { looked = 0, last = 0 } = (kept ?? {}) as Partial<Kept>;
    this.#ground = ground;
    this.#looked = looked;
    this.#last = last;
  }

  get looked(): number {
    return this.#looked;
  }

  look({ start, entries }: Stretch): void {
    for (const [i, found] of entries.entries()) {
      if (!isEntry(found)) continue;
      const index = start + i;
      const { recordedAt } = found;
      if (recordedAt < this.#last) {
        const detail = `entry ${index} has the time ${recordedAt}, which is before ${this.#last} of the one before`;
        this.#ground.add("time_backwards", index, index + 1, detail);
      }
      this.#last = recordedAt;
      this.#looked++;
    }
  }

  keep(): unknown {
    return { looked: this.#looked, last: this.#last } satisfies Kept;
  }
}
