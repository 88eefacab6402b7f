/** A set of positions 0..16383 of a segment, one bit for each. */

/** Entries that a segment has at most. */
export const SEGMENT_LENGTH = 16_384;
const WORDS = SEGMENT_LENGTH / 32;

export type Mask = Uint32Array;

export function emptyMask(): Mask {
  return new Uint32Array(WORDS);
}

/** The positions [from, to). */
export function rangeMask(from: number, to: number): Mask {
  const mask = emptyMask();
  for (let at = from; at < to; ) {
    if (at % 32 === 0 && to - at >= 32) {
      mask[at / 32] = 0xffffffff;
      at += 32;
    } else addPosition(mask, at++);
  }
  return mask;
}

export function addPosition(mask: Mask, at: number): void {
  mask[at >>> 5] = (mask[at >>> 5] as number) | (1 << (at & 31));
}

export function removePosition(mask: Mask, at: number): void {
  mask[at >>> 5] = (mask[at >>> 5] as number) & ~(1 << (at & 31));
}

/** Keeps in `mask` what is in `other` too. */
export function intersect(mask: Mask, other: Mask): void {
  for (let i = 0; i < WORDS; i++) mask[i] = (mask[i] as number) & (other[i] as number);
}

/** Takes out of `mask` what is in `other`. */
export function subtract(mask: Mask, other: Mask): void {
  for (let i = 0; i < WORDS; i++) mask[i] = (mask[i] as number) & ~(other[i] as number);
}

export function countPositions(mask: Mask): number {
  let count = 0;
  for (let i = 0; i < WORDS; i++) {
    let word = mask[i] as number;
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/** First position at or after `at`, or -1. */
export function positionFrom(mask: Mask, at: number): number {
  for (let i = at >>> 5, cut = -1 << (at & 31); i < WORDS; i++, cut = -1) {
    const word = (mask[i] as number) & cut;
    if (word !== 0) return i * 32 + (31 - Math.clz32(word & -word));
  }
  return -1;
}

/** Last position at or before `at`, or -1. */
export function positionUpTo(mask: Mask, at: number): number {
  if (at < 0) return -1;
  for (let i = at >>> 5, cut = -1 >>> (31 - (at & 31)); i >= 0; i--, cut = -1) {
    const word = (mask[i] as number) & cut;
    if (word !== 0) return i * 32 + (31 - Math.clz32(word));
  }
  return -1;
}
