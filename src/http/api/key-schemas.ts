/** The forms of API keys: asking for one, what is told of it, and what the key of a request is for. */

import * as z from "zod";
import { OF_THE_SERVICE } from "../../entry/prepare.ts";
import { MOMENT_RULE, MOMENT_VALUE_FORM, momentOf } from "../../entry/time.ts";
import { PERMISSIONS, ROLES } from "../auth/roles.ts";
import { isWebhookSecret, WEBHOOK_SECRET_RULE } from "../auth/signatures.ts";
import { ledgerOfKey } from "./param-forms.ts";

const milliseconds = z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({ description: "Milliseconds since 1970" });
const sourceName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
  error: "1 to 64 letters, digits, '.', '_', '-', the first a letter or digit",
});

export const webhookSecretSince = milliseconds.meta({
  description: "Since when its sender can sign with a webhook secret, which is never shown; absent where it has none",
});

/** One that sends as the service does would pass for it, and its ids for those of the service's own events. */
const newSourceName = sourceName.refine((name) => name !== OF_THE_SERVICE, {
  error: `another name than ${OF_THE_SERVICE}, as which the service records by itself`,
});

const keyFields = {
  source: sourceName.meta({ description: "Who sends with it; idempotency keys are told apart by source" }),
  roles: z.array(z.enum(ROLES)).min(1),
  ledgers: z.array(ledgerOfKey).min(1).optional().meta({ description: "All ledgers when absent" }),
  note: z.string().max(256).optional(),
};
const key = z.strictObject({
  id: z.string(),
  ...keyFields,
  hasWebhookSecret: z.literal(true).optional(),
  webhookSecretSince: webhookSecretSince.optional(),
  createdAt: milliseconds,
  expiresAt: milliseconds.optional(),
  revokedAt: milliseconds.optional(),
  lastUsedAt: milliseconds.optional(),
});

export const KEY_SCHEMAS = {
  KeyRequest: z.strictObject({
    ...keyFields,
    source: newSourceName.meta({ description: "Who sends with it; idempotency keys are told apart by source" }),
    expiresAt: z
      .union([z.number(), z.string()], { error: MOMENT_RULE })
      .refine((moment) => momentOf(moment) !== undefined, { error: MOMENT_RULE })
      .meta(MOMENT_VALUE_FORM)
      .optional()
      .meta({ description: "A time to come; the key never ends when absent" }),
    webhookSecret: z
      .union(
        [
          z.literal(true),
          z.string().refine(isWebhookSecret, { error: WEBHOOK_SECRET_RULE }).meta({ minLength: 16, maxLength: 256 }),
        ],
        {
          error: WEBHOOK_SECRET_RULE,
        },
      )
      .optional()
      .meta({ description: "By which its sender signs: the one of the sender's side, or true to have one made" }),
  }),
  Key: key,
  NewKey: key.extend({
    key: z.string().meta({ description: "The key itself, shown this once" }),
    webhookSecret: z
      .string()
      .optional()
      .meta({ description: "The secret that was made with it, shown this once; one that was given is not shown" }),
  }),
  Keys: z.strictObject({ keys: z.array(key) }),
  OwnKey: key.extend({
    permissions: z.array(z.enum(PERMISSIONS)).meta({ description: "What it allows; names may be added" }),
  }),
};
