/** Indexes of entries as ascending ranges: which entries were read, erased, pruned or archived, put together and told. */

/** [from, to): `to` is behind the last. */
export type EntryRange = readonly [from: number, to: number];

/** Puts ascending indexes together. */
export function rangesOf(indexes: Iterable<number>): EntryRange[] {
  const ranges: [number, number][] = [];
  for (const index of indexes) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === index) last[1]++;
    else ranges.push([index, index + 1]);
  }
  return ranges;
}

/** Adds an index, wherever it belongs. @returns undefined when there are `most` ranges and it needs another one */
export function addIndex(
  ranges: readonly EntryRange[],
  index: number,
  most: number,
): readonly EntryRange[] | undefined {
  const at = ranges.findIndex(([, to]) => index <= to);
  const isRoom = ranges.length < most;
  if (at === -1) return isRoom ? [...ranges, [index, index + 1]] : undefined;
  const [from, to] = ranges[at] as EntryRange;
  const before = ranges.slice(0, at);
  const after = ranges.slice(at + 1);
  if (index >= from && index < to) return ranges;
  if (index + 1 === from) return [...before, [index, to], ...after];
  if (index < from) return isRoom ? [...before, [index, index + 1], [from, to], ...after] : undefined;
  const [next] = after;
  // It may be all that was missing between two.
  const isJoined = next !== undefined && next[0] === index + 1;
  return isJoined ? [...before, [from, next[1]], ...after.slice(1)] : [...before, [from, index + 1], ...after];
}

/** As people read them, the last one included: 5-9,12. */
export function spellRanges(ranges: readonly EntryRange[]): string {
  return ranges.map(([from, to]) => (to === from + 1 ? String(from) : `${from}-${to - 1}`)).join(",");
}

/** Whether an index is in ascending ranges. */
export function isIn(ranges: readonly EntryRange[], index: number): boolean {
  return overlapOf(ranges, index, index + 1) === "all";
}

/** How much of [from, to) is in ascending ranges. */
export function overlapOf(ranges: readonly EntryRange[], from: number, to: number): "all" | "some" | "none" {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle] as EntryRange)[1] > from) high = middle;
    else low = middle + 1;
  }
  const [start, end] = ranges[low] ?? [to, to];
  if (start >= to) return "none";
  return start <= from && to <= end ? "all" : "some";
}
