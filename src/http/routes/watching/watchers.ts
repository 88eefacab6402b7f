/** Watchers elsewhere: what each said last, and taking what one says. */

import type { KnownWatcher } from "../../../alerts/watchers/watcher-book.ts";
import type { Ledger } from "../../../ledger/ledger.ts";
import { checksumAddress } from "../../../merkle/address.ts";
import { toHex } from "../../../merkle/bytes.ts";
import { BundleError } from "../../../verify/bundle/bundle.ts";
import { readWord, type Word, type WordFinding } from "../../../watch/word.ts";
import type { Answering } from "../../admit.ts";
import type { BodyBudget } from "../../intake/body.ts";
import { receiveValue } from "../../intake/receive.ts";
import { Problem } from "../../problem.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";

/** A word has a sentence for each check at most; anybody may send something here. */
const WORD_BYTES_MAX = 64 * 1024;

export function watcherAnswers(
  { watchers, limits }: Services,
  budget: BodyBudget,
): { readonly listWatchers: Answering<"listWatchers">; readonly takeWord: Answering<"takeWord"> } {
  const small = { limits: { ...limits, requestBytesMax: WORD_BYTES_MAX }, budget };
  return {
    listWatchers: ({ ledger }) => json(200, { watchers: watchers.of(ledger.record.name).map(shown) }),
    takeWord: async ({ req, res, ledger, path }) => {
      const { id, name } = ledger.record;
      watchers.requireKnown(name, path.watcher);
      const word = wordIn(await receiveValue(req, res, small));
      if (word.ledgerId !== id) throw unfit(`expected a word about ledger ${id}, got one about ${word.ledgerId}`);
      const taking = watchers.take(name, path.watcher, word, () => differenceOf(ledger, word));
      return json(200, shown(await within(limits.answerMs, taking, "the same word may be sent again")));
    },
  };
}

/** Whoever is shown another history than others, in good faith, says that all is well: it is held against the ledger here. */
async function differenceOf(ledger: Ledger, { size, rootHash }: Word): Promise<WordFinding | undefined> {
  if (size === undefined) return undefined;
  const finding = (code: string, has: string): WordFinding => {
    return { code, mark: "bad", detail: `it believes size ${size} with root ${rootHash}, and the ledger has ${has}` };
  };
  // A copy that is to be read is as old as it is.
  if (size > ledger.size)
    return ledger.record.readOnly === true ? undefined : finding("other_size", `size ${ledger.size}`);
  // Where its tree cannot be read, the audit says so.
  const root = await ledger.root(size).then(toHex, () => undefined);
  return root === undefined || root === rootHash ? undefined : finding("other_root", `root ${root}`);
}

function wordIn(value: unknown): Word {
  try {
    return readWord(value);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    const { path, expected, got } = error;
    throw new Problem("word_invalid", `expected a word of a watcher, got something else`, {
      errors: [{ path: path === "" ? "" : `/${path.replaceAll(/[.[]/g, "/").replaceAll("]", "")}`, expected, got }],
    });
  }
}

function unfit(message: string): Problem {
  return new Problem("word_invalid", message);
}

function shown({ name, key, everyMs, state, heard }: KnownWatcher): object {
  const known = { name, key: checksumAddress(key), everyS: everyMs / 1000, state };
  if (heard === undefined) return known;
  const { format: _, ledgerId: __, ...said } = heard.word;
  const { receivedAt, differs } = heard;
  return { ...known, last: { ...said, receivedAt }, ...(differs !== undefined && { differs: differs.detail }) };
}
