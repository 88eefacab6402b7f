/** Nodes that mean harm: whatever they do, requests end, connections end with them, and memory stays small. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { connectEndpoint } from "../../src/chain/node/endpoint.ts";
import { AnswerError, fetchBounded } from "../../src/net/bounded-fetch.ts";
import { until } from "../until.ts";

const TIMEOUT_MS = 200;
const MIB = 1024 * 1024;

type Node = { readonly url: string; readonly open: () => number };

async function serve(t: TestContext, answer: RequestListener): Promise<Node> {
  let open = 0;
  const server = createServer((req, res) => {
    open++;
    res.on("close", () => open--);
    res.on("error", () => undefined);
    answer(req, res);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`, open: () => open };
}

/** Asks once, and waits until the node has seen the connection end. */
async function failureOf(node: Node): Promise<string> {
  const endpoint = connectEndpoint(node.url, TIMEOUT_MS);
  const failure = await endpoint.request("eth_chainId", []).then(
    (answer) => `answered ${String(answer)}`,
    (error: Error) => error.message,
  );
  endpoint.close();
  await until("no connection that is left open", () => node.open() === 0);
  assert.doesNotMatch(failure, /secret-path/);
  return failure.replace(/^127\.0\.0\.1:\d+: /, "");
}

test("a node that never answers, or drips, is given up and its connection ended", async (t) => {
  const silent = await serve(t, () => undefined);
  assert.equal(await failureOf(silent), `no answer within ${TIMEOUT_MS} ms`);
  const dripping = await serve(t, (_, res) => {
    res.writeHead(200);
    const timer = setInterval(() => res.write(" "), 20);
    res.on("close", () => clearInterval(timer));
  });
  assert.equal(await failureOf(dripping), `no answer within ${TIMEOUT_MS} ms`);
});

test("an answer without end is cut off at what the call can have", async (t) => {
  let sent = 0;
  const endless = await serve(t, (_, res) => {
    const more = () => {
      while (!res.destroyed && res.write(Buffer.alloc(65_536, " "))) sent += 65_536;
    };
    res.on("drain", more);
    more();
  });
  assert.match(await failureOf(endless), /^expected at most 65536 bytes, got more$|^no answer within/);
  assert.ok(sent < 64 * MIB, `expected the node to be stopped, it sent ${sent} bytes`);
});

test("a redirection is not followed", async (t) => {
  const elsewhere = await serve(t, (_, res) => res.end('{"jsonrpc":"2.0","id":1,"result":"0x1"}'));
  const node = await serve(t, (_, res) => res.writeHead(307, { Location: elsewhere.url }).end());
  assert.equal(await failureOf(node), "expected an answer, got a redirection (HTTP status 307)");
});

test("user and password of a URL travel, and a closed endpoint asks no more", async (t) => {
  let travelled = "";
  const node = await serve(t, (req, res) => {
    travelled = Buffer.from(req.headers.authorization?.slice(6) ?? "", "base64").toString();
    res.end(JSON.stringify({ jsonrpc: "2.0", id: 1, result: "0x1" }));
  });
  const endpoint = connectEndpoint(node.url.replace("//", "//me:p%40ss@"), TIMEOUT_MS);
  assert.equal(await endpoint.request("eth_chainId", []), "0x1");
  assert.equal(travelled, "me:p@ss");
  endpoint.close();
  await assert.rejects(endpoint.request("eth_chainId", []), { kind: "unavailable" });
});

test("an address with user and password is refused without being said", async () => {
  const asked = fetchBounded("http://user:secret-word@127.0.0.1:9/x", { timeoutMs: TIMEOUT_MS, bytesMax: 1 });
  await assert.rejects(asked, (error: Error) => error instanceof AnswerError && !/secret-word/.test(error.message));
});
