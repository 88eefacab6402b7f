/** The command line's way to a chain: deadlines, busy nodes, credentials, and answers that are none. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { connectChain } from "../../../src/cli/remote/node.ts";
import { ServiceClient } from "../../../src/cli/remote/service-client.ts";
import { deadUrl, type Reply, serveHttp } from "../fake-http.ts";

const CHAIN_ID: Reply = { body: { jsonrpc: "2.0", id: 1, result: "0x1" } };

test("a node that never answers is given up in time, and soon not asked at all", async (t) => {
  const { url, asked } = await serveHttp(t, () => new Promise(() => undefined));
  const reader = connectChain(url, "finalized", 100);
  for (let i = 0; i < 3; i++)
    await assert.rejects(reader.chainId(), /127\.0\.0\.1:\d+: eth_chainId: no answer within 100 ms/);
  await assert.rejects(reader.chainId(), /did not answer 3 times/);
  // On a busy machine a request may be given up before the node has heard of it.
  assert.ok(asked.length <= 3, `asked ${asked.length} times`);
});

/** A server whose answer has no end. */
async function endlessUrl(t: TestContext): Promise<string> {
  const server = createServer((_, res) => {
    const piece = Buffer.alloc(1024 * 1024, 0x20);
    const more = (): void => {
      while (!res.destroyed && res.write(piece));
    };
    res.on("drain", more);
    more();
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("a node or a service that never ends its answer is given up when it is too large", async (t) => {
  const url = await endlessUrl(t);
  const reader = connectChain(url, "finalized", 10_000);
  await assert.rejects(reader.chainId(), /at most 65536 bytes, got more/);
  const service = new ServiceClient({ url }, {}, 1_000_000);
  await assert.rejects(service.ask("/v1/ledgers"), /at most 1000000 bytes, got more/);
});

test("a busy node is asked again", async (t) => {
  const replies: Reply[] = [{ status: 429, body: "slow down" }, CHAIN_ID];
  const { url, asked } = await serveHttp(t, () => replies.shift() ?? { status: 500 });
  assert.equal(await connectChain(url, "finalized").chainId(), 1);
  assert.equal(asked.length, 2);
});

test("an answer between two silences begins the count again", async (t) => {
  const replies: Reply[] = [{ status: 502 }, { status: 502 }, CHAIN_ID, { status: 502 }, { status: 502 }, CHAIN_ID];
  const { url } = await serveHttp(t, () => replies.shift() ?? { status: 500 });
  const reader = connectChain(url, "finalized");
  const outcomes: unknown[] = [];
  for (let i = 0; i < 6; i++) outcomes.push(await reader.chainId().catch(() => "silent"));
  assert.deepEqual(outcomes, ["silent", "silent", 1, "silent", "silent", 1]);
});

test("credentials travel in a header and are not in the address", async (t) => {
  const { url, asked } = await serveHttp(t, () => CHAIN_ID);
  await connectChain(`${url.replace("//", "//me:p%40ss@")}/v2/key`, "finalized").chainId();
  assert.equal(asked[0]?.headers.authorization, `Basic ${Buffer.from("me:p@ss").toString("base64")}`);
  assert.equal(asked[0]?.path, "/v2/key");
});

test("errors of the node, and answers that are none, are told with the host only", async (t) => {
  const replies: readonly [Reply, RegExp][] = [
    [{ body: { error: { message: "no such method" } } }, /: eth_chainId: no such method$/],
    [{ body: { error: 7 } }, /an error without a message/],
    [{ body: {} }, /expected a JSON-RPC answer, got "\{\}"/],
    [{ status: 404, body: "<html>" }, /: HTTP status 404$/],
    [{ body: [1] }, /expected a JSON-RPC answer, got: "\[1\]"/],
    [{ status: 301, headers: { Location: "http://127.0.0.1:9/" } }, /got a redirection \(HTTP status 301\)/],
  ];
  for (const [reply, expected] of replies) {
    const { url } = await serveHttp(t, () => reply);
    await assert.rejects(connectChain(`${url}/secret`, "finalized").chainId(), (error: Error) => {
      assert.match(error.message, expected);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
  await assert.rejects(connectChain(await deadUrl(), "finalized").chainId(), /ECONNREFUSED/);
  assert.throws(() => connectChain("ftp://host/", "finalized"), /Expected an http or https URL/);
});
