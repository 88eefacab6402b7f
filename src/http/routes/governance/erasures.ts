/** Erasing what events say: asked for, listed, and how far it is. */

import { spellRanges } from "../../../ledger/index-ranges.ts";
import { isOver, type KeptErasure } from "../../../retention/erasure/erasure-records.ts";
import type { Answering } from "../../admit.ts";
import { checkBody } from "../../api/params.ts";
import { SCHEMAS } from "../../api/schemas.ts";
import type { BodyBudget } from "../../intake/body.ts";
import { receiveValue } from "../../intake/receive.ts";
import { Problem } from "../../problem.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";
import { requireFilter } from "./holds.ts";

export function erase({ erasures, limits }: Services, budget: BodyBudget): Answering<"erase"> {
  return async ({ req, res, key, ledger }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const { dryRun, reason, ...request } = checkBody(SCHEMAS.ErasureRequest, value);
    if (request.filter !== undefined) requireFilter(request.filter);
    if (dryRun) {
      const ending = new AbortController();
      try {
        const plan = erasures.plan(ledger, request, ending.signal);
        const { ranges, count, held, own, archives } = await within(limits.answerMs, plan);
        return json(200, { events: count, indexes: spellRanges(ranges), held, own, archives });
      } finally {
        // Archives are read whole: where nobody waits for it any more, others have their turn.
        ending.abort();
      }
    }
    if (reason === undefined)
      throw new Problem("request_invalid", "expected a reason, got none: it is recorded with the erasure", {
        errors: [{ path: "/reason", expected: "a text", got: "nothing" }],
      });
    const begun = erasures.begin(ledger, { ...request, reason }, { key: key.id, source: key.source });
    return json(202, shown(await within(limits.answerMs, begun)));
  };
}

export function listErasures({ erasures }: Services): Answering<"listErasures"> {
  return ({ ledger }) => json(200, { erasures: erasures.list(ledger.record.id).map(shown) });
}

export function readErasure({ erasures }: Services): Answering<"readErasure"> {
  return ({ ledger, path }) => json(200, shown(erasures.get(ledger.record.id, path.erasure)));
}

function shown({ keys: _, ranges, count, isAgain: __, ...rest }: KeptErasure): object {
  const { step } = rest;
  const state = isOver(rest) ? step : "running";
  return { ...rest, state, events: count, indexes: spellRanges(ranges) };
}
