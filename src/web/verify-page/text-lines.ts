/** A long text as lines, found one by one: to split 32 MiB at once would hold up the whole tab. */

/** The page answers to its reader at least this often while a long text is worked on. */
const BREATH_MS = 40;
/** Newlines that are counted between two looks at the clock. */
const COUNTED_AT_ONCE = 4096;

/** Lets the page answer, when it is time. @throws AbortError when its signal stops the work */
export type Breathe = () => Promise<void>;

/** @param onRest is told whenever the page is about to answer */
export function breathing(signal: AbortSignal, onRest: () => void = () => undefined): Breathe {
  let rested = performance.now();
  return async () => {
    signal.throwIfAborted();
    if (performance.now() - rested <= BREATH_MS) return;
    onRest();
    await new Promise((resolve) => setTimeout(resolve));
    rested = performance.now();
    signal.throwIfAborted();
  };
}

/** Lines as a file has them: what follows the last newline is one only when it is not empty. */
export function* linesOf(text: string): Generator<string, void, void> {
  let begin = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", begin)) {
    yield text.slice(begin, end);
    begin = end + 1;
  }
  if (begin < text.length) yield text.slice(begin);
}

/** How many lines {@link linesOf} gives. */
export async function countLines(text: string, breathe: Breathe): Promise<number> {
  let count = text === "" || text.endsWith("\n") ? 0 : 1;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) {
    count++;
    if (count % COUNTED_AT_ONCE === 0) await breathe();
  }
  return count;
}
