/** Where a key may stand, as OpenAPI has it: for clients of our own in one place, for foreign senders where they can put it. */

import type { Operation } from "../operations.ts";
import type { DocumentPart } from "./contents.ts";

const header = (name: string, description: string) => ({ type: "apiKey", in: "header", name, description });

const SCHEMES: Readonly<Record<string, DocumentPart>> = {
  key: { type: "http", scheme: "bearer", description: "An API key, see POST /v1/keys." },
  basic: {
    type: "http",
    scheme: "basic",
    description: "The API key is the password, or the user where there is none.",
  },
  splunk: header("Authorization", "Splunk, a space, and the API key."),
  apiKeyHeader: header("X-API-Key", "The API key."),
  firehose: header("X-Amz-Firehose-Access-Key", "The API key, as Amazon Data Firehose shows it."),
  gitlabToken: header("X-Gitlab-Token", "The API key, in the format gitlab alone."),
  githubSignature: header(
    "X-Hub-Signature-256",
    "sha256= and the HMAC of the body, in the format github alone; the parameter source says whose.",
  ),
  webhookSignature: header(
    "Webhook-Signature",
    "As Standard Webhooks has it, in the formats standard-webhooks and gitlab alone; the parameter source says whose.",
  ),
};
/** For services that are set to look there. */
const IN_QUERY: DocumentPart = { type: "apiKey", in: "query", name: "access_token", description: "The API key." };

const FOREIGN = ["key", "basic", "splunk", "apiKeyHeader", "firehose"];

export type SecurityOptions = { readonly keysInQuery?: boolean | undefined };

export function securitySchemes({ keysInQuery = false }: SecurityOptions): DocumentPart {
  return keysInQuery ? { ...SCHEMES, accessToken: IN_QUERY } : SCHEMES;
}

/** What a request of an operation has to show: one of the list. */
export function securityOf(operation: Operation, { keysInQuery = false }: SecurityOptions): readonly DocumentPart[] {
  const { permission, path, foreign } = operation;
  const isLedgers = path !== undefined && Object.hasOwn(path.shape, "ledger");
  // What is for everybody is so except of a ledger whose name must not be guessed.
  if (permission === undefined) return isLedgers ? [{}, { key: [] }] : [];
  if (foreign === undefined) return [{ key: [] }];
  // The path has it.
  if (path !== undefined && Object.hasOwn(path.shape, "key")) return [];
  const names = [
    ...FOREIGN,
    ...(foreign.format === undefined ? ["gitlabToken"] : []),
    ...(foreign.maySign === true ? ["githubSignature", "webhookSignature"] : []),
    ...(keysInQuery ? ["accessToken"] : []),
  ];
  return names.map((name) => ({ [name]: [] }));
}
