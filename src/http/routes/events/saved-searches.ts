/** Saved searches of a ledger: listing them, saving one, removing one. */

import type { Answering } from "../../admit.ts";
import { checkBody } from "../../api/params.ts";
import { SCHEMAS } from "../../api/schemas.ts";
import type { BodyBudget } from "../../intake/body.ts";
import { receiveValue } from "../../intake/receive.ts";
import { type FieldError, Problem } from "../../problem.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";
import { readFilterText } from "./filter-text.ts";
import type { SearchRecord, SearchRecords } from "./search-records.ts";

/** GET …/searches */
export function listSearches(searches: SearchRecords): Answering<"listSearches"> {
  return async ({ ledger }) => {
    const { searches: kept, damaged } = await searches.list(ledger.record.id);
    return json(200, { searches: kept.map(spell), damaged });
  };
}

/** PUT …/searches/{search} */
export function putSearch(searches: SearchRecords, { limits }: Services, budget: BodyBudget): Answering<"putSearch"> {
  return async ({ req, res, key, ledger, path }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const { filter } = checkBody(SCHEMAS.SavedSearchRequest, value);
    const errors = problemsOf(filter).map((each) => ({ ...each, path: `/filter${each.path}` }));
    const [first] = errors;
    if (first !== undefined) {
      const detail = `expected ${first.expected} as ${first.path}, got ${first.got}`;
      throw new Problem("request_invalid", detail, { errors });
    }
    const put = searches.put(ledger.record.id, path.search, filter, key);
    const { isNew, search } = await within(limits.answerMs, put);
    return json(isNew ? 201 : 200, spell({ name: path.search, ...search }));
  };
}

/** DELETE …/searches/{search} */
export function removeSearch(searches: SearchRecords): Answering<"removeSearch"> {
  return async ({ key, ledger, path }) => {
    await searches.remove(ledger.record.id, path.search, key);
    return { status: 204 };
  };
}

function spell(search: SearchRecord & { readonly name: string }): object {
  const problems = problemsOf(search.filter);
  return { ...search, ...(problems.length > 0 && { problems }) };
}

/** Why a search would not be made with this filter; empty when it would. */
function problemsOf(filter: string): readonly FieldError[] {
  const read = readFilterText(filter);
  return "errors" in read ? read.errors : [];
}
