/** API keys: making, listing and ending them. */

import { momentOf } from "../../entry/time.ts";
import type { Answering } from "../admit.ts";
import { checkBody } from "../api/params.ts";
import { SCHEMAS } from "../api/schemas.ts";
import type { ApiKey, KeyRing } from "../auth/api-keys.ts";
import { permissionsOf } from "../auth/roles.ts";
import type { BodyBudget } from "../intake/body.ts";
import { receiveValue } from "../intake/receive.ts";
import { Problem } from "../problem.ts";
import { json } from "../reply.ts";
import type { Services } from "../services.ts";

/** POST /v1/keys */
export function createKey({ keys, limits, now }: Services, budget: BodyBudget): Answering<"createKey"> {
  return async ({ req, res }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const { source, roles, ledgers, note, expiresAt, webhookSecret: asked } = checkBody(SCHEMAS.KeyRequest, value);
    const { text, key, webhookSecret } = await keys.create({
      source,
      roles,
      ...(ledgers !== undefined && { ledgers }),
      ...(note !== undefined && { note }),
      ...(expiresAt !== undefined && { expiresAt: timeToCome(expiresAt, now()) }),
      ...(asked !== undefined && { webhookSecret: asked }),
    });
    const made = { key: text, ...spellKey(keys, key) };
    return json(201, webhookSecret === undefined ? made : { ...made, webhookSecret });
  };
}

/** @throws Problem request_invalid for a time that is past: such a key would never be valid */
function timeToCome(spelled: string | number, now: number): number {
  const time = momentOf(spelled) as number;
  if (time > now) return time;
  const expected = `a time to come, after ${new Date(now).toISOString()}`;
  const got = JSON.stringify(spelled);
  const errors = [{ path: "/expiresAt", expected, got }];
  throw new Problem("request_invalid", `expected ${expected}, as /expiresAt, got ${got}`, { errors });
}

/** GET /v1/keys */
export function listKeys({ keys }: Services): Answering<"listKeys"> {
  return () => json(200, { keys: keys.list().map((key) => spellKey(keys, key)) });
}

/** GET /v1/key */
export function readOwnKey({ keys }: Services): Answering<"readOwnKey"> {
  return ({ key }) => {
    const permissions = permissionsOf(key.roles, key.ledgers === undefined);
    return json(200, { ...spellKey(keys, key), permissions });
  };
}

/** DELETE /v1/keys/{id} */
export function revokeKey({ keys }: Services): Answering<"revokeKey"> {
  return async ({ path: { id } }) => json(200, spellKey(keys, await keys.revoke(id)));
}

function spellKey(keys: KeyRing, { digest: _, webhookSecret, ...key }: ApiKey): object {
  const lastUsedAt = keys.lastUse(key.id);
  return {
    ...key,
    // A secret is made with its key and ends with it.
    ...(webhookSecret !== undefined && { hasWebhookSecret: true, webhookSecretSince: key.createdAt }),
    ...(lastUsedAt !== undefined && { lastUsedAt }),
  };
}
