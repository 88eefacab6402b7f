/**
 * GET …/intents: what was announced before it was done, and what came of it. An event with an `intent` is open until a later
 * event names that intent as `result_of`: then somebody meant to do something, was permitted to, and never said how it ended.
 */

import { spellValue } from "../../../entry/spelled-value.ts";
import type { Indexer } from "../../../query/index/indexer.ts";
import { openIntentsOf } from "../../../query/open-intents.ts";
import { type QueryItem, query } from "../../../query/query.ts";
import type { Answering } from "../../admit.ts";
import { json } from "../../reply.ts";
import type { Services } from "../../services.ts";
import { checkAll, indexerAt } from "./search.ts";

/** Results of one intent that are shown; there is rarely more than one. */
const RESULTS_MAX = 10;

type Result = { readonly index: number; readonly recordedAt: number; readonly outcome: unknown };
type Intent = { readonly item: QueryItem; readonly results: readonly Result[] };

export function listIntents(services: Services): Answering<"listIntents"> {
  const { hash, now } = services;
  return async ({ ledger, query: { state, olderThan, since, order, after, limit } }) => {
    const indexer = await indexerAt(services, ledger);
    const until = now() - 1000 * olderThan + 1;
    const isFromOldest = state === "open" && order === "asc" && since === undefined;
    // `until` moves on from page to page, and a cursor is good for all of them.
    const cursorFilter = { intent: "*", ...(since !== undefined && { since }) };
    const filter = { ...cursorFilter, until };
    const page = isFromOldest
      ? await openIntentsOf(indexer).page({ until, limit, after })
      : await query(indexer, { filter, cursorFilter, order, limit, ...(after !== undefined && { after }) });
    const intents: Intent[] = [];
    for (const item of page.items) {
      const results = isFromOldest ? [] : await resultsOf(indexer, item);
      const isOpen = results.length === 0;
      if (state === "all" || isOpen === (state === "open")) intents.push({ item, results });
    }
    const { events, changed } = await checkAll(
      hash,
      ledger,
      intents.map(({ item }) => item),
    );
    const shown = events.map((event) => ({ ...event, ...outcomeOf(intents, event) }));
    const { complete, next = null } = page;
    const { accepted: size, searchable: searchableSize } = page.watermark;
    const unreadable = [...(page.unreadable ?? []), ...changed];
    return json(
      200,
      { intents: shown, next, complete, size, searchableSize, ...(unreadable.length > 0 && { unreadable }) },
      "revalidate",
    );
  };
}

/** Results come after what they are results of. */
async function resultsOf(indexer: Indexer, { index, event }: QueryItem): Promise<Result[]> {
  const filter = { resultOf: spellValue(String(event.intent)), from: index + 1 };
  const { items } = await query(indexer, { filter, order: "asc", limit: RESULTS_MAX });
  return items.map((item) => {
    return { index: item.index, recordedAt: item.recordedAt, outcome: item.event.outcome ?? "unknown" };
  });
}

function outcomeOf(intents: readonly Intent[], event: object): object {
  const { index } = event as { readonly index: number };
  const results = intents.find(({ item }) => item.index === index)?.results ?? [];
  return { open: results.length === 0, results };
}
