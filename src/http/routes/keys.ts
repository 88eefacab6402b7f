/** API keys: making, listing and ending them. */

import { checkBody } from "../api/params.ts";
import { SCHEMAS } from "../api/schemas.ts";
import type { ApiKey, KeyRing } from "../auth/api-keys.ts";
import { authorize } from "../auth/authorize.ts";
import type { BodyBudget } from "../intake/body.ts";
import { receiveValue } from "../intake/receive.ts";
import { type Handler, json } from "../reply.ts";
import type { Services } from "../services.ts";

/** POST /v1/keys */
export function createKey({ keys, limits }: Services, budget: BodyBudget): Handler {
  return async (req, res) => {
    authorize(keys, req, "keysWrite");
    const value = await receiveValue(req, res, { limits, budget });
    const { source, roles, ledgers, note, expiresAt } = checkBody(SCHEMAS.KeyRequest, value);
    const { text, key } = await keys.create({
      ...{ source, roles },
      ...(ledgers !== undefined && { ledgers }),
      ...(note !== undefined && { note }),
      ...(expiresAt !== undefined && { expiresAt: typeof expiresAt === "number" ? expiresAt : Date.parse(expiresAt) }),
    });
    return json(201, { key: text, ...spellKey(keys, key) });
  };
}

/** GET /v1/keys */
export function listKeys({ keys }: Services): Handler {
  return (req) => {
    authorize(keys, req, "keysRead");
    return json(200, { keys: keys.list().map((key) => spellKey(keys, key)) });
  };
}

/** DELETE /v1/keys/{id} */
export function revokeKey({ keys }: Services): Handler {
  return async (req) => {
    authorize(keys, req, "keysWrite");
    return json(200, spellKey(keys, await keys.revoke(req.params.id as string)));
  };
}

function spellKey(keys: KeyRing, { digest: _, ...key }: ApiKey): object {
  const lastUsedAt = keys.lastUse(key.id);
  return { ...key, ...(lastUsedAt !== undefined && { lastUsedAt }) };
}
