/** Which entries of a ledger are in the counts of its sources: all below a size, but for ranges that are still to be counted. */

import { readJson } from "../../json/read.ts";

/** The entries [from, to). */
export type Uncounted = { from: number; readonly to: number };

export type CountedEntries = { readonly size: number; readonly missing: readonly Uncounted[] };

/** As it is written down: [size, from, to, from, to …]. */
export function spellCounted({ size, missing }: CountedEntries): string {
  return JSON.stringify([size, ...missing.flatMap(({ from, to }) => [from, to])]);
}

/** What was written down, a plain size included; undefined when it is neither. */
export function readCounted(text: string): CountedEntries | undefined {
  try {
    const value = readJson(text);
    const [size, ...bounds] = (Array.isArray(value) ? value : [value]) as readonly number[];
    const areSizes = [size, ...bounds].every((bound) => Number.isSafeInteger(bound) && Number(bound) >= 0);
    if (size === undefined || !areSizes || bounds.length % 2 > 0) return undefined;
    const missing = Array.from({ length: bounds.length / 2 }, (_, i) => {
      return { from: bounds[2 * i] as number, to: bounds[2 * i + 1] as number };
    });
    return { size, missing };
  } catch {
    return undefined;
  }
}

/** What is to be counted of a ledger that has so many entries now. */
export function uncountedOf(counted: CountedEntries | undefined, size: number): Uncounted[] {
  const { size: from, missing } = counted ?? { size: 0, missing: [] };
  return [...missing, { from, to: size }]
    .map((range) => ({ from: range.from, to: Math.min(range.to, size) }))
    .filter((range) => range.from < range.to);
}
