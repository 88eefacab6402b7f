/**
 * Somebody between a client and a service who does what networks, proxies and liars do: answers in the service's place, hangs,
 * resets, cuts answers off, and alters them. What the service itself recorded can be asked of it beside that.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Json = Record<string, unknown>;

/** What is done with one request. */
export type Meddling =
  | "pass"
  /** Nothing is ever answered; the service does not hear of it. */
  | "hang"
  /** The service does its work, and nothing is answered. */
  | "hang after"
  | "reset"
  /** The service does its work, and the connection is reset. */
  | "reset after"
  /** The service does its work, and half of its answer comes. */
  | "cut"
  /** Answered in the service's place. */
  | {
      readonly status: number;
      readonly code?: string;
      readonly body?: string;
      readonly headers?: Record<string, string>;
    }
  /** The service's answer, altered. */
  | { readonly alter: (answer: Json) => void };

export type Met = { readonly method: string; readonly path: string; readonly body: string; readonly at: number };

export type Meddler = {
  readonly url: string;
  readonly met: Met[];
  /** What is done with the next requests, in order; all others pass, or meet `otherwise`. */
  readonly next: Meddling[];
  otherwise: Meddling;
  /** Where requests go. */
  target: string;
  /** Requests that were under way at once, at most. */
  readonly atOnce: { now: number; most: number };
};

export async function startMeddler(t: { after(end: () => Promise<void>): void }, target: string): Promise<Meddler> {
  const hanging = new Set<ServerResponse>();
  const server = createServer((req, res) => void handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const meddler: Meddler = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    met: [],
    next: [],
    otherwise: "pass",
    target,
    atOnce: { now: 0, most: 0 },
  };
  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { atOnce } = meddler;
    atOnce.now++;
    atOnce.most = Math.max(atOnce.most, atOnce.now);
    let isOver = false;
    const over = (): void => {
      if (!isOver) atOnce.now--;
      isOver = true;
    };
    res.on("close", over);
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { method = "", url: path = "", headers } = req;
    meddler.met.push({ method, path, body, at: performance.now() });
    const meddling = meddler.next.shift() ?? meddler.otherwise;
    if (meddling === "hang") return void hanging.add(res);
    if (meddling === "reset") return void req.socket.resetAndDestroy();
    if (typeof meddling === "object" && "status" in meddling) {
      over();
      return answer(res, meddling);
    }
    const { host: _, connection: __, "content-length": ___, ...kept } = headers;
    const init = { method, headers: kept as Record<string, string>, ...(method !== "GET" && { body }) };
    const answered = await fetch(meddler.target + path, init).catch(() => undefined);
    if (answered === undefined) return void req.socket.resetAndDestroy();
    const text = await answered.text();
    if (meddling === "hang after") return void hanging.add(res);
    if (meddling === "reset after") return void req.socket.resetAndDestroy();
    over();
    pass(res, answered, text, meddling);
  }
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return meddler;
}

function answer(res: ServerResponse, meddling: Extract<Meddling, { readonly status: number }>): void {
  const { status, code, headers = {}, body } = meddling;
  const problem =
    code === undefined ? undefined : JSON.stringify({ title: code, status, code, detail: `told ${code}` });
  res.writeHead(status, {
    "Content-Type": problem === undefined ? "text/html" : "application/problem+json",
    ...headers,
  });
  res.end(body ?? problem ?? "<html>a proxy</html>");
}

function pass(res: ServerResponse, answered: Response, text: string, meddling: Meddling): void {
  let said = text;
  if (typeof meddling === "object" && "alter" in meddling) {
    const value = JSON.parse(text) as Json;
    meddling.alter(value);
    said = JSON.stringify(value);
  }
  const headers: Record<string, string> = { "Content-Type": answered.headers.get("content-type") ?? "" };
  for (const name of ["holdfast-warning", "retry-after"]) {
    const value = answered.headers.get(name);
    if (value !== null) headers[name] = value;
  }
  res.writeHead(answered.status, { ...headers, "Content-Length": Buffer.byteLength(said) });
  if (meddling !== "cut") return void res.end(said);
  res.write(said.slice(0, Math.floor(said.length / 2)), () => res.socket?.destroy());
}
