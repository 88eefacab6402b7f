/** Chance that can be had again. */

const PRIME = 2 ** 31 - 1;
const FACTOR = 48_271;
const WARM_UP = 5;

/** Numbers from a seed, each from 0 to less than `below`: Park and Miller's generator. */
export function dice(seed: number): (below: number) => number {
  let state = (seed % (PRIME - 1)) + 1;
  const roll = (below: number): number => {
    state = (state * FACTOR) % PRIME;
    return Math.floor((state / PRIME) * below);
  };
  // The first ones of small seeds lie close together.
  for (let i = 0; i < WARM_UP; i++) roll(1);
  return roll;
}
