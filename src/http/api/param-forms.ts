/**
 * Forms of parameters that several operations have, the filter of events among them: it is the same wherever events are
 * found, and what a field can hold is told by query/filter.ts.
 */

import * as z from "zod";
import { ACCESS_LEDGER } from "../../access/access.ts";
import { OF_THE_SERVICE } from "../../entry/prepare.ts";
import { OUTCOMES } from "../../entry/schema.ts";
import { readValues } from "../../entry/spelled-value.ts";
import { MOMENT_FORM, MOMENT_RULE, parseMoment } from "../../entry/time.ts";
import { FORMATS, NATIVE } from "../../ingest/known-formats.ts";

/** Names that ledgers can have. */
const LEDGER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const ANY_LEDGER_NAME = new RegExp(`^(?:${ACCESS_LEDGER}|[a-z0-9][a-z0-9._-]{0,63})$`);

/** The name of a ledger in a body. */
export const ledgerName = z.string().regex(LEDGER_NAME, {
  error: "1 to 64 of a-z, 0-9, '.', '_', '-', the first a letter or digit",
});

/** The name of a ledger that a key is for: that of accesses as well, which nobody makes. */
export const ledgerOfKey = z.string().regex(ANY_LEDGER_NAME, {
  error: `1 to 64 of a-z, 0-9, '.', '_', '-', the first a letter or digit, or ${ACCESS_LEDGER}`,
});

/** Visible ASCII characters, and spaces between them. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/;

/** A whole number; what it is for is said in the words of `what`. */
const number = (what: string, least: number, most: number) =>
  z
    .string()
    .regex(/^(0|[1-9]\d{0,15})$/, { error: `${what} as a whole number` })
    .transform(Number)
    .pipe(
      z
        .int({ error: `${what} up to 2^53-1` })
        .min(least)
        .max(most),
    );

export const whole = (what: string) => number(what, 0, Number.MAX_SAFE_INTEGER);

/** As long as a request may have. */
export const text = z.string().min(1);

export const moment = z
  .string()
  .transform((spelled, context) => {
    const time = parseMoment(spelled);
    if (time === undefined) context.addIssue({ code: "custom", message: MOMENT_RULE });
    return time ?? z.NEVER;
  })
  .meta({ ...MOMENT_FORM, description: MOMENT_RULE });

export const limit = (most: number, usual: number) => number(`1 to ${most}`, 1, most).default(usual);

export const names = text.transform(readValues).meta({ type: "string", minLength: 1 });

/** The name of a ledger in a path; one of another form is merely unknown. */
export const ledgerInPath = z.string().meta({ pattern: ANY_LEDGER_NAME.source, description: "Name of a ledger" });

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
    maxLength: 256,
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
  to: whole("an index").meta({ minimum: 1 }).optional(),
};

/** The name of a foreign format in a path; any other is merely unknown. */
export const formatInPath = z.string().meta({ enum: Object.keys(FORMATS) });

/** An API key in a path. */
export const keyInPath = z.string().meta({ description: "An API key that may append, for one ledger" });
