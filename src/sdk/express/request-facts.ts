/**
 * What a request and its answer say: who asks, from where, how it ended. Of a URL only what the program itself wrote is
 * taken, the pattern of the route (mounts.ts): what a client puts into a path may be a name or a secret.
 */

import type { NewEvent } from "../client/event.ts";

/** What is used of a request of Express, 4 and 5 alike. */
export type AuditedRequest = {
  readonly method: string;
  readonly baseUrl?: string;
  readonly route?: { readonly path?: unknown };
  readonly ip?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: unknown;
  readonly query?: unknown;
  readonly params?: unknown;
};

/** What is used of an answer. */
export type AuditedResponse = {
  readonly statusCode: number;
  readonly writableFinished: boolean;
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  writeHead(status: number, headers: Readonly<Record<string, string>>): { end(body: string): unknown };
  once(event: "close", listener: () => void): unknown;
};

type User = Readonly<Record<string, unknown>>;

/** Where users have their names, in order. */
const USER_IDS = ["id", "sub", "uid", "userId", "username", "email"];
const TRACE = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
const TEXT_MAX = 2048;

/** Who asks: what an authentication of Express puts into `user`; nobody is anonymous. */
export function userOf(req: AuditedRequest): NewEvent["actor"] {
  const { user } = req as { readonly user?: unknown };
  if (typeof user === "string" && user !== "") return { type: "user", id: user };
  const held = typeof user === "object" && user !== null ? (user as User) : {};
  for (const name of USER_IDS) {
    const id = held[name];
    if ((typeof id === "string" && id !== "") || Number.isSafeInteger(id)) {
      const { name: called } = held;
      return { type: "user", id: String(id), ...(typeof called === "string" && called !== "" && { name: called }) };
    }
  }
  return { type: "anonymous", id: "anonymous" };
}

/** From where, by the program's own setting of `trust proxy`, and what names the request elsewhere. */
export function contextOf(req: AuditedRequest): NonNullable<NewEvent["context"]> {
  const { ip, headers } = req;
  const { id } = req as { readonly id?: unknown };
  const agent = headers["user-agent"];
  const trace = TRACE.exec(String(headers.traceparent ?? ""))?.[1];
  const isNamed = typeof id === "string" || typeof id === "number";
  return {
    ...(ip !== undefined && { ip }),
    ...(typeof agent === "string" && { user_agent: agent.slice(0, TEXT_MAX) }),
    ...(isNamed && { request_id: String(id).slice(0, TEXT_MAX) }),
    ...(trace !== undefined && { trace_id: trace }),
  };
}

/** How it ended: a client that went away before the answer was written does not say how. */
export function outcomeOf({ statusCode, writableFinished }: AuditedResponse): NonNullable<NewEvent["outcome"]> {
  if (!writableFinished) return "unknown";
  if (statusCode === 401 || statusCode === 403) return "denied";
  return statusCode < 400 ? "success" : "failure";
}
