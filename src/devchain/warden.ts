/**
 * The warden before the embedded chain's node: the address that people and programs are told. Programs of this machine ask
 * whatever they like. A page in a browser asks only where its origin is one that was set, and only what reads; any other
 * page gets nothing, whatever it calls this machine, and there is no WebSocket, which browsers open to everybody.
 * Why: docs/decisions/0185.
 */

import {
  Agent,
  createServer,
  type IncomingMessage,
  request as requestOf,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { readJson } from "../json/read.ts";
import { partCalls } from "./reads.ts";

export type WardenOptions = {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly nodeUrl: string;
  /** Origins whose pages may read. */
  readonly pageOrigins: readonly string[];
};

/** Of one request of a page; a batch of an explorer is a few KiB. */
const REQUEST_BYTES_MAX = 256 * 1024;
/** Of the requests in it. */
const BATCH_MAX = 200;
/** Requests of pages at once: the node works on them beside those of the service. */
const PAGES_MAX = 32;
/** What is read of an answer that is put together with refusals. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const PREFLIGHT_S = 600;
/** Without anything moving on a connection; as long as this program itself waits for the node. */
const IDLE_MS = 120_000;
/** Names of this machine that no name server gives away: a page of another one may not call it by that one's name. */
const OWN_NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

/** An answer of the warden's own. */
class WardenRefusal extends Error {
  override readonly name = "WardenRefusal";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class NodeWarden {
  readonly url: string;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #options: WardenOptions;
  #pages = 0;

  /** Listens on loopback. @throws what listen() reports, such as EADDRINUSE */
  static async open(options: WardenOptions): Promise<NodeWarden> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, "127.0.0.1", resolve);
    });
    return new NodeWarden(options, server);
  }

  private constructor(options: WardenOptions, server: Server) {
    this.#options = options;
    this.#server = server;
    server.timeout = IDLE_MS;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("request", (req, res) => void this.#answer(req, res));
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      if (!OWN_NAME.test(req.headers.host ?? ""))
        throw new WardenRefusal(403, "expected a name of this machine in Host");
      const origin = this.#pageOrigin(req);
      if (origin === undefined) await this.#forward(req, res);
      else await this.#answerPage(req, res, origin);
    } catch (error) {
      if (res.headersSent) res.destroy();
      else if (error instanceof WardenRefusal) end(res, error.status, { error: error.message });
      else end(res, 502, { error: "the embedded chain does not answer; it may be starting again" });
    }
  }

  /** The origin of the page that asks; undefined for a program. @throws WardenRefusal for a page of another origin */
  #pageOrigin({ headers }: IncomingMessage): string | undefined {
    // Browsers say of a request whence it comes, also where they send no origin.
    const isPage = headers.origin !== undefined || headers["sec-fetch-site"] !== undefined;
    if (!isPage) return undefined;
    if (headers.origin !== undefined && this.#options.pageOrigins.includes(headers.origin)) return headers.origin;
    throw new WardenRefusal(403, "expected a page of the service or of the explorer that is set");
  }

  async #forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.method !== "POST") throw new WardenRefusal(405, "expected POST with a JSON-RPC request");
    const { "content-type": type, "content-length": length } = req.headers;
    const headers: Record<string, string> = {};
    if (type !== undefined) headers["Content-Type"] = type;
    if (length !== undefined) headers["Content-Length"] = length;
    await this.#pass(res, headers, (node) => req.pipe(node));
  }

  async #answerPage(req: IncomingMessage, res: ServerResponse, origin: string): Promise<void> {
    res.setHeader("Access-Control-Allow-Origin", origin);
    res.setHeader("Vary", "Origin");
    if (req.method === "OPTIONS") {
      res.writeHead(204, {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "Content-Type",
        "Access-Control-Max-Age": PREFLIGHT_S,
      });
      res.end();
      return;
    }
    if (req.method !== "POST") throw new WardenRefusal(405, "expected POST with a JSON-RPC request");
    if (this.#pages >= PAGES_MAX)
      throw new WardenRefusal(503, `expected at most ${PAGES_MAX} requests of pages at once`);
    this.#pages += 1;
    try {
      await this.#answerCalls(await readBody(req), res);
    } finally {
      this.#pages -= 1;
    }
  }

  /** What reads is asked, what does not is refused, each in its place in a batch: one must not spoil the others. */
  async #answerCalls(asked: unknown, res: ServerResponse): Promise<void> {
    const { isBatch, admitted, refused } = partCalls(asked);
    const isTooMany = admitted.length + refused.length > BATCH_MAX;
    if (isTooMany) throw new WardenRefusal(413, `expected at most ${BATCH_MAX} requests in a batch`);
    if (admitted.length === 0) return end(res, 200, isBatch ? refused : refused[0]);
    // Written anew: what was looked at is what the node reads.
    const body = JSON.stringify(isBatch ? admitted : admitted[0]);
    const headers = { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(body)) };
    const send = (node: NodeJS.WritableStream) => node.end(body);
    if (refused.length === 0) return this.#pass(res, headers, send);
    const answers = readJson((await readBounded(await this.#ask(headers, send), ANSWER_BYTES_MAX)).toString());
    end(res, 200, [...(Array.isArray(answers) ? answers : [answers]), ...refused]);
  }

  /** Hands on what the node answers, as it comes. */
  async #pass(res: ServerResponse, headers: Record<string, string>, send: Sending): Promise<void> {
    const answer = await this.#ask(headers, send, res);
    const { "content-type": type = "application/json", "content-length": length } = answer.headers;
    res.writeHead(answer.statusCode ?? 502, { "Content-Type": type, ...HEADERS, ...lengthOf(length) });
    answer.on("error", () => res.destroy());
    answer.pipe(res);
    await new Promise((resolve) => res.once("close", resolve));
  }

  #ask(headers: Record<string, string>, send: Sending, res?: ServerResponse): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const node = requestOf(this.#options.nodeUrl, { method: "POST", headers, agent: this.#agent });
      node.once("response", resolve);
      node.on("error", reject);
      // Whoever has gone away is not worked for.
      res?.once("close", () => node.destroy());
      send(node);
    });
  }
}

type Sending = (node: NodeJS.WritableStream) => unknown;

const HEADERS = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } as const;

function lengthOf(length: string | undefined): Record<string, string> {
  return length === undefined ? {} : { "Content-Length": length };
}

function end(res: ServerResponse, status: number, value: unknown): void {
  res.writeHead(status, {
    "Content-Type": "application/json",
    ...HEADERS,
    Connection: status < 300 ? "keep-alive" : "close",
  });
  res.end(JSON.stringify(value));
}

async function readBody(req: IncomingMessage): Promise<unknown> {
  const text = (await readBounded(req, REQUEST_BYTES_MAX)).toString();
  try {
    return readJson(text);
  } catch {
    throw new WardenRefusal(400, "expected a JSON-RPC request, got no JSON");
  }
}

async function readBounded(from: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of from as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > bytesMax) throw new WardenRefusal(413, `expected at most ${bytesMax} bytes, got more`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
