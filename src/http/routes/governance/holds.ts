/** Legal holds of a ledger: listing them, placing one, lifting one. */

import type { Answering } from "../../admit.ts";
import { checkBody } from "../../api/params.ts";
import { SCHEMAS } from "../../api/schemas.ts";
import type { BodyBudget } from "../../intake/body.ts";
import { receiveValue } from "../../intake/receive.ts";
import { Problem } from "../../problem.ts";
import { json, within } from "../../reply.ts";
import type { Services } from "../../services.ts";
import { readFilterText } from "../events/filter-text.ts";

export function listHolds({ retention: { holds } }: Services): Answering<"listHolds"> {
  return ({ ledger }) => json(200, holds.list(ledger.record.id));
}

export function placeHold({ retention, limits }: Services, budget: BodyBudget): Answering<"placeHold"> {
  return async ({ req, res, key, ledger }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const request = checkBody(SCHEMAS.HoldRequest, value);
    requireFilter(request.filter);
    const placing = retention.holds.place(ledger, request, { key: key.id, source: key.source });
    return json(201, await within(limits.answerMs, placing));
  };
}

export function liftHold({ retention: { holds }, limits }: Services, budget: BodyBudget): Answering<"liftHold"> {
  return async ({ req, res, key, ledger, path: { hold } }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const { reason } = checkBody(SCHEMAS.LiftRequest, value);
    const lifting = holds.lift(ledger, hold, reason, { key: key.id, source: key.source });
    await within(limits.answerMs, lifting);
    return json(200, holds.list(ledger.record.id));
  };
}

/** @throws Problem request_invalid for a filter that finds nothing because it is mistaken */
export function requireFilter(filter: string): void {
  const read = readFilterText(filter);
  if ("plan" in read) return;
  const errors = read.errors.map((each) => ({ ...each, path: `/filter${each.path}` }));
  const [first] = errors;
  throw new Problem("request_invalid", `expected ${first?.expected} as ${first?.path}, got ${first?.got}`, { errors });
}
