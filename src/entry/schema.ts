/**
 * The members of an event that have a meaning here, as a zod schema: the door of zod, and the source of the published
 * JSON Schema. Members it does not name may have any value. Nothing is filled in: what a sender leaves out is not in
 * the entry (docs/decisions/0020-no-defaults-in-what-is-hashed.md).
 */

import * as z from "zod";
import { isDateTime } from "./time.ts";

const ACTION = /^[A-Za-z0-9_:/-]+(\.[A-Za-z0-9_:/-]+)*$/;
const ACTION_RULE = "a dot name such as user.login, of letters, digits and _ - : /";
const DATE_TIME_RULE = "an RFC 3339 date and time such as 2026-11-20T09:30:00Z";

const name = z.string().min(1).max(256);
const identifier = z.string().min(1).max(2048);
const dateTime = z.string().refine(isDateTime, { error: DATE_TIME_RULE }).meta({ format: "date-time" });
const attributes = z.looseObject({}).meta({ description: "Anything more that is known." });
const party = {
  id: identifier.meta({ description: "Stable identifier, not a display name." }),
  name: z.string().optional(),
  attrs: attributes.optional(),
};
const actorType = z.enum(["user", "service", "system", "agent", "anonymous"]);
const flatValue = z.union([z.string(), z.number(), z.boolean()], { error: "a string, a number or a boolean" });

const actor = z.looseObject({
  type: actorType,
  ...party,
  on_behalf_of: z.looseObject({ type: actorType, ...party }).optional(),
});

const context = z.looseObject({
  ip: z.string().optional(),
  user_agent: z.string().optional(),
  session: z.string().optional(),
  request_id: z.string().optional(),
  trace_id: z.string().optional(),
  location: z.union([z.string(), attributes], { error: "a string or an object" }).optional(),
});

export const eventSchema = z.looseObject({
  action: z.string().max(256).regex(ACTION, { error: ACTION_RULE }).meta({ description: "What was done." }),
  time: dateTime.meta({ description: "When it happened, by the sender's clock; kept as it was sent." }),
  actor: actor.meta({ description: "Who did it; for an AI agent, on_behalf_of says who authorised it." }),
  targets: z.array(z.looseObject({ type: name, ...party })).optional(),
  outcome: z.enum(["success", "failure", "denied", "unknown"]).optional(),
  op: z.enum(["c", "r", "u", "d", "x"]).meta({ description: "create, read, update, delete, execute" }).optional(),
  id: name.meta({ description: "The sender's identifier of the event; makes sending it again harmless." }).optional(),
  observed_at: dateTime.optional(),
  context: context.optional(),
  source: name.meta({ description: "The system that the event is about." }).optional(),
  tenant: name.optional(),
  message: z.string().optional(),
  changes: z.looseObject({ old: z.unknown().optional(), new: z.unknown().optional() }).optional(),
  metadata: z.record(z.string(), flatValue).optional(),
  schema: name.meta({ description: "name@version of what the sender's own members mean." }).optional(),
  class: name.meta({ description: "Data classification." }).optional(),
});

/** JSON Schema (2020-12) of an event that a client sends. */
export function eventJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(eventSchema, { io: "input" });
  return { $schema, ...schema, minProperties: 3, maxProperties: 64, propertyNames: { pattern: "^(?!_)" } };
}
