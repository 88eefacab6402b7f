/**
 * The members of an event that have a meaning here, as a zod schema: the door of zod, and the source of the published
 * JSON Schema. Members it does not name may have any value. Nothing is filled in: what a sender leaves out is not in
 * the entry (docs/decisions/0020-no-defaults-in-what-is-hashed.md).
 */

import * as z from "zod";
import { isDateTime } from "./time.ts";

/** Control characters and ends of lines; and what is blank besides. As ranges, which every engine of expressions knows. */
const CONTROLS = String.raw`\u0000-\u001f\u007f-\u009f\u2028\u2029`;
const BLANKS = String.raw` \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufeff`;
/** Any text that a line can show: not empty, not blank, and without control characters. No part of it overlaps the next, so it is linear. */
const PRINTABLE = new RegExp(`^[${BLANKS}]*[^${BLANKS}${CONTROLS}][^${CONTROLS}]*$`, "u");
export const ACTION_RULE = "a text such as user.login, without control characters";
/** Most characters (UTF-16 units) of an action, a type and whatever else is a name; and of an identifier. */
export const NAME_MAX = 256;
export const IDENTIFIER_MAX = 2048;
export const OUTCOMES = ["success", "failure", "denied", "unknown"] as const;
export const OPS = ["c", "r", "u", "d", "x"] as const;
const DATE_TIME_RULE = "an RFC 3339 date and time such as 2026-11-20T09:30:00Z";

const name = z.string().min(1).max(NAME_MAX);
const identifier = z.string().min(1).max(IDENTIFIER_MAX);
const dateTime = z.string().refine(isDateTime, { error: DATE_TIME_RULE }).meta({ format: "date-time" });
const attributes = z.looseObject({}).meta({ description: "Anything more that is known." });
const party = {
  id: identifier.meta({ description: "Stable identifier, not a display name." }),
  name: z.string().optional(),
  attrs: attributes.optional(),
};
const actorType = name.meta({
  description: "What acts: user, service, system, agent or anonymous where one of these fits, else a word of your own.",
});
const anything = z.unknown();

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
  action: name.regex(PRINTABLE, { error: ACTION_RULE }).meta({ description: "What was done." }),
  time: dateTime.meta({ description: "When it happened, by the sender's clock; kept as it was sent." }),
  actor: actor.meta({ description: "Who did it; for an AI agent, on_behalf_of says who authorised it." }),
  targets: z.array(z.looseObject({ type: name, ...party })).optional(),
  outcome: z.enum(OUTCOMES).optional(),
  op: z.enum(OPS).meta({ description: "create, read, update, delete, execute" }).optional(),
  id: name.meta({ description: "The sender's identifier of the event; makes sending it again harmless." }).optional(),
  observed_at: dateTime.optional(),
  context: context.optional(),
  source: name.meta({ description: "The system that the event is about." }).optional(),
  tenant: name.optional(),
  message: z.string().optional(),
  changes: anything
    .meta({ description: "What changed: {old, new} is shown side by side, anything else as it is." })
    .optional(),
  metadata: anything.meta({ description: "Anything more; usually an object." }).optional(),
  schema: name.meta({ description: "name@version of what the sender's own members mean." }).optional(),
  class: name.meta({ description: "Data classification." }).optional(),
  intent: name
    .meta({
      description: "Names what is about to be done, recorded before it is: results refer to it. A UUID or the like.",
    })
    .optional(),
  result_of: name.meta({ description: "The `intent` that this is a result of." }).optional(),
  authority: anything
    .meta({
      description: "What permitted it: an approval, a ticket, a policy; a text, or an object such as {type, id}.",
    })
    .optional(),
});

/** Whether a text can be an action, its length apart. */
export function isPrintable(text: string): boolean {
  return PRINTABLE.test(text);
}

/** JSON Schema (2020-12) of an event that a client sends. */
export function eventJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(eventSchema, { io: "input" });
  return { $schema, ...schema, minProperties: 3, maxProperties: 64, propertyNames: { pattern: "^(?!_)" } };
}
