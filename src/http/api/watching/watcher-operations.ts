/** The part of the API that is about watchers elsewhere: operations, and the forms of what goes in and out. */

import * as z from "zod";
import { WATCHER_STATES } from "../../../alerts/watchers/watcher-book.ts";
import { FINDING_MARKS, WORD_FORMAT, WORD_LIMITS, WORD_OUTCOMES } from "../../../watch/word.ts";
import { OF_BODY, OF_KEY, OF_LEDGER } from "../codes.ts";
import { ledgerInPath } from "../param-forms.ts";

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const positive = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const sentence = (charactersMax: number) => z.string().min(1).max(charactersMax);
const milliseconds = count.meta({ description: "Milliseconds since 1970" });
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const signature = z.string().regex(/^0x[0-9a-f]{130}$/);

const saidFields = {
  number: positive.meta({ description: "Larger than that of every word of this watcher before" }),
  at: milliseconds.meta({ description: "When the watcher looked, by its own clock" }),
  outcome: z.enum(WORD_OUTCOMES).meta({ description: "What follows from the findings" }),
  size: positive.optional().meta({ description: "Of the checkpoint that the watcher believes" }),
  rootHash: hash.optional(),
  findings: z
    .array(
      z.strictObject({
        code: sentence(WORD_LIMITS.code),
        mark: z.enum(FINDING_MARKS),
        detail: sentence(WORD_LIMITS.detail),
      }),
    )
    .max(WORD_LIMITS.findings)
    .meta({ description: "Checks that are not good, see docs/watcher.md" }),
};

const watcher = z.strictObject({
  name: z.string(),
  key: z.string().meta({ description: "Address of the key that signs what it says, EIP-55 spelling" }),
  everyS: z.number().meta({ description: "How often it is to be heard" }),
  state: z.enum(WATCHER_STATES).meta({
    description:
      "good: heard, and all is well; unknown: heard, and it could not tell; contradicts: it says that something is bad, or believes another history; silent: not heard for three times everyS; never_heard",
  }),
  last: z
    .strictObject({ ...saidFields, receivedAt: milliseconds, signature })
    .optional()
    .meta({ description: "Its last word, as it signed it: docs/format.md §13" }),
  differs: z
    .string()
    .optional()
    .meta({ description: "What it believes that is not what the ledger has, whatever it says of it" }),
});

export const WATCHER_SCHEMAS = {
  Word: z.strictObject({ format: z.literal(WORD_FORMAT), ledgerId: hash, ...saidFields, signature }),
  Watcher: watcher,
  Watchers: z.strictObject({ watchers: z.array(watcher) }),
} as const;

const ledger = z.object({ ledger: ledgerInPath });

export const WATCHER_OPERATIONS = {
  listWatchers: {
    method: "get",
    route: "/v1/ledgers/{ledger}/watchers",
    trace: { none: "It says what others see of a ledger from outside, and nothing of any event." },
    summary: "See which watchers there are elsewhere, and the last word of each.",
    permission: "auditsRead",
    path: ledger,
    answers: { 200: "Watchers" },
    codes: [...OF_KEY, ...OF_LEDGER],
    compress: true,
  },
  takeWord: {
    method: "post",
    route: "/v1/ledgers/{ledger}/watchers/{watcher}/word",
    trace: { none: "What a watcher says is recorded when it changes, as an event of its own." },
    summary: "Take the word of a watcher, signed with its own key; no other one is needed.",
    path: ledger.extend({
      watcher: z.string().meta({ pattern: "^[a-z0-9][a-z0-9._-]{0,63}$", description: "Name of a watcher" }),
    }),
    body: { types: ["application/json"], schema: "Word" },
    answers: { 200: "Watcher" },
    codes: [
      ...OF_LEDGER,
      ...OF_BODY,
      "parameter_invalid",
      "watcher_unknown",
      "word_invalid",
      "word_unsigned",
      "word_old",
      "word_untimely",
      "words_too_many",
      "store_unavailable",
      "deadline_exceeded",
    ],
  },
} as const;
