/** Gaps: an index that has no entry. Neighbouring ones, also across the end of a tile, are told as one. */

import type { AuditCheck, Ground, Stretch } from "./check.ts";

export class GapsCheck implements AuditCheck {
  readonly name = "gaps";
  readonly skipped = undefined;
  readonly #ground: Ground;
  #looked: number;

  constructor(ground: Ground, kept?: unknown) {
    this.#ground = ground;
    this.#looked = typeof kept === "number" ? kept : 0;
  }

  get looked(): number {
    return this.#looked;
  }

  look({ start, entries }: Pick<Stretch, "start" | "entries">): void {
    for (const [i, found] of entries.entries()) {
      const index = start + i;
      if (found === undefined) this.#ground.add("entry_missing", index, index + 1, `entry ${index} is missing`);
    }
    this.#looked += entries.length;
  }

  keep(): unknown {
    return this.#looked;
  }
}
