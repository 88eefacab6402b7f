/** The part of the API that says in one word how everything stands. */

import * as z from "zod";
import { SEVERITIES } from "../../../alerts/rule.ts";
import { STANDINGS } from "../../routes/watching/standing/standing.ts";
import { OF_KEY } from "../codes.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const place = {
  href: z.string().meta({ description: "Where to go about it, from the root of the service on" }),
  ledger: z.string().optional().meta({ description: "Absent when it is about the service" }),
};

export const STANDING_SCHEMAS = {
  Standing: z.strictObject({
    state: z.enum(STANDINGS).meta({
      description:
        "good: all of it was looked at, and nothing is wrong; unknown: nothing is known to be wrong, and not all was looked at",
    }),
    at: count.meta({ description: "Milliseconds since 1970" }),
    reasons: z
      .array(
        z.strictObject({
          code: z.string().meta({ description: "That of a rule of alerts, or of a condition as /readyz has it" }),
          severity: z.enum(SEVERITIES),
          text: z.string(),
          ...place,
        }),
      )
      .meta({ description: "The worst first, at most 50" }),
    notLookedAt: z
      .array(z.strictObject({ what: z.string(), why: z.string(), ...place }))
      .meta({ description: "What should have been looked at; at most 50" }),
    more: count.meta({ description: "Reasons and parts besides" }),
  }),
};

export const STANDING_OPERATION = {
  readStanding: {
    method: "get",
    route: "/v1/standing",
    trace: { none: "It says how the service is, and nothing of any event." },
    summary: "See in one word whether everything is well, why not, and what nobody looked at.",
    permission: "alertsRead",
    answers: { 200: "Standing" },
    codes: OF_KEY,
  },
} as const;
