/**
 * How much each key reads and exports since the start, and what was refused to whom in the last hour: what alerts judge. Nothing of it is
 * kept, as all of it is in the ledger of accesses.
 */

import type { Access, AccessKind, RefusedRequest } from "./access.ts";

/** What one key read since the start. */
export type KeyReads = {
  readonly key: string;
  readonly source: string;
  /** Requests that read, looked for or followed something, or began an export. */
  readonly accesses: number;
  /** Events of exports that have ended. */
  readonly exported: number;
};

/** Requests of the last hour that were refused to a key, or to an address that showed none that is known. */
export type RefusedLately = {
  readonly key?: string;
  readonly network: string;
  readonly code: string;
  readonly count: number;
};

const READING: ReadonlySet<AccessKind> = new Set(["read", "search", "tail", "export"]);
/** Refusals are counted by so much time, for an hour. */
const PART_MS = 300_000;
const PARTS = 12;
/** Combinations that are counted apart in a part; the others are counted by code. */
const APART_MAX = 512;
const OTHERS = "elsewhere";

type Part = {
  readonly at: number;
  readonly rows: Map<string, { -readonly [K in keyof RefusedLately]: RefusedLately[K] }>;
};

export class AccessCounts {
  readonly #reads = new Map<string, { -readonly [K in keyof KeyReads]: KeyReads[K] }>();
  #parts: Part[] = [];

  note({ kind, key }: Access): void {
    if (key !== undefined && READING.has(kind)) this.#of(key).accesses++;
  }

  /** Notes how many events an export had that ended. */
  noteExported({ key }: Pick<Access, "key">, events: number): void {
    if (key !== undefined) this.#of(key).exported += events;
  }

  refuse({ key, network, code }: RefusedRequest, now: number): void {
    const { rows } = this.#part(now);
    // Whoever has a key is told apart by it, wherever he is.
    const row = key === undefined ? { network, code } : { key: key.id, network: "", code };
    const name = `${row.key ?? ""}\n${row.network}\n${code}`;
    const found = rows.get(name);
    if (found !== undefined) found.count++;
    else if (rows.size < APART_MAX) rows.set(name, { ...row, count: 1 });
    else {
      const others = rows.get(`\n${OTHERS}\n${code}`) ?? { network: OTHERS, code, count: 0 };
      others.count++;
      rows.set(`\n${OTHERS}\n${code}`, others);
    }
  }

  reads(): readonly KeyReads[] {
    return [...this.#reads.values()].map((each) => ({ ...each }));
  }

  refusedLately(now: number): readonly RefusedLately[] {
    this.#part(now);
    const sums = new Map<string, RefusedLately>();
    for (const { rows } of this.#parts) {
      for (const [name, row] of rows) sums.set(name, { ...row, count: row.count + (sums.get(name)?.count ?? 0) });
    }
    return [...sums.values()];
  }

  #of({ id, source }: NonNullable<Access["key"]>) {
    const found = this.#reads.get(id) ?? { key: id, source, accesses: 0, exported: 0 };
    this.#reads.set(id, found);
    return found;
  }

  /** The part of now; those that are an hour old, or of a clock that was ahead, are gone. */
  #part(now: number): Part {
    const at = Math.floor(now / PART_MS);
    this.#parts = this.#parts.filter((each) => each.at > at - PARTS && each.at <= at);
    const last = this.#parts.at(-1);
    if (last?.at === at) return last;
    const part: Part = { at, rows: new Map() };
    this.#parts.push(part);
    return part;
  }
}
