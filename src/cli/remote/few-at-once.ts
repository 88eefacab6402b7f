/**
 * Many questions to one node, a few at a time: a list may be a stranger's, and a node that gets all of it at once answers
 * nobody, or keeps the asker out.
 */

/** How many questions one node is asked at once. */
export const QUESTIONS_AT_ONCE = 8;

/**
 * The answers in the order of the items.
 * @throws what the first question throws that fails; nothing more is asked then
 */
export async function fewAtOnce<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  const waiting = items.entries();
  let isFailed = false;
  const askNext = async (): Promise<void> => {
    for (const [i, item] of waiting) {
      if (isFailed) return;
      answers[i] = await ask(item).catch((error: unknown) => {
        isFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: QUESTIONS_AT_ONCE }, askNext));
  return answers;
}
