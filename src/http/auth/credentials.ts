/**
 * The key that a request shows, wherever its sender can put one. Our own clients send `Authorization: Bearer <key>` (RFC
 * 6750) and nothing else; what others send differs: Splunk's clients have a scheme of their own, some can only do Basic (RFC
 * 7617), some only a header of another name, and some know nothing but a URL.
 */

import type { IncomingMessage } from "node:http";
import { KEY_PREFIX } from "./api-keys.ts";

const BEARER = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i;
const SPLUNK = /^Splunk +(\S+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/=_-]+) *$/i;

/** The text of the key that a client of ours shows. */
export function bearerOf({ headers }: IncomingMessage): string | undefined {
  return BEARER.exec(headers.authorization ?? "")?.[1];
}

/** Where a foreign sender can show a key, in the order in which they are looked at. */
export type Shown = { readonly place: string; readonly text: string };

/**
 * Every text of a foreign request that stands where a key does.
 * @param inPath the part of the path that is one, if the route has such a part
 * @param format name of the one that the request is in
 * @param isInQuery whether the query is looked at as well
 */
export function foreignCredentialsOf(
  req: IncomingMessage,
  inPath: string | undefined,
  format: string | undefined,
  isInQuery: boolean,
): Shown[] {
  const { authorization = "", "x-api-key": apiKey, "x-amz-firehose-access-key": accessKey } = req.headers;
  const all: Readonly<Record<string, string | readonly string[] | undefined>> = {
    "the path": inPath,
    Authorization: bearerOf(req) ?? SPLUNK.exec(authorization)?.[1] ?? basicOf(authorization),
    "X-Amz-Firehose-Access-Key": accessKey,
    "X-API-Key": apiKey,
    "X-Gitlab-Token": tokenOf(format, req),
    access_token: isInQuery ? queryCredentialOf(req) : undefined,
  };
  return Object.entries(all).flatMap(([place, text]) =>
    typeof text === "string" && text !== "" ? [{ place, text }] : [],
  );
}

/** The text of the key that a foreign sender shows in the query (RFC 6750 §2.3), for services that are set to look there. Why: docs/decisions/0142. */
function queryCredentialOf({ url }: IncomingMessage): string | undefined {
  const parameters = new URL(url ?? "/", "http://localhost").searchParams;
  return parameters.get("access_token") || undefined;
}

/** GitLab puts a text into a header of its own, which may be a key. */
function tokenOf(format: string | undefined, { headers }: IncomingMessage): string | undefined {
  const { "x-gitlab-token": token } = headers;
  return format === "gitlab" && typeof token === "string" && token.startsWith(KEY_PREFIX) ? token : undefined;
}

/** The password, or the user where there is no password. */
function basicOf(authorization: string): string | undefined {
  const spelled = BASIC.exec(authorization)?.[1];
  if (spelled === undefined) return undefined;
  const text = Buffer.from(spelled, "base64").toString();
  const colon = text.indexOf(":");
  const password = colon === -1 ? "" : text.slice(colon + 1);
  return (password === "" ? text.slice(0, colon === -1 ? undefined : colon) : password) || undefined;
}
