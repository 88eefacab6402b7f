/** POST /v1/ledgers/{ledger}/check: what would become of events, told by the same code that takes them in; nothing is recorded. */

import type { Answering } from "../admit.ts";
import type { BodyBudget } from "../intake/body.ts";
import { receiveExamined } from "../intake/receive.ts";
import { json } from "../reply.ts";
import type { Services } from "../services.ts";

const WARNINGS_MAX = 100;

export function checkEvents(services: Services, budget: BodyBudget): Answering<"checkEvents"> {
  const { limits, hash, salts, intakes, rules } = services;
  return async ({ req, res, ledger }) => {
    const misspelt = services.misspelt?.(ledger.record.name);
    const demanded = rules.of(ledger.record.id);
    const receiving = { limits, budget, intakes, preparation: { hash, salts }, misspelt, demanded };
    const { examined, warnings } = await receiveExamined(req, res, receiving);
    return json(200, { ...examined, warnings: warnings.slice(0, WARNINGS_MAX) });
  };
}
