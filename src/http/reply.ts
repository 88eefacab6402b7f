/**
 * From what a route returns to what goes over the wire: every answer is counted, and is a problem when the route
 * throws. A client that is refused before its body has arrived is heard out for a moment, because a
 * connection closed with bytes unread is reset, and the reset can overtake the answer.
 * Why: docs/decisions/0052.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Request, RequestHandler, Response } from "express";
import { inTime } from "../clock.ts";
import type { Log } from "../log.ts";
import { DisconnectedError } from "./intake/body.ts";
import { Problem, problemBody, problemHeaders, problemOf, titleOf } from "./problem.ts";
import { connectionOf } from "./wire/connections.ts";
import { matches, tagOf } from "./wire/entity-tags.ts";
import { type StreamBody, sendStream } from "./wire/stream.ts";

/** How long an answer may be kept by a cache. */
export type Caching = "immutable" | "immutable private" | "revalidate" | "no-store";

/** An answer; a body of undefined is none. */
export type Reply = {
  readonly status: number;
  readonly body?: string | Uint8Array;
  /** Makes the body piece by piece, in the place of one that is there. */
  readonly stream?: StreamBody;
  /** What was sent of such a one, for its trace; asked when it has ended. */
  readonly counted?: () => Readonly<Record<string, unknown>>;
  /** application/json unless said otherwise. */
  readonly type?: string;
  readonly caching?: Caching;
  /** Its validator, computed from the body when absent. */
  readonly tag?: string;
  /** Whether the body stays in memory for all, and is held for nobody. */
  readonly isShared?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
};

export type Handler = (req: Request, res: Response) => Promise<Reply> | Reply;

/** What answering needs. */
export type ReplyTools = {
  readonly log: Log;
  readonly count: (route: string, status: number, seconds: number, code: string) => void;
  /** Hears of every request that is refused. */
  readonly refused?: (req: IncomingMessage, problem: Problem, route: string) => void;
};

const CACHE_CONTROL: Readonly<Record<Caching, string>> = {
  immutable: "public, max-age=31536000, immutable",
  "immutable private": "private, max-age=31536000, immutable",
  revalidate: "private, no-cache",
  "no-store": "no-store",
};
/** A body this small that nobody has read yet is read and dropped, and the connection kept. */
const DROPPED_BYTES = 64 * 1024;
const LINGER_MS = 5000;
/** Of a large answer, what is written at once. */
const SLICE_BYTES = 64 * 1024;

/** JSON as an answer. */
export function json(status: number, value: unknown, caching: Caching = "no-store"): Reply {
  return { status, body: JSON.stringify(value), caching };
}

/** An Express handler that answers with what a route returns or throws. */
export function serve(tools: ReplyTools, route: string, handler: Handler): RequestHandler {
  const run = async (req: Request, res: Response): Promise<Reply> => handler(req, res);
  return (req, res) => {
    const started = performance.now();
    const done = (status: number, code: string) =>
      tools.count(route, status, (performance.now() - started) / 1000, code);
    run(req, res)
      .then(async (reply) => {
        if (reply.stream === undefined) done(send(req, res, reply), "");
        else await stream(req, res, reply, reply.stream, () => done(reply.status, ""));
      })
      .catch((error: unknown) => fail(tools, req, res, route, error, done));
  };
}

function fail(
  { log, refused }: ReplyTools,
  req: Request,
  res: Response,
  route: string,
  error: unknown,
  done: (status: number, code: string) => void,
): void {
  if (error instanceof DisconnectedError) {
    log.debug({ route }, error.message);
    res.destroy();
    done(499, "disconnected");
    return;
  }
  const { problem, unexpected } = problemOf(error);
  const { requestId } = problem.extra;
  // What is made piece by piece may fail in the middle, and was counted when it began.
  if (unexpected || (res.headersSent && !res.destroyed))
    log.error({ err: error, route, requestId }, "a request failed");
  // What was wrong with it may be what somebody said, which only they are told.
  else log.debug({ route, code: problem.code }, titleOf(problem.code));
  const isBegun = res.headersSent;
  if (!isBegun) refused?.(req, problem, route);
  sendProblem(req, res, problem);
  if (!isBegun) done(problem.status, problem.code);
}

/** What a client of ours is told about sending again, whose events have ids where that matters. */
const AGAIN_UNDER_ITS_ID = "what was sent may be recorded all the same, and sending it again under its id is safe";

/**
 * Waits for a promise, but not for ever. The arrival of a body is not in this time; the server limits that.
 * @param again whether what was asked may be asked again, for whoever reads the answer
 * @throws Problem deadline_exceeded
 */
export function within<T>(answerMs: number, promise: Promise<T>, again = AGAIN_UNDER_ITS_ID): Promise<T> {
  return inTime(answerMs, promise, () => {
    const detail = `expected to answer within ${answerMs} ms, got no result yet; ${again}`;
    return new Problem("deadline_exceeded", detail, { headers: { "Retry-After": "1" } });
  });
}

/** Sends a reply that is made piece by piece. @param begun is told when its head has left */
async function stream(
  req: Request,
  res: Response,
  { status, type = "application/json", headers }: Reply,
  body: StreamBody,
  begun: () => void,
): Promise<void> {
  const begin = (): void => {
    res.writeHead(status, {
      "Content-Type": type,
      "Cache-Control": CACHE_CONTROL["no-store"],
      "X-Content-Type-Options": "nosniff",
      ...headers,
    });
    begun();
  };
  if (req.method !== "HEAD") await sendStream(req, res, body, begin);
  else {
    begin();
    res.end();
  }
}

/** Sends a reply and returns its status, which is 304 when the client has it. */
function send(req: Request, res: Response, reply: Reply): number {
  const { status, body = "", type = "application/json", caching = "no-store", headers } = reply;
  const length = Buffer.byteLength(body);
  const fields: Record<string, string | number> = {
    ...(reply.body !== undefined && { "Content-Type": type }),
    "Content-Length": length,
    "Cache-Control": CACHE_CONTROL[caching],
    "X-Content-Type-Options": "nosniff",
    ...headers,
  };
  if (caching !== "no-store") {
    const tag = reply.tag ?? tagOf(body);
    // What may be compressed on its way has several spellings, so its validator is a weak one, RFC 9110 §8.8.1.
    fields.ETag = caching === "revalidate" ? `W/${tag}` : tag;
    if (matches(req, tag)) {
      delete fields["Content-Length"];
      res.writeHead(304, fields).end();
      return 304;
    }
  }
  res.writeHead(status, fields);
  if (req.method === "HEAD") res.end();
  else if (length > SLICE_BYTES)
    sendSlices(req, res, reply.isShared === true, typeof body === "string" ? Buffer.from(body) : body);
  else {
    connectionOf(req.socket)?.send(reply.isShared === true ? 0 : length);
    // Text of one byte a character is the same in both encodings, and this one is written with less work.
    if (length === body.length) res.end(body, "latin1");
    else res.end(body);
  }
  return status;
}

/** Writes a body a slice at a time, the next when the one before has left: what is taken is seen, and nothing is copied. */
function sendSlices(req: Request, res: Response, isShared: boolean, body: Uint8Array): void {
  const connection = connectionOf(req.socket);
  connection?.send(isShared ? 0 : body.length);
  let at = 0;
  const next = (error?: Error | null): void => {
    if (error || res.destroyed) return;
    connection?.moved();
    const slice = body.subarray(at, at + SLICE_BYTES);
    at += slice.length;
    if (at < body.length) res.write(slice, next);
    else res.end(slice);
  };
  next();
}

/** Answers with a problem; closes the connection when the rest of the request is not worth reading. */
export function sendProblem(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const body = problemBody(problem);
  const headers = problemHeaders(problem, body);
  // A client that still waits for "100 Continue" has nothing on the way; Node closes its connection.
  if (req.complete || isShort(req) || req.headers.expect !== undefined) {
    res.writeHead(problem.status, headers).end(body);
    return;
  }
  // Content-Length tells the client that this is all; end() waits, because it closes the socket with bytes unread.
  res.writeHead(problem.status, { ...headers, Connection: "close" }).write(body);
  const timer = setTimeout(() => res.end(), LINGER_MS);
  const end = (): void => {
    clearTimeout(timer);
    res.end();
  };
  req
    .on("data", () => undefined)
    .on("end", end)
    .on("close", end)
    .resume();
}

function isShort(req: IncomingMessage): boolean {
  return req.headers["transfer-encoding"] === undefined && Number(req.headers["content-length"] ?? 0) <= DROPPED_BYTES;
}
