/** The ledger as a bar: where its ranges and findings lie, however small one is beside the others. */

import { type RangeKind, rangeKind } from "./audit-words.ts";
import type { CoverageRangeAnswer } from "./integrity-answers.ts";

/** How wide the bar is drawn. */
export const BAR_WIDTH = 1000;
/** Less would not be seen; of very many ranges each has half of an even share. */
const PART_MIN = 8;

export type BarPart = { readonly x: number; readonly width: number; readonly kind: RangeKind };

/** A part for each range, together as wide as the bar; those that would be too small take from the others. */
export function barParts(ranges: readonly CoverageRangeAnswer[]): readonly BarPart[] {
  const size = ranges.at(-1)?.to ?? 0;
  const shares = ranges.map(({ from, to }) => ((to - from) / size) * BAR_WIDTH);
  const least = Math.min(PART_MIN, BAR_WIDTH / (2 * ranges.length));
  const isSmall = (share: number) => share < least;
  const small = shares.filter(isSmall).length * least;
  const large = shares.filter((share) => !isSmall(share)).reduce((sum, share) => sum + share, 0);
  let x = 0;
  return ranges.map((range, i) => {
    const share = shares[i] as number;
    const width = isSmall(share) ? least : (share / large) * (BAR_WIDTH - small);
    const part = { x, width, kind: rangeKind(range) };
    x += width;
    return part;
  });
}

/** Where in the bar an entry lies. */
export function placeInBar(ranges: readonly CoverageRangeAnswer[], index: number): number {
  const parts = barParts(ranges);
  const at = ranges.findIndex(({ from, to }) => index >= from && index < to);
  const range = ranges[at];
  const part = parts[at];
  // What is said to be missing behind the last one lies at the end.
  if (range === undefined || part === undefined) return BAR_WIDTH;
  return part.x + ((index - range.from) / (range.to - range.from)) * part.width;
}
