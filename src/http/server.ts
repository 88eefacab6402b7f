/**
 * The HTTP server around the app: the limits that hold before a request is one. No client can keep a connection,
 * a header or a body open for ever, and what is not HTTP gets a problem, too.
 */

import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { deferred } from "../deferred.ts";
import type { Code } from "./api/codes.ts";
import { followHandshakes, handshakeOptions, type Secure } from "./handshakes.ts";
import { Problem, problemBody, problemHeaders } from "./problem.ts";
import { sendProblem } from "./reply.ts";
import type { HttpLimits, Services } from "./services.ts";
import { registerConnections, tellOfCuts } from "./wire/connection-metrics.ts";
import { Connections, connectionOf } from "./wire/connections.ts";
import { framingProblem } from "./wire/framing.ts";

/** How often Node looks for requests that are late. */
const CHECK_MS = 1000;
/** Requests that are late are found by the connections (wire/connections.ts), and by Node so much later. */
const BEHIND_MS = 60_000;
/** How often a server that closes looks for connections that have nothing to do any more. */
const SWEEP_MS = 50;

const CODE_OF_CLIENT_ERROR: Readonly<Record<string, readonly [Code, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ["request_timeout", "expected the whole request sooner"],
  HPE_HEADER_OVERFLOW: ["headers_too_large", "expected smaller headers"],
};

export type Server = HttpServer | HttpsServer;

type Telling = Pick<Services, "metrics" | "log">;

const CONNECTIONS = new WeakMap<Server, Connections>();

/** What the servers of a service share: places, turns, and how much may be held. */
export function openConnections(limits: HttpLimits, telling: Telling): Connections {
  const connections = new Connections(limits, tellOfCuts(telling));
  registerConnections(telling.metrics, connections);
  return connections;
}

/** What a server works with. */
export type ServerParts = Telling & {
  readonly connections: Connections;
  /** How it speaks TLS; it speaks plain HTTP when absent. */
  readonly secure?: Secure | undefined;
};

/** A server that is not listening yet. */
export function createServer(app: RequestListener, limits: HttpLimits, parts: ServerParts): Server {
  const { connections, secure } = parts;
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    connectionOf(req.socket)?.begin(req, res);
    const problem = framingProblem(req);
    if (problem === undefined) app(req, res);
    else sendProblem(req, res, problem);
  };
  const options: ServerOptions = {
    requestTimeout: longestArrivalMs(limits) + BEHIND_MS,
    headersTimeout: Math.min(limits.headersMs, limits.requestMs),
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: CHECK_MS,
    maxHeaderSize: limits.headersBytesMax,
    noDelay: true,
  };
  const server =
    secure === undefined
      ? createHttpServer(options, listener)
      : createHttpsServer({ ...options, ...handshakeOptions(secure, limits) }, listener);
  if (secure !== undefined) followHandshakes(server as HttpsServer, secure, parts);
  CONNECTIONS.set(server, connections);
  connections.follow(server, secure !== undefined);
  // Whatever else a client keeps open without doing anything.
  server.setTimeout(limits.idleMs + limits.requestMs, (socket) => socket.destroy());
  // The app says "100 Continue" itself, when it has decided to read the body.
  server.on("checkContinue", listener);
  server.on("clientError", answerClientError);
  return server;
}

/** Takes no more requests, lets those that are being answered finish, and after a time closes what is still open. */
export function closeServer(server: Server, graceMs: number): Promise<void> {
  CONNECTIONS.get(server)?.stop();
  const { promise, resolve } = deferred<void>();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  // A connection whose last answer left after this would stay open for as long as its client likes.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  server.close(() => {
    clearTimeout(timer);
    clearInterval(sweep);
    resolve();
  });
  return promise;
}

/** What the largest body takes at the pace that is asked for. */
function longestArrivalMs(limits: HttpLimits): number {
  const { requestMs, requestBytesPerS, requestBytesMax, foreignBytesMax } = limits;
  return requestMs + Math.ceil((Math.max(requestBytesMax, foreignBytesMax) / requestBytesPerS) * 1000);
}

function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Without a connection TLS was not agreed upon, and nobody there would understand an answer.
  if (error.code === "ECONNRESET" || !socket.writable || connectionOf(socket) === undefined) {
    socket.destroy();
    return;
  }
  // An answer in the middle of another one, or behind one that said it was the last, would be taken for a part of it.
  if (connectionOf(socket)?.isAnswering === true) {
    socket.end();
    return;
  }
  const [code, detail] = CODE_OF_CLIENT_ERROR[error.code ?? ""] ?? ["request_invalid", "expected HTTP/1.1"];
  const problem = new Problem(code, detail);
  const body = problemBody(problem);
  const headers = Object.entries(problemHeaders(problem, body)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${headers.join("")}Connection: close\r\n\r\n${body}`,
  );
}
