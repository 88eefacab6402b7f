/**
 * A proxy in front of a service, as nginx with `location /hf/ { proxy_pass http://service/; }`: the pages are under a
 * prefix. It can hold answers back, answer 502 in the service's place, and cut connections.
 */

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const PREFIX = "/hf";

export type PrefixProxy = {
  /** Where the pages are, with the prefix and without a slash at its end. */
  readonly url: string;
  /** What becomes of requests of the API from now on. */
  mode: "pass" | "hold" | "502" | "cut";
  /** Requests of the API that are held in mode `hold`; undefined: all. */
  holds: RegExp | undefined;
  /** Breaks off every tail that goes through it. */
  cutTails(): void;
  close(): Promise<void>;
};

/** @param service address of the service */
export async function startPrefixProxy(service: string): Promise<PrefixProxy> {
  const tails = new Set<ServerResponse>();
  /** What comes as it comes, until one of both ends goes. */
  const passOn = async (answer: Response, res: ServerResponse): Promise<void> => {
    tails.add(res);
    try {
      for await (const piece of answer.body ?? []) res.write(piece);
      res.end();
    } catch {
      res.destroy();
    } finally {
      tails.delete(res);
    }
  };
  const server = createServer(async (req, res) => {
    const path = req.url ?? "";
    if (!path.startsWith(`${PREFIX}/`)) return void res.writeHead(404).end("not under the prefix");
    const rest = path.slice(PREFIX.length);
    const isApi = rest.startsWith("/v1/");
    if (isApi && proxy.mode === "cut") return void req.destroy();
    if (isApi && proxy.mode === "502")
      return void res.writeHead(502, { "Content-Type": "text/html" }).end("<h1>502</h1>");
    if (isApi && proxy.mode === "hold" && (proxy.holds?.test(rest) ?? true)) return;
    const { authorization, "last-event-id": lastId } = req.headers;
    const sent: Record<string, string> = {};
    if (authorization !== undefined) sent.authorization = authorization;
    if (lastId !== undefined) sent["last-event-id"] = String(lastId);
    const leaving = new AbortController();
    res.on("close", () => leaving.abort());
    const answer = await fetch(service + rest, { headers: sent, signal: leaving.signal }).catch(() => undefined);
    if (answer === undefined) return void req.destroy();
    const type = answer.headers.get("content-type") ?? "";
    const policy = answer.headers.get("content-security-policy") ?? "";
    res.writeHead(answer.status, { "Content-Type": type, "Content-Security-Policy": policy });
    if (type.startsWith("text/event-stream")) await passOn(answer, res);
    else {
      const body = await answer.arrayBuffer().catch(() => undefined);
      if (body === undefined) res.destroy();
      else res.end(Buffer.from(body));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: PrefixProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${PREFIX}`,
    mode: "pass",
    holds: undefined,
    cutTails: () => {
      for (const tail of tails) tail.destroy();
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return proxy;
}
