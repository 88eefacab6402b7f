/** Numbers that look like chance and are the same each time. */

/** @returns numbers from 0 up to 1, by xorshift32 (Marsaglia 2003, §3) */
export function randomOf(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
