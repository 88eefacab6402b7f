/**
 * Who asks, and whether they may: `Authorization: Bearer <key>` (RFC 6750), then the roles of the key and the ledgers
 * it is for. Whether a ledger exists is told only to those who may know.
 */

import type { IncomingMessage } from "node:http";
import { ACCESS_LEDGER } from "../../access/access.ts";
import { Problem } from "../problem.ts";
import { type ApiKey, KEY_PREFIX, type KeyRing } from "./api-keys.ts";
import { bearerOf, type Shown } from "./credentials.ts";
import { allows, isOfWholeService, type Permission, permissionInAccessLedger, rolesFor } from "./roles.ts";

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
  if (key === undefined) throw invalidKey();
  return key;
}

function invalidKey(
  detail = "expected a key of this service that is neither expired nor revoked, got another one",
): Problem {
  const headers = { "WWW-Authenticate": `${CHALLENGE["WWW-Authenticate"]}, error="invalid_token"` };
  return new Problem("key_invalid", detail, { headers });
}

/** The live key that a request shows, if it shows one. */
export function findKey(keys: KeyRing, req: IncomingMessage): ApiKey | undefined {
  const text = bearerOf(req);
  return text === undefined ? undefined : keys.find(text);
}

/**
 * The key that a request shows, when it allows this.
 * @param ledger name of the ledger concerned, if one is
 * @throws Problem key_missing, key_invalid, role_insufficient, ledger_forbidden
 */
export function authorize(keys: KeyRing, req: IncomingMessage, permission: Permission, ledger?: string): ApiKey {
  return requireAllowed(authenticate(keys, req), permission, ledger);
}

/**
 * The one key of a request, by the texts that it shows. What has not the form of a key counts only where nothing else does: a proxy's own
 * password beside a key in the path is nobody's key.
 * @throws Problem key_invalid when there are two: which of them sends, and so whose evidence it is, nobody can tell
 */
export function onlyKeyOf(shown: readonly Shown[]): string | undefined {
  const keys = shown.filter(({ text }) => text.startsWith(KEY_PREFIX));
  const [first, ...others] = keys.length > 0 ? keys : shown;
  const other = keys.length > 0 ? others.find(({ text }) => text !== first?.text) : undefined;
  if (first === undefined || other === undefined) return first?.text;
  const detail = `expected one key, got different ones in ${first.place} and ${other.place}; leave one of them out`;
  throw invalidKey(detail);
}

/**
 * The key that a foreign sender shows, when it may append.
 * @param shown text of the key, where it was found
 * @throws Problem key_missing, key_invalid, role_insufficient, ledger_forbidden
 */
export function authorizeForeign(keys: KeyRing, shown: string | undefined, ledger?: string): ApiKey {
  if (shown === undefined) {
    const detail =
      "expected a key as Authorization: Bearer <key>, Splunk <key> or Basic (as the password), as X-API-Key, or in the path, or of a sender that signs its signature and ?source=, got none";
    throw new Problem("key_missing", detail, { headers: CHALLENGE });
  }
  const key = keys.find(shown);
  if (key === undefined) throw invalidKey();
  return requireAllowed(key, "append", ledger);
}

/**
 * The key of a source under whose secret a signature is right, when it may append.
 * @throws Problem signature_invalid, role_insufficient, ledger_forbidden
 */
export async function authorizeSigner(
  keys: KeyRing,
  source: string,
  isRight: (secret: string) => boolean | Promise<boolean>,
  ledger?: string,
): Promise<ApiKey> {
  const key = await keys.findBySecret(source, isRight);
  if (key === undefined) throw signatureRefused();
  return requireAllowed(key, "append", ledger);
}

/** The same whether the source, its secret or the signature is another one. */
export function signatureRefused(): Problem {
  const detail =
    "expected a signature of the body as it was sent, under the webhook secret of a live key of its source, got another one; compare the secret on both sides, and see that no proxy changes the body";
  return new Problem("signature_invalid", detail, { headers: CHALLENGE });
}

function requireAllowed(key: ApiKey, asked: Permission, ledger: string | undefined): ApiKey {
  const permission = ledger === ACCESS_LEDGER ? permissionInAccessLedger(asked) : asked;
  if (permission === undefined) {
    const detail = `expected a ledger of your own, got ${ACCESS_LEDGER}, in which the service records who reads and changes what`;
    throw new Problem("ledger_reserved", detail);
  }
  if (!allows(key.roles, permission)) {
    const detail = `expected a key with the role ${rolesFor(permission).join(" or ")}, got ${key.roles.join(", ")}`;
    throw new Problem("role_insufficient", detail);
  }
  if (ledger !== undefined && !isFor(key, ledger)) {
    throw new Problem("ledger_forbidden", `expected a key for the ledger ${ledger}, got one for other ledgers`);
  }
  // A key for some ledgers is nobody's key for the service as a whole.
  if (ledger === undefined && key.ledgers !== undefined && isOfWholeService(permission)) {
    throw new Problem("ledger_forbidden", "expected a key for all ledgers, got one for some");
  }
  return key;
}

/** Whether a key is for a ledger. */
export function isFor(key: ApiKey, ledger: string): boolean {
  return key.ledgers === undefined || key.ledgers.includes(ledger);
}

/** Whether a ledger is listed for a key. That of accesses is for those alone who may read it. */
export function isListedFor(key: ApiKey, ledger: string): boolean {
  return isFor(key, ledger) && (ledger !== ACCESS_LEDGER || allows(key.roles, "accessRead"));
}
