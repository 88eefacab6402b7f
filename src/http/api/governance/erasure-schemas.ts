/** The forms of what goes in and out about erasures. */

import * as z from "zod";
import { ARCHIVE_STAYS } from "../../../retention/erasure/erased-archive.ts";
import { ERASURE_STEPS } from "../../../retention/erasure/erasure-records.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const indexes = z.string().meta({ description: "Such as 5-9,12" });
const members = z.array(z.string());

const archives = z.array(
  z.strictObject({
    name: z.string(),
    now: z.string().optional().meta({ description: "The archive in its place, without what was erased" }),
    stays: z.enum(ARCHIVE_STAYS).optional().meta({
      description:
        "Why it stays as it is: the place is `locked`; it is `encrypted` to others, so that its range alone says that it may have something; it is `damaged`; its removal was `refused`; it is `held` by a legal hold on what is in archives alone; it is encrypted, and `would_be_clear` if it were written again as archives are configured; or it is `missing`, where its time is over. Absent of one that is written again",
    }),
    until: milliseconds.optional().meta({ description: "Until when it is locked" }),
  }),
);

const erasure = z.strictObject({
  id: z.string(),
  state: z
    .enum(["running", "done", "refused"])
    .meta({ description: "refused: a legal hold came before anything was gone" }),
  step: z.enum(ERASURE_STEPS).meta({
    description:
      "From `rewritten` on no answer shows it any more; from `compacted` on no file of the service has it; from `rearchived` on no archive but those that stay",
  }),
  events: count,
  indexes,
  members: members.optional().meta({ description: "All of them when absent" }),
  reason: z.string(),
  ground: z.string().optional(),
  archives: archives.optional().meta({ description: "What became of archives that had something of it" }),
  askedAt: milliseconds,
  doneAt: milliseconds.optional(),
  key: z.string().meta({ description: "Id of the API key that asked" }),
  source: z.string().meta({ description: "What that key stands for" }),
});

export const ERASURE_SCHEMAS = {
  ErasureRequest: z.strictObject({
    subject: z.string().min(1).max(2048).optional().meta({ description: "tenant=acme, or actor=user:ada" }),
    filter: z.string().min(1).max(4096).optional().meta({ description: "What stands behind the ? of a search" }),
    indexes: z.string().min(1).max(65_536).optional().meta({ description: "Such as 5-9,12" }),
    members: z
      .array(z.string().min(1).max(256))
      .min(1)
      .max(64)
      .optional()
      .meta({ description: "Names of the members that go, and _raw with them; all when absent" }),
    reason: z.string().min(1).max(2048).optional().meta({
      description:
        "Why, for whoever audits it; it is recorded for ever, so it names nobody. Needed unless it is a dry run",
    }),
    ground: z.string().min(1).max(256).optional().meta({ description: "The legal ground: GDPR Art. 17(1)(b)" }),
    dryRun: z.boolean().default(false),
  }),
  ErasurePreview: z.strictObject({
    events: count,
    indexes,
    held: z
      .array(z.strictObject({ hold: z.string(), held: count }))
      .meta({ description: "Legal holds that stop it, and how many events each covers" }),
    own: count.meta({ description: "Events of the service about itself, which are never erased" }),
    archives: archives.meta({ description: "Archives that have something of it, or may have" }),
  }),
  Erasure: erasure,
  Erasures: z.strictObject({ erasures: z.array(erasure) }),
} as const;
