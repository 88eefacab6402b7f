/** The warden before the embedded chain's node: which page may ask it, and what; and that no other way leads to the node. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { DevChain } from "../../src/devchain/devchain.ts";
import { quiet } from "../anchor/world.ts";

const EXPLORER = "http://localhost:5100";
const OTHERS = [
  "http://localhost:5101",
  "http://127.0.0.1:5100",
  "https://localhost:5100",
  "null",
  "http://evil.example",
];
const READ = { jsonrpc: "2.0", id: 1, method: "eth_blockNumber", params: [] };
/** What a page must never get done, whoever it is. */
const MUTATING = [
  "anvil_reset",
  "anvil_setCode",
  "hardhat_setBalance",
  "evm_mine",
  "evm_revert",
  "eth_sendTransaction",
  "eth_sendRawTransaction",
  "eth_newBlockFilter",
  "debug_traceCall",
  "ots_",
  "ETH_CALL",
  "constructor",
];

let folder: string;
let chain: DevChain;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-warden-"));
  chain = await DevChain.open({ dir: join(folder, "chain"), log: quiet, pageOrigins: [EXPLORER] });
});

after(async () => {
  await chain.close();
  await rm(folder, { recursive: true, force: true });
});

type Got = { readonly status: number; readonly origin: string | undefined; readonly text: string };

/** Sends what fetch would not let a test send, such as another Host. */
function ask(body: unknown, headers: Readonly<Record<string, string>> = {}, method = "POST"): Promise<Got> {
  return new Promise((resolve, reject) => {
    const sent = request(chain.url, { method, headers: { "Content-Type": "application/json", ...headers } }, (got) => {
      let text = "";
      got.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      got.on("end", () =>
        resolve({ status: got.statusCode ?? 0, origin: got.headers["access-control-allow-origin"] as string, text }),
      );
    });
    sent.on("upgrade", (got, socket) => {
      socket.destroy();
      resolve({ status: got.statusCode ?? 0, origin: undefined, text: "upgraded" });
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  });
}

async function height(): Promise<string> {
  return JSON.parse((await ask(READ)).text).result;
}

test("a page of the origin that is set may ask what reads, as a browser asks first", async () => {
  const preflight = await ask(undefined, { Origin: EXPLORER, "Access-Control-Request-Method": "POST" }, "OPTIONS");
  assert.deepEqual([preflight.status, preflight.origin], [204, EXPLORER]);
  const got = await ask(READ, { Origin: EXPLORER });
  assert.deepEqual(
    [got.status, got.origin, JSON.parse(got.text)],
    [200, EXPLORER, { jsonrpc: "2.0", id: 1, result: await height() }],
  );
});

test("a page of any other origin gets nothing, also where it asks without asking first", async () => {
  for (const origin of OTHERS) {
    const preflight = await ask(undefined, { Origin: origin, "Access-Control-Request-Method": "POST" }, "OPTIONS");
    assert.deepEqual([preflight.status, preflight.origin], [403, undefined], origin);
    for (const type of ["application/json", "text/plain"]) {
      const got = await ask(READ, { Origin: origin, "Content-Type": type });
      assert.deepEqual([got.status, got.origin, got.text.includes("result")], [403, undefined, false], origin);
    }
  }
  // Whence a browser says that it comes, where it sends no origin.
  assert.equal((await ask(READ, { "Sec-Fetch-Site": "cross-site" })).status, 403);
});

test("what changes the chain is refused to every page, and in a batch spoils nothing beside it", async () => {
  const at = await height();
  for (const method of MUTATING) {
    const { text } = await ask({ ...READ, method }, { Origin: EXPLORER });
    const { id, error } = JSON.parse(text);
    assert.deepEqual([id, error.code], [1, -32601], method);
    assert.match(error.message, /^expected a method that only reads/);
  }
  const batch = [READ, { ...READ, id: "b", method: "anvil_reset" }, { ...READ, id: 3, method: "ots_getApiLevel" }, 7];
  const answers = JSON.parse((await ask(batch, { Origin: EXPLORER })).text) as { id: unknown; error?: object }[];
  const byId = new Map(answers.map((each) => [each.id, each.error === undefined]));
  assert.deepEqual(Object.fromEntries(byId), { 1: true, b: false, 3: true, null: false });
  assert.equal(await height(), at);
  // A name that is said twice is not one thing to the warden and another to the node.
  const twice = '{"jsonrpc":"2.0","id":1,"method":"evm_mine","method":"eth_blockNumber","params":[]}';
  await ask(twice, { Origin: EXPLORER });
  assert.equal(await height(), at);
});

test("a program of this machine asks what it likes", async () => {
  const at = Number(await height());
  assert.equal(JSON.parse((await ask({ ...READ, method: "evm_mine" })).text).error, undefined);
  assert.equal(Number(await height()), at + 1);
});

test("there is no WebSocket, which browsers open to a page of any origin", async () => {
  for (const origin of [EXPLORER, "http://evil.example", undefined]) {
    const upgrade = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13" };
    const headers = { ...upgrade, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", ...(origin && { Origin: origin }) };
    const { status, text } = await ask(undefined, headers, "GET");
    assert.ok(status >= 400 && text !== "upgraded", `${origin}: ${status}`);
  }
});

test("a page that calls this machine by a name of its own gets nothing", async () => {
  const { port } = new URL(chain.url);
  for (const host of [`evil.example:${port}`, `localhost.evil.example:${port}`, "127.0.0.1.evil.example"]) {
    assert.equal((await ask(READ, { Host: host })).status, 403, host);
    assert.equal((await ask(READ, { Host: host, Origin: EXPLORER })).status, 403, host);
  }
  for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
    assert.equal((await ask(READ, { Host: host })).status, 200, host);
  }
});

test("what a page sends is bounded", async () => {
  const from = { Origin: EXPLORER };
  const large = { ...READ, params: ["x".repeat(300_000)] };
  assert.equal((await ask(large, from)).status, 413);
  assert.equal((await ask(Array(201).fill(READ), from)).status, 413);
  assert.equal(JSON.parse((await ask(Array(200).fill(READ), from)).text).length, 200);
  assert.equal((await ask("[".repeat(200_000), from)).status, 400);
  assert.equal((await ask("[]", from)).text, "[]");
  assert.equal((await ask(undefined, from, "GET")).status, 405);
});

const isLinux = process.platform === "linux" ? false : "loopback has one address here";
test("the node itself listens where nobody was told, and not where pages would look", { skip: isLinux }, async () => {
  const { port, pid } = JSON.parse(await readFile(join(folder, "chain", "chain.pid"), "utf8"));
  const refused = await new Promise((resolve) => {
    connect(port, "127.0.0.1")
      .once("connect", () => resolve("connected"))
      .once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  assert.equal(refused, "ECONNREFUSED");
  const line = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
  assert.match(line[line.indexOf("--host") + 1] ?? "", /^127\.(?!0\.0\.1$)/);
});
