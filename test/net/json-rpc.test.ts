/** Requests to a node whose connections end: kept ones that it closes in the moment they are used again, and all of them. */

import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import test, { type TestContext } from "node:test";
import { NodeSilentError, nodeAt, requestsTo } from "../../src/net/json-rpc.ts";

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a kept connection that the node closes as it is used again costs no answer", async (t) => {
  const used = new Set<Socket>();
  let cuts = 0;
  const url = await serve(t, (req, res) => {
    if (used.has(req.socket)) {
      cuts++;
      used.clear();
      req.socket.destroy();
      return;
    }
    used.add(req.socket);
    res.end('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
  });
  const request = requestsTo(nodeAt(url));
  for (let i = 0; i < 6; i++) assert.equal(await request("eth_chainId", []), "0x1");
  assert.ok(cuts > 0, "connections were kept");
});

test("a node that ends every connection is asked twice, and is silent", async (t) => {
  let asked = 0;
  const url = await serve(t, (req) => {
    asked++;
    req.socket.destroy();
  });
  await assert.rejects(requestsTo(nodeAt(url))("eth_chainId", []), NodeSilentError);
  assert.equal(asked, 2);
});
