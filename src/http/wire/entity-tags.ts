/**
 * Validators of answers, RFC 9110 §8.8.3: whether a client has an answer already.
 * Why: docs/decisions/0136.
 */

import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** The validator of a body, quoted and strong. */
export function tagOf(body: string | Uint8Array): string {
  return `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
}

/** Whether If-None-Match names it, RFC 9110 §13.1.2. */
export function matches({ headers }: IncomingMessage, tag: string): boolean {
  const header = headers["if-none-match"];
  return header?.split(",").some((each) => [tag, `W/${tag}`, "*"].includes(each.trim())) ?? false;
}
