/** What stands between a client and a bucket and does not mean well: it cuts, changes, answers itself, or says nothing. */

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export type Passing = { readonly method: string; readonly path: string; readonly body: Buffer };

/** What happens to a request; it is passed on unchanged where nothing is said. */
export type Fault =
  | { readonly kind: "cut" }
  | { readonly kind: "silent" }
  | { readonly kind: "answer"; readonly status: number; readonly body?: string }
  | { readonly kind: "body"; readonly body: Buffer }
  | { readonly kind: "answer-body"; readonly change: (body: Buffer) => Buffer }
  | undefined;

export type FaultProxy = { readonly url: string; readonly seen: Passing[]; fault: (passing: Passing) => Fault };

/** Signatures cover the host, so that it has to be said that the target is somebody else: the Host header is passed on. */
export async function startProxy(t: TestContext, target: string): Promise<FaultProxy> {
  const seen: Passing[] = [];
  const proxy = { url: "", seen, fault: (_: Passing): Fault => undefined };
  const server = createServer(async (req, res) => {
    const pieces: Buffer[] = [];
    for await (const piece of req) pieces.push(piece as Buffer);
    const passing = { method: req.method ?? "", path: req.url ?? "", body: Buffer.concat(pieces) };
    seen.push(passing);
    handle(req, res, { passing, target, fault: proxy.fault(passing) });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

type Handled = { readonly passing: Passing; readonly target: string; readonly fault: Fault };

function handle(req: IncomingMessage, res: ServerResponse, { passing, target, fault }: Handled): void {
  if (fault?.kind === "cut") {
    req.socket.destroy();
    return;
  }
  if (fault?.kind === "silent") return;
  if (fault?.kind === "answer") {
    res.writeHead(fault.status).end(fault.body ?? "");
    return;
  }
  const body = fault?.kind === "body" ? fault.body : passing.body;
  const headers = { ...req.headers, "content-length": String(body.length) };
  const onward = request(new URL(passing.path, target), { method: passing.method, headers }, (answer) => {
    const pieces: Buffer[] = [];
    answer.on("data", (piece: Buffer) => pieces.push(piece));
    answer.on("end", () => {
      const whole = Buffer.concat(pieces);
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      res.end(fault?.kind === "answer-body" ? fault.change(whole) : whole);
    });
  });
  onward.on("error", () => res.destroy());
  onward.end(body);
}
