/** Searches logs from a block on, in as many steps as an endpoint wants: most search only some thousands of blocks at once. */

import { ChainError } from "./chain.ts";

/** Blocks asked for at first; one that refuses is asked for an eighth. */
const BLOCKS = 8192;
const SMALLER = 8;
/** Questions after which a search ends. */
const QUESTIONS_MAX = 200;

/**
 * What `ask` finds first in the blocks of a range, both ends counted.
 * @returns undefined when it finds nothing in all of them
 * @throws ChainError of `ask` when it refuses a single block, and "unavailable" when the search would take too long
 */
export async function searchForward<T>(
  { from, to }: { readonly from: number; readonly to: number },
  ask: (from: number, to: number) => Promise<readonly T[]>,
): Promise<T | undefined> {
  let blocks = BLOCKS;
  let start = from;
  for (let questions = 0; questions < QUESTIONS_MAX; questions++) {
    if (start > to) return undefined;
    const end = Math.min(to, start + blocks - 1);
    try {
      const [found] = await ask(start, end);
      if (found !== undefined) return found;
      start = end + 1;
    } catch (error) {
      if (!(error instanceof ChainError) || error.kind === "wrong_chain" || blocks === 1) throw error;
      blocks = Math.max(1, Math.floor(blocks / SMALLER));
    }
  }
  const searched = `blocks ${from} to ${start - 1} in ${QUESTIONS_MAX} questions`;
  throw new ChainError("unavailable", `the endpoint searches too few blocks at once: nothing found in ${searched}`);
}
