/**
 * Who asks, and whether they may: `Authorization: Bearer <key>` (RFC 6750), then the roles of the key and the ledgers
 * it is for. Whether a ledger exists is told only to those who may know.
 */

import type { IncomingMessage } from "node:http";
import { Problem } from "../problem.ts";
import type { ApiKey, KeyRing } from "./api-keys.ts";
import { allows, type Permission, rolesFor } from "./roles.ts";

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i;
const CHALLENGE = { "WWW-Authenticate": 'Bearer realm="holdfast"' };

/**
 * The key that a request shows.
 * @throws Problem key_missing, key_invalid
 */
function authenticate(keys: KeyRing, req: IncomingMessage): ApiKey {
  if (req.headers.authorization === undefined) {
    throw new Problem("key_missing", "expected the header Authorization: Bearer <key>, got none", {
      headers: CHALLENGE,
    });
  }
  const key = findKey(keys, req);
  if (key === undefined) {
    const headers = { "WWW-Authenticate": `${CHALLENGE["WWW-Authenticate"]}, error="invalid_token"` };
    const detail = "expected a key of this service that is neither expired nor revoked, got another one";
    throw new Problem("key_invalid", detail, { headers });
  }
  return key;
}

/** The live key that a request shows, if it shows one. */
export function findKey(keys: KeyRing, req: IncomingMessage): ApiKey | undefined {
  const text = BEARER.exec(req.headers.authorization ?? "")?.[1];
  return text === undefined ? undefined : keys.find(text);
}

/**
 * The key that a request shows, when it allows this.
 * @param ledger name of the ledger concerned, if one is
 * @throws Problem key_missing, key_invalid, role_insufficient, ledger_forbidden
 */
export function authorize(keys: KeyRing, req: IncomingMessage, permission: Permission, ledger?: string): ApiKey {
  const key = authenticate(keys, req);
  if (!allows(key.roles, permission)) {
    const detail = `expected a key with the role ${rolesFor(permission).join(" or ")}, got ${key.roles.join(", ")}`;
    throw new Problem("role_insufficient", detail);
  }
  if (ledger !== undefined && !isFor(key, ledger)) {
    throw new Problem("ledger_forbidden", `expected a key for the ledger ${ledger}, got one for other ledgers`);
  }
  // A key for some ledgers is nobody's key for the service as a whole.
  if (ledger === undefined && key.ledgers !== undefined && WHOLE_SERVICE.includes(permission)) {
    throw new Problem("ledger_forbidden", "expected a key for all ledgers, got one for some");
  }
  return key;
}

const WHOLE_SERVICE: readonly Permission[] = ["ledgersCreate", "keysRead", "keysWrite", "metrics", "status"];

/** Whether a key is for a ledger. */
export function isFor(key: ApiKey, ledger: string): boolean {
  return key.ledgers === undefined || key.ledgers.includes(ledger);
}
