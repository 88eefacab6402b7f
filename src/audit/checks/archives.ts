/**
 * Archives: each that an entry which was pruned names is there, with the digest that its name has. Its name follows from what is in
 * it, so that nothing else has to be remembered of it; of one that was written again without what was erased, what it is called now.
 */

import { archiveNow } from "../../store/values/archive-names.ts";
import type { AuditCheck, Ground, Stretch } from "./check.ts";
import { isEntry } from "./check.ts";

/** Where archives are. */
export interface AuditedArchives {
  /** What is wrong with one, in words; "missing" when there is none of that name, undefined when it is what its name says. */
  problemOf(name: string): Promise<string | undefined>;
}

type Named = { readonly from: number; to: number };
type Kept = Readonly<Record<string, { readonly from: number; readonly to: number }>>;

/** Of more than so many the rest is looked at by the archives' own commands. */
const NAMES_MAX = 100_000;

export class ArchivesCheck implements AuditCheck {
  readonly name = "archives";
  readonly #ground: Ground;
  readonly #source: AuditedArchives | undefined;
  /** By name, the entries that are in it. */
  readonly #named: Map<string, Named>;
  #looked = 0;
  #skipped: string | undefined;

  constructor(ground: Ground, source: AuditedArchives | undefined, kept?: unknown) {
    this.#ground = ground;
    this.#source = source;
    this.#named = new Map(Object.entries((kept ?? {}) as Kept).map(([name, range]) => [name, { ...range }]));
  }

  get looked(): number {
    return this.#looked;
  }

  get skipped(): string | undefined {
    return this.#skipped;
  }

  look({ start, entries }: Stretch): void {
    for (const [i, found] of entries.entries()) {
      const archive = isEntry(found) ? found.pruned?.archive : undefined;
      if (archive === undefined) continue;
      const named = this.#named.get(archive);
      if (named !== undefined) named.to = start + i + 1;
      else if (this.#named.size < NAMES_MAX) this.#named.set(archive, { from: start + i, to: start + i + 1 });
      else this.#skipped = `more than ${NAMES_MAX} archives are named`;
    }
  }

  async finish(): Promise<void> {
    if (this.#named.size === 0) return;
    if (this.#source === undefined) {
      this.#skipped = `${this.#named.size} archives are named, and where they are was not said`;
      return;
    }
    for (const [named, { from, to }] of this.#named) {
      const archive = await archiveNow(this.#ground.store, named);
      const problem = await this.#source.problemOf(archive);
      this.#looked++;
      if (problem === "missing") {
        this.#ground.add(
          "archive_missing",
          from,
          to,
          `the archive ${archive}, which has entries that were pruned, is missing`,
        );
      } else if (problem !== undefined) {
        this.#ground.add("archive_damaged", from, to, `the archive ${archive}: ${problem}`);
      }
    }
  }

  keep(): unknown {
    return Object.fromEntries(this.#named);
  }
}
