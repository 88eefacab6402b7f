/**
 * Forms of parameters that several operations have, the filter of events among them: it is the same wherever events are
 * found, and what a field can hold is told by query/filter.ts.
 */

import * as z from "zod";
import { OUTCOMES } from "../../entry/schema.ts";
import { readValues } from "../../entry/spelled-value.ts";
import { MOMENT_RULE, parseMoment } from "../../entry/time.ts";
import { FORMATS, NATIVE, OF_THE_SERVICE } from "../../ingest/known-formats.ts";

export const whole = (what: string) =>
  z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/, { error: `${what} as a whole number` })
    .transform(Number)
    .refine(Number.isSafeInteger, { error: `${what} up to 2^53-1` });

/** As long as a request may have. */
export const text = z.string().min(1);

export const moment = z
  .string()
  .transform((spelled, context) => {
    const time = parseMoment(spelled);
    if (time === undefined) context.addIssue({ code: "custom", message: MOMENT_RULE });
    return time ?? z.NEVER;
  })
  .meta({ description: MOMENT_RULE });

export const limit = (most: number, usual: number) =>
  whole(`1 to ${most}`)
    .refine((n) => n >= 1 && n <= most, { error: `1 to ${most}` })
    .default(usual);

export const names = text.transform(readValues);

/** Every part of a filter of events must hold. */
export const EVENT_FILTER = {
  action: text.optional().meta({
    description: "Exact, or all that begin so: k8s.* (a , or * that belongs to the value is written \\, or \\*)",
  }),
  actor: text.optional().meta({ description: "An id, type:id, or type:*" }),
  onBehalfOf: text.optional(),
  target: text.optional().meta({ description: "Any of the targets: an id, type:id, or type:*" }),
  outcome: z.enum(OUTCOMES).optional(),
  source: text.optional(),
  key: text.regex(/^[0-9a-f]{16}$/, { error: "the id of an API key, 16 hex digits" }).optional(),
  format: z.enum([NATIVE, ...Object.keys(FORMATS), OF_THE_SERVICE]).optional(),
  quarantined: z.literal("true").optional().meta({
    description: "Only what was recorded as it came, because nothing sure could be made of it",
  }),
  text: text.optional().meta({
    description:
      "Stands, in upper or lower case, in the message, an id, a name or the text that came; 1 to 256 characters",
  }),
  tenant: text.optional(),
  id: text.optional(),
  intent: text.optional().meta({ description: "The name of an intent, or * for every event that has one" }),
  resultOf: text.optional().meta({ description: "The name of the intent that an event is a result of" }),
  since: moment.optional().meta({ description: "Recorded at or after" }),
  until: moment.optional().meta({ description: "Recorded before" }),
  occurredSince: moment.optional().meta({ description: "The event's own time is at or after" }),
  occurredUntil: moment.optional().meta({ description: "The event's own time is before" }),
  from: whole("an index").optional(),
  to: whole("an index").optional(),
};
