/** Which entries were read, as ranges; so many at most, whatever is read. */

/** Of one event; who reads further apart than that is told by how much. */
const RANGES_MAX = 64;

/** [from, to): `to` is behind the last. */
export type ReadRange = readonly [from: number, to: number];

/** Adds an index to ascending ranges; undefined when there is no room for another range. */
export function addIndex(ranges: readonly ReadRange[], index: number): readonly ReadRange[] | undefined {
  const at = ranges.findIndex(([, to]) => index <= to);
  const isRoom = ranges.length < RANGES_MAX;
  if (at === -1) return isRoom ? [...ranges, [index, index + 1]] : undefined;
  const [from, to] = ranges[at] as ReadRange;
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
export function spellIndexes(ranges: readonly ReadRange[]): string {
  return ranges.map(([from, to]) => (to === from + 1 ? String(from) : `${from}-${to - 1}`)).join(",");
}
