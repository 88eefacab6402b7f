/** The forms of what goes in and out about retention and legal holds. */

import * as z from "zod";
import { MOMENT_RULE, MOMENT_VALUE_FORM, momentOf } from "../../../entry/time.ts";
import { PERIOD_RULE, readPeriod } from "../../../retention/period.ts";
import { AFTER, OCSF_UIDS, RETENTION_RULES_MAX, ruleFault } from "../../../retention/policy.ts";
import { PRUNE_STEPS } from "../../../retention/pruning/prune-run.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const text = z.string().min(1).max(256);
const period = z
  .string()
  .refine((spelled) => readPeriod(spelled) !== undefined, { error: PERIOD_RULE })
  .meta({ format: "duration" });
const reason = z.string().min(1).max(2048).meta({ description: "Why, for whoever audits it; sealed like any event" });
const author = {
  key: z.string().meta({ description: "Id of an API key" }),
  source: z.string().meta({ description: "What that key stands for" }),
};

const ruleFields = z.strictObject({
  name: text.meta({ description: "What it is called in previews and events" }),
  action: text.optional().meta({ description: "Exact, or all that begin so: payment.*; every action when absent" }),
  class: text.optional().meta({ description: "The data classification that an event says it has, its member class" }),
  ocsf: z
    .union(OCSF_UIDS.map((uid) => z.literal(uid)))
    .optional()
    .meta({
      description:
        "Class or category of OCSF: 3 identity and access, 3001 account change, 3002 authentication, 6 application activity, 6003 API activity",
    }),
  source: text
    .optional()
    .meta({ description: "What an event says that it is about, or what the API key stands for that it came through" }),
  keepAtLeast: period.optional().meta({ description: "Nothing under it goes earlier, whatever other rules say" }),
  keepAtMost: period
    .optional()
    .meta({ description: "What is under it goes then, unless another rule or a hold keeps it" }),
  after: z.enum(AFTER).optional().meta({ description: "What becomes of it; together with keepAtMost" }),
  archiveFor: period.optional().meta({ description: "How long the archive is kept, from when an event was recorded" }),
});
const rule = ruleFields.check(({ value, issues }) => {
  const fault = ruleFault(value);
  if (fault === undefined) return;
  issues.push({ code: "custom", path: [fault.member], input: value, message: fault.expected });
});

const rules = z
  .array(rule)
  .max(RETENTION_RULES_MAX)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: "a name of its own for each" });

const policy = z.strictObject({
  rules: z.array(ruleFields),
  version: count.meta({ description: "Counts the changes of the ledger" }),
  putAt: milliseconds,
  effectiveAt: milliseconds,
  shortens: z
    .boolean()
    .meta({ description: "Something may go earlier, or into no archive, so that it waited or waits" }),
  reason: z.string().optional(),
  withdraws: count.optional().meta({ description: "The version that waited, and does not any more" }),
  ...author,
});

const hold = z.strictObject({
  id: z.string(),
  filter: z.string().meta({ description: "Everything that a search with it finds is held, what comes later too" }),
  reason: z.string(),
  placedAt: milliseconds,
  ...author,
});

export const RETENTION_SCHEMAS = {
  RetentionRequest: z.strictObject({
    rules: rules.meta({ description: "All of them; none keeps everything for ever" }),
    reason: reason.optional(),
    version: count.optional().meta({
      description:
        "Of the policy that was read before, the one that waits if there is one: others are not replaced unseen",
    }),
  }),
  Retention: z.strictObject({
    inForce: policy.optional().meta({ description: "Absent where everything is kept for ever" }),
    waiting: policy
      .optional()
      .meta({ description: "In force from its `effectiveAt` on; putting another withdraws it" }),
    delayS: z.number().meta({ description: "How long a policy waits that shortens something" }),
  }),
  RetentionPreviewRequest: z.strictObject({
    rules: rules.optional().meta({ description: "Those that wait or are in force when absent" }),
    at: z
      .union([z.number(), z.string()], { error: MOMENT_RULE })
      .refine((moment) => momentOf(moment) !== undefined, { error: MOMENT_RULE })
      .meta(MOMENT_VALUE_FORM)
      .optional()
      .meta({ description: "As if it were this time; now when absent" }),
    from: count.default(0).meta({ description: "The first index to look at: `to` of the preview before" }),
  }),
  RetentionPreview: z.strictObject({
    from: count,
    to: count.meta({ description: "Everything below was looked at; what follows is too young where it is complete" }),
    complete: z.boolean().meta({ description: "False when the time was up first: go on from `to`, and add up" }),
    due: count.meta({ description: "Events whose bodies would go" }),
    dueBytes: count,
    archived: count.meta({ description: "Of these, into an archive first" }),
    held: count.meta({ description: "That a hold stops" }),
    notFinal: count.meta({ description: "That wait until they are final on every chain" }),
    pruned: count.meta({ description: "That are gone already" }),
    byRule: z.array(z.strictObject({ rule: z.string(), due: count, bytes: count })),
    byHold: z.array(z.strictObject({ hold: z.string(), held: count })),
    ranges: z
      .array(z.strictObject({ from: count, to: count, count }))
      .meta({ description: "The first 100 ranges of indexes [from, to) that would go" }),
    nextDueAt: milliseconds.optional().meta({ description: "When the next one is due that is not yet" }),
  }),
  RetentionStatus: z.strictObject({
    isWorking: z.boolean(),
    step: z.enum(PRUNE_STEPS).optional().meta({ description: "Of the run that is under way, or is gone on with" }),
    from: count.optional(),
    to: count.optional().meta({ description: "The run is about the entries from `from` up to it" }),
    pruned: count.meta({ description: "Bodies that went since the service started" }),
    failingSince: milliseconds.optional().meta({ description: "Since when it has failed in each round" }),
    unanchoredSince: milliseconds
      .optional()
      .meta({ description: "Since when something is due that may not go, as it is not final on every chain" }),
    lastRunAt: milliseconds.optional().meta({ description: "When it last found nothing more that was due" }),
    failure: z.string().optional().meta({ description: "Why it does not get on; it is tried again" }),
    lacksArchive: z.boolean().optional().meta({
      description: "The policy archives first, and this service has nothing that archives: nothing of that goes",
    }),
  }),
  RetentionPresets: z.strictObject({
    presets: z.array(
      z.strictObject({
        id: z.string(),
        title: z.string(),
        paragraphs: z.array(z.string()),
        asks: z.string(),
        rules: z.array(ruleFields),
        doesNotSettle: z.array(z.string()),
      }),
    ),
  }),
  HoldRequest: z.strictObject({
    filter: z
      .string()
      .min(1)
      .max(4096)
      .meta({ description: "What stands behind the ? of a search: actor=user:ada, or from=100&to=200" }),
    reason,
  }),
  Hold: hold,
  Holds: z.strictObject({
    holds: z.array(hold).meta({ description: "Those in force, the oldest first" }),
    damaged: z.array(z.string()).meta({ description: "Ids of those that cannot be read: they hold everything" }),
  }),
  LiftRequest: z.strictObject({ reason }),
} as const;
