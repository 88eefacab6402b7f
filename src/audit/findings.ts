/** What an audit found. Neighbouring findings of one kind are one finding, so that a gap is told as a whole. */

export type FindingKind =
  | "entry_missing"
  | "entry_damaged"
  | "entry_changed"
  | "entry_beyond_head"
  | "entry_lost"
  | "time_backwards"
  | "tile_missing"
  | "tile_damaged"
  | "tile_changed"
  | "checkpoint_damaged"
  | "checkpoint_root"
  | "checkpoint_other"
  | "checkpoint_unchecked"
  | "checkpoint_signature"
  | "checkpoint_time"
  | "claim_missing"
  | "claim_other"
  | "claim_damaged"
  | "mark_missing"
  | "mark_damaged";

/** `detail` tells it in a sentence; of merged findings, the first one's. */
export type Finding = {
  readonly kind: FindingKind;
  /** Entries [from, to) that it is about. */
  readonly from: number;
  readonly to: number;
  readonly detail: string;
};

export class FindingList {
  readonly #found: Finding[] = [];
  /** The last finding of each kind, which the next may continue. */
  readonly #last = new Map<FindingKind, number>();

  get all(): readonly Finding[] {
    return this.#found;
  }

  add(kind: FindingKind, from: number, to: number, detail: string): void {
    const at = this.#last.get(kind);
    const before = at === undefined ? undefined : this.#found[at];
    if (at !== undefined && before?.to === from) {
      this.#found[at] = { ...before, to };
      return;
    }
    this.#last.set(kind, this.#found.length);
    this.#found.push({ kind, from, to, detail });
  }
}
