/**
 * Providers that repeat the request with its keys: in errors, in pages, in results, in redirections, or by not being there.
 * Whoever asks them, the service, a command or a watcher, says nothing of the keys to anybody.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test, { type TestContext } from "node:test";
import { type Asked, deadUrl, type Reply, serveHttp } from "../cli/fake-http.ts";
import { makeFolder, runCli } from "../cli/run-cli.ts";
import { event, World, waitFor } from "./service-process.ts";

const PATH = "/v3/0123456789abcdef0123?apikey=q%2Bery-k3y";
const SECRET = /0123456789abc|p(?:@|%40)ss|ery-k3y|bmFtZS/i;

const OWNER = `0x${"0a".repeat(20)}`;
/** Of the provider that says which chain it is of. */
const FIRST_CHAIN = "0x1092";
const KEYS = { PAYER: "b2".repeat(32), SIGNER: "c3".repeat(32) };

/** All that a request holds, as it came and decoded. */
function echo({ path, headers }: Asked): string {
  const credentials = String(headers.authorization);
  const basic = Buffer.from(credentials.replace("Basic ", ""), "base64");
  return `echo ${path} ${decodeURIComponent(path)} ${credentials} ${basic}`;
}

function rpcReply(asked: Asked, answer: object): Reply {
  const { id } = JSON.parse(asked.body) as { readonly id: number };
  return { body: { jsonrpc: "2.0", id, ...answer } };
}

const PROVIDERS: Readonly<Record<string, (asked: Asked) => Reply>> = {
  result: (asked) => rpcReply(asked, { result: /eth_chainId/.test(asked.body) ? FIRST_CHAIN : echo(asked) }),
  message: (asked) => rpcReply(asked, { error: { code: -32_000, message: echo(asked) } }),
  page: (asked) => ({ body: echo(asked) }),
  refusal: (asked) => ({ status: 401, body: echo(asked) }),
  redirection: (asked) => ({
    status: 302,
    headers: { Location: `http://127.0.0.1:9${asked.path}` },
    body: echo(asked),
  }),
};

async function providers(t: TestContext): Promise<ReadonlyMap<string, string>> {
  const urls = new Map<string, string>();
  for (const [name, answer] of Object.entries(PROVIDERS)) urls.set(name, (await serveHttp(t, answer)).url);
  urls.set("nobody", await deadUrl());
  return new Map([...urls].map(([name, url]) => [name, url.replace("://", "://name:p%40ss-w0rd@") + PATH]));
}

test("keys of an endpoint that repeats them are in no log, status, reason, metric, command's error or report", async (t) => {
  const urls = await providers(t);
  const payer = { env: "PAYER" };
  const chains = [...urls].map(([name, url], i) => {
    return { name, rpc: [url], chainId: Number(FIRST_CHAIN) + i, intervalS: 0.5, pollMs: 200, payer };
  });
  const world = new World(t);
  const service = await world.start({
    config: { signer: { env: "SIGNER" }, owner: { address: OWNER }, chains },
    env: KEYS,
  });
  const status = await waitFor("what every chain says", async () => {
    const { text } = await service.ask("GET /v1/status");
    const { chains: seen } = JSON.parse(text) as { readonly chains: readonly { readonly note?: object }[] };
    return seen.every(({ note }) => note !== undefined) && text;
  });
  // What is repeated is repeated; only the keys are not.
  assert.match(status, /: echo \/v3\/…\?apikey=… .* Basic …/);
  const told = [status];
  for (const path of ["/readyz", "/metrics"]) told.push((await service.ask(`GET ${path}`)).text);
  const account = world.path("account");
  writeFileSync(account, KEYS.PAYER);
  await service.json(201, "POST /v1/ledgers/main/events", event("a"));
  for (const url of urls.values()) {
    const watch = ["watch", "--url", service.url, "--rpc", url, "--state", "state.json", "--once", "--json"];
    const deploy = ["deploy", "--rpc", url, "--chain-id", String(Number(FIRST_CHAIN)), "--account", account];
    const cwd = makeFolder(t);
    for (const args of [watch, deploy]) {
      const run = await runCli(args, { cwd });
      assert.notEqual(run.status, 0);
      told.push(run.stdout + run.stderr);
      assert.match(told.at(-1) ?? "", /127\.0\.0\.1:\d+|echo/, "the endpoint was asked");
    }
  }
  const ended = await service.stop();
  told.push(ended.stdout + ended.stderr);
  for (const text of told) assert.doesNotMatch(text, SECRET);
});
