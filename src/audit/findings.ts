/** What an audit found. Neighbouring findings of one kind are one finding, so that a gap is told as a whole. */

const FINDING_KINDS = [
  "entry_missing",
  "entry_damaged",
  "entry_changed",
  "entry_beyond_head",
  "entry_lost",
  "time_backwards",
  "tile_missing",
  "tile_damaged",
  "tile_changed",
  "checkpoint_damaged",
  "checkpoint_root",
  "checkpoint_other",
  "checkpoint_unchecked",
  "checkpoint_signature",
  "checkpoint_time",
  "claim_missing",
  "claim_other",
  "claim_damaged",
  "index_other",
  "anchor_damaged",
  "anchor_contradicted",
  "anchor_missing",
  "archive_missing",
  "archive_damaged",
  "key_missing",
  "key_damaged",
  "mark_missing",
  "mark_damaged",
] as const;

export type FindingKind = (typeof FINDING_KINDS)[number];

/** `detail` tells it in a sentence; of merged findings, the first one's. */
export type Finding = {
  readonly kind: FindingKind;
  /** Entries [from, to) that it is about. */
  readonly from: number;
  readonly to: number;
  readonly detail: string;
};

/** More findings than this are counted and not kept: an audit has bounded memory whatever it finds. */
const FINDINGS_MAX = 10_000;

export class FindingList {
  readonly #found: Finding[];
  /** The last finding of each kind, which the next may continue. */
  readonly #last = new Map<FindingKind, number>();
  #uncounted: number;

  /** Goes on with what was found before, where an audit is resumed. */
  constructor(before: readonly Finding[] = [], left = 0) {
    this.#found = [...before];
    this.#uncounted = left;
    for (const [at, { kind }] of this.#found.entries()) this.#last.set(kind, at);
  }

  get all(): readonly Finding[] {
    return this.#found;
  }

  /** Findings that there was no room for. */
  get left(): number {
    return this.#uncounted;
  }

  /** First entry that is missing, changed, or under a checkpoint that does not fit. */
  get firstWrong(): number {
    return this.#found.reduce(
      (first, { kind, from }) => (isBesideEntries(kind) ? first : Math.min(first, from)),
      Number.POSITIVE_INFINITY,
    );
  }

  add(kind: FindingKind, from: number, to: number, detail: string): void {
    const at = this.#last.get(kind);
    const before = at === undefined ? undefined : this.#found[at];
    if (at !== undefined && before?.to === from) {
      this.#found[at] = { ...before, to };
      return;
    }
    if (this.#found.length >= FINDINGS_MAX) {
      this.#uncounted++;
      return;
    }
    this.#last.set(kind, this.#found.length);
    this.#found.push({ kind, from, to, detail });
  }
}

/** Whether a finding leaves the entries and their order as they were recorded. */
function isBesideEntries(kind: FindingKind): boolean {
  return /^(tile|claim|time|index|anchor|archive)_|^checkpoint_(damaged|time)$/.test(kind);
}
