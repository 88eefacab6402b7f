/** Indexes of entries as ranges: kept, told, and read from a text such as 5-9,12. */

import { ErasureError } from "./erasure-error.ts";

/** [from, to): `to` is behind the last. */
export type ErasedRange = readonly [from: number, to: number];

/** Puts ascending indexes together. */
export function rangesOf(indexes: Iterable<number>): ErasedRange[] {
  const ranges: [number, number][] = [];
  for (const index of indexes) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === index) last[1]++;
    else ranges.push([index, index + 1]);
  }
  return ranges;
}

/** As people read them, the last one included: 5-9,12. */
export function spellRanges(ranges: readonly ErasedRange[]): string {
  return ranges.map(([from, to]) => (to === from + 1 ? String(from) : `${from}-${to - 1}`)).join(",");
}

/** Reads such a text, in any order. @throws ErasureError request_invalid */
export function readRanges(text: string): ErasedRange[] {
  const ranges = text.split(",").map((part): [number, number] => {
    const [, first, last = first] = /^\s*(\d{1,15})(?:-(\d{1,15}))?\s*$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first))
      throw new ErasureError("request_invalid", `expected indexes such as 5-9,12, got ${JSON.stringify(part)}`);
    return [Number(first), Number(last) + 1];
  });
  ranges.sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const range of ranges) {
    const before = joined.at(-1);
    if (before !== undefined && range[0] <= before[1]) before[1] = Math.max(before[1], range[1]);
    else joined.push(range);
  }
  return joined;
}

/** How much of [from, to) is in ascending ranges. */
export function overlapOf(ranges: readonly ErasedRange[], from: number, to: number): "all" | "some" | "none" {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as ErasedRange)[1] > from) high = middle;
    else low = middle + 1;
  }
  const [start, end] = ranges[low] ?? [to, to];
  if (start >= to) return "none";
  return start <= from && to <= end ? "all" : "some";
}
