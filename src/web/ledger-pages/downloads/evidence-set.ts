/** Collects an evidence set: asks for the bundle of every entry wanted and writes them in order into one text. */

import type { Hex } from "../../../merkle/bytes.ts";
import { parseBundle } from "../../../verify/bundle/parse.ts";
import { SetPacker } from "../../../verify/set/pack.ts";
import type { EventsAnswer, LedgerAnswer } from "../answers.ts";
import { type Client, ledgerPath } from "../client.ts";
import { filterParameters, type UrlFilter } from "../events/filter/filter.ts";

/** More than this is work for `holdfast prove`, which writes to disk as it goes. */
export const SET_MAX = 1000;
const AT_ONCE = 6;
const PAGE = 500;

/** Indexes of the entries that match, oldest first, at most SET_MAX of them. */
export async function matchingIndexes(client: Client, ledger: string, filter: UrlFilter): Promise<number[]> {
  const found: number[] = [];
  let after: string | null = null;
  do {
    const query = filterParameters(filter);
    query.set("order", "asc");
    query.set("limit", String(PAGE));
    if (after !== null) query.set("after", after);
    const page: EventsAnswer = await client.json(ledgerPath(ledger, `/events?${query}`));
    found.push(...page.events.map(({ index }) => index));
    after = page.next;
  } while (after !== null && found.length < SET_MAX);
  return found.slice(0, SET_MAX);
}

/**
 * Writes a set of the entries.
 * @param indexes ascending, at least one
 * @param onProgress is told how many bundles are there
 */
export async function collectSet(
  client: Client,
  ledger: LedgerAnswer,
  indexes: readonly number[],
  onProgress: (done: number) => void,
): Promise<string> {
  const packer = new SetPacker(ledger.id as Hex);
  const lines: string[] = [];
  let size = 0;
  for (let i = 0; i < indexes.length; i += AT_ONCE) {
    const some = indexes.slice(i, i + AT_ONCE);
    const texts = await Promise.all(
      some.map((index) => {
        // Under the checkpoint of those before: what they have in common is written once.
        const query = index < size ? `?size=${size}` : "";
        return client.text(ledgerPath(ledger.name, `/events/${index}/bundle${query}`));
      }),
    );
    for (const text of texts) {
      const bundle = parseBundle(text);
      size = bundle.checkpoint.size;
      lines.push(...packer.add(bundle));
    }
    onProgress(i + some.length);
  }
  lines.push(...packer.end(), "");
  return lines.join("\n");
}
