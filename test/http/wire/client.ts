/** A server with an app of the test's own, and clients that are sockets: what they send is bytes, and they read when told. */

import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Request, Response } from "express";
import { serve } from "../../../src/http/reply.ts";
import { closeServer, createServer, openConnections, type Server } from "../../../src/http/server.ts";
import { HTTP_LIMITS, type HttpLimits } from "../../../src/http/services.ts";
import { createMetrics, type Metrics } from "../../../src/metrics.ts";
import { CONNECTED, connectTo, secure } from "./transport.ts";

export type Listening = {
  readonly server: Server;
  readonly port: number;
  readonly metrics: Metrics;
  /** The service's side of every connection, in the order in which they came. */
  readonly sockets: Socket[];
  readonly warnings: string[];
  close(): Promise<void>;
};

/** Starts a server around an app. */
export async function listen(app: RequestListener, limits: Partial<HttpLimits> = {}): Promise<Listening> {
  const metrics = createMetrics();
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const warn = (_: object, message: string): void => void warnings.push(message);
  const log = { debug: quiet, info: quiet, warn, error: quiet };
  const all = { ...HTTP_LIMITS, ...limits };
  const connections = openConnections(all, { metrics, log });
  const server = createServer(app, all, { metrics, log, connections, ...secure });
  const sockets: Socket[] = [];
  server.on(CONNECTED, (socket: Socket) => sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { server, port, metrics, sockets, warnings, close: () => closeServer(server, 0) };
}

/** Larger than what the kernel takes of a connection whose client does not read. */
export const LARGE = 24 * 1024 * 1024;

/** An app that does with a large answer what the routes do. */
export function sendLarge(req: IncomingMessage, res: ServerResponse): void {
  const quiet = (): void => undefined;
  const tools = { log: { debug: quiet, info: quiet, warn: quiet, error: quiet }, count: quiet };
  const handler = serve(tools, "GET /", () => ({ status: 200, body: Buffer.alloc(LARGE, "x") }));
  void handler(req as Request, res as Response, quiet);
}

/** A client that is connected and does not read yet. */
export function client(port: number): Promise<Socket> {
  return connectTo(port);
}

/** Everything that comes until the other side ends. */
export async function readAll(socket: Socket): Promise<string> {
  if (socket.destroyed) return "";
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}

/** The text of a request. */
export function get(path: string, ...headers: readonly string[]): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers.map((header) => `${header}\r\n`).join("")}\r\n`;
}

/** A body as it was sent. */
export async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("latin1");
}

/** The value of a metric without labels, or with these. */
export async function metricOf(metrics: Metrics, name: string): Promise<number> {
  const line = (await metrics.text()).split("\n").find((each) => each.startsWith(`holdfast_${name} `));
  return Number(line?.split(" ").at(-1) ?? Number.NaN);
}

/** Waits until something is so; a minute is for a busy machine, and for nothing that is asserted. */
export async function until(what: string, look: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await look()); await sleep(20)) {
    if (Date.now() > end) throw new Error(`expected ${what} within a minute`);
  }
}
