/** API keys: making, listing and ending them. */

import type { Answering } from "../admit.ts";
import { checkBody } from "../api/params.ts";
import { SCHEMAS } from "../api/schemas.ts";
import type { ApiKey, KeyRing } from "../auth/api-keys.ts";
import type { BodyBudget } from "../intake/body.ts";
import { receiveValue } from "../intake/receive.ts";
import { json } from "../reply.ts";
import type { Services } from "../services.ts";

/** POST /v1/keys */
export function createKey({ keys, limits }: Services, budget: BodyBudget): Answering<"createKey"> {
  return async ({ req, res }) => {
    const value = await receiveValue(req, res, { limits, budget });
    const { source, roles, ledgers, note, expiresAt } = checkBody(SCHEMAS.KeyRequest, value);
    const { text, key } = await keys.create({
      source,
      roles,
      ...(ledgers !== undefined && { ledgers }),
      ...(note !== undefined && { note }),
      ...(expiresAt !== undefined && { expiresAt: typeof expiresAt === "number" ? expiresAt : Date.parse(expiresAt) }),
    });
    return json(201, { key: text, ...spellKey(keys, key) });
  };
}

/** GET /v1/keys */
export function listKeys({ keys }: Services): Answering<"listKeys"> {
  return () => json(200, { keys: keys.list().map((key) => spellKey(keys, key)) });
}

/** DELETE /v1/keys/{id} */
export function revokeKey({ keys }: Services): Answering<"revokeKey"> {
  return async ({ path: { id } }) => json(200, spellKey(keys, await keys.revoke(id)));
}

function spellKey(keys: KeyRing, { digest: _, ...key }: ApiKey): object {
  const lastUsedAt = keys.lastUse(key.id);
  return { ...key, ...(lastUsedAt !== undefined && { lastUsedAt }) };
}
