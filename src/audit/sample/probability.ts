/**
 * What a sample says of the whole. Of n entries k are damaged and s are drawn, none twice: the probability that none of the damaged
 * ones is drawn is C(n - k, s) / C(n, s), the hypergeometric distribution at 0.
 */

/** Wanted of a sample: so many entries, or to find one when this part of all is damaged, with this confidence. */
export type SampleSize = { readonly count: number } | { readonly confidence: number; readonly damaged: number };

/** Sampled when nothing is said: 95 % when one entry in a thousand is damaged. */
export const SAMPLE_DEFAULT = { confidence: 0.95, damaged: 0.001 } as const;

/** Probability that at least one of `damaged` entries is among `drawn` of `of`. */
export function foundProbability({ of, drawn, damaged }: Drawn): number {
  if (damaged <= 0 || drawn <= 0) return 0;
  if (damaged + drawn > of) return 1;
  // The product is the same with the two exchanged, and shorter for the smaller one.
  const [few, many] = damaged < drawn ? [damaged, drawn] : [drawn, damaged];
  let logarithm = 0;
  for (let i = 0; i < few; i++) logarithm += Math.log1p(-many / (of - i));
  return -Math.expm1(logarithm);
}

export type Drawn = { readonly of: number; readonly drawn: number; readonly damaged: number };

/** How many entries a part of all is, at least one. */
export function damagedOf(of: number, part: number): number {
  return Math.max(1, Math.ceil(of * part));
}

/** How many have to be drawn of so many. */
export function drawnFor(of: number, wanted: SampleSize): number {
  if ("count" in wanted) return Math.min(of, wanted.count);
  const damaged = damagedOf(of, wanted.damaged);
  let low = 0;
  // Drawing each anew, which finds later than drawing none twice, that many would be enough.
  let high = Math.min(of, Math.ceil((of / damaged) * -Math.log1p(-wanted.confidence)) + 1);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (foundProbability({ of, drawn: middle, damaged }) >= wanted.confidence) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Draws indexes below `of`, each set of so many as likely as any other, in ascending order: R. W. Floyd's way (CACM 30:9, 1987).
 * @param below an integer in 0..n-1, which nobody who could damage entries can foresee
 */
export function drawIndexes(of: number, count: number, below: (n: number) => number): number[] {
  const drawn = new Set<number>();
  for (let j = of - Math.min(of, count); j < of; j++) {
    const chosen = below(j + 1);
    drawn.add(drawn.has(chosen) ? j : chosen);
  }
  return [...drawn].sort((a, b) => a - b);
}
