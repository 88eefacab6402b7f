/** A JSON-RPC proxy that harms requests by a rule: the network, and endpoints, as they are on a bad day. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Harm =
  /** The request does not arrive. */
  | "drop"
  /** It arrives, and the answer does not. */
  | "swallow"
  /** It arrives twice. */
  | "duplicate"
  /** The answer comes too late. */
  | "delay"
  /** The answer breaks off. */
  | "truncate"
  /** An answer that is no answer. */
  | "garbage"
  /** An error of the proxy's own, and the request does not arrive. */
  | "error"
  /** The same, and the request does arrive. */
  | "error_after"
  /** Status 503. */
  | "status"
  /** Null where there is something. */
  | "null";

type Request = { readonly id: number; readonly method: string; readonly params: readonly unknown[] };

export class HarmfulProxy {
  /** Which harm a request gets; the count is of its method, from 0. */
  rule: (method: string, count: number) => Harm | undefined = () => undefined;
  /** Longer than the client waits. */
  delayMs = 400;
  readonly requests: Request[] = [];
  readonly #target: string;
  readonly #server: Server;
  readonly #counts = new Map<string, number>();

  static async start(target: string): Promise<HarmfulProxy> {
    const proxy = new HarmfulProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  /** With what an endpoint's URL may hold and no log may show. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v3/s3cret-key`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += chunk;
    const call = JSON.parse(body) as Request;
    this.requests.push(call);
    const count = this.#counts.get(call.method) ?? 0;
    this.#counts.set(call.method, count + 1);
    const harm = this.rule(call.method, count);
    if (harm === "drop") return void response.destroy();
    if (harm === "status") return void response.writeHead(503).end("upstream went away");
    if (harm === "garbage") return void response.end("<html>hello</html>");
    const failure = { jsonrpc: "2.0", id: call.id, error: { code: -32_000, message: "something went wrong" } };
    if (harm === "error") return void response.end(JSON.stringify(failure));
    const answer = await this.#forward(body);
    if (harm === "error_after") return void response.end(JSON.stringify(failure));
    if (harm === "duplicate") await this.#forward(body);
    if (harm === "swallow") return void response.destroy();
    if (harm === "delay") await sleep(this.delayMs);
    if (harm === "null") return void response.end(JSON.stringify({ jsonrpc: "2.0", id: call.id, result: null }));
    if (harm !== "truncate") return void response.end(answer);
    response.writeHead(200, { "content-length": answer.length });
    response.write(answer.slice(0, answer.length / 2), () => response.destroy());
  }

  async #forward(body: string): Promise<string> {
    const headers = { "content-type": "application/json" };
    return (await fetch(this.#target, { method: "POST", headers, body })).text();
  }
}
