/**
 * A block explorer beside a service, as far as a browser makes one: pages of another origin that ask the embedded chain
 * what Otterscan asks and fetch the contract's sources, and what can be told from those alone.
 */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { Interface, type InterfaceAbi } from "ethers";
import type { Browser, Page } from "playwright-core";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { ipfsMultihash } from "../../src/chain/contract/sources.ts";
import { toHex, utf8 } from "../../src/merkle/bytes.ts";
import { keccak256 } from "../../src/merkle/hash.ts";
import { readConfig } from "../../src/service/config.ts";
import { type Service, startService } from "../../src/service/service.ts";
import type { Bundle, BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import { until } from "../until.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";

let data: string;
let explorer: Server;
let stranger: Server;
let service: Service;
let browser: Browser;
let page: Page;
let adminKey: string;
let bundle: Bundle;
let anchor: BundleAnchor;

before(async () => {
  buildPages();
  data = await mkdtemp(join(tmpdir(), "holdfast-explorer-"));
  [explorer, stranger] = await Promise.all([servePages(), servePages()]);
  const env = { HOLDFAST_DATA: data, HOLDFAST_LISTEN: "127.0.0.1:0", HOLDFAST_LOG: "silent" };
  const config = readConfig({ ...env, HOLDFAST_EXPLORER: `otterscan+${originOf(explorer)}/scan/` });
  service = await startService({ ...config, embeddedIntervalS: 1 }, "0.0.0-test");
  adminKey = (await readFile(join(data, "admin.key"), "utf8")).trim();
  const headers = { Authorization: `Bearer ${adminKey}`, "Content-Type": "application/json" };
  const event = { action: "user.login", time: new Date().toISOString(), actor: { type: "user", id: "ada" } };
  await fetch(`${service.url}/v1/ledgers/main/events`, { method: "POST", headers, body: JSON.stringify(event) });
  await until("an anchor", async () => {
    bundle = (await (await fetch(`${service.url}/v1/ledgers/main/events/0/bundle`, { headers })).json()) as Bundle;
    return bundle.anchors.length > 0;
  });
  anchor = bundle.anchors[0] as BundleAnchor;
  browser = await launchBrowser();
  page = await pageOf(explorer);
});

after(async () => {
  // What did not come up must not keep the rest open.
  for (const each of [browser, service]) await (each as Browser | Service | undefined)?.close();
  for (const server of [explorer, stranger]) (server as Server | undefined)?.close();
  await rm(data, { recursive: true, force: true });
});

async function servePages(): Promise<Server> {
  const server = createServer((_, res) => res.setHeader("Content-Type", "text/html").end("<!doctype html>"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

function originOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function pageOf(server: Server): Promise<Page> {
  const opened = await browser.newPage();
  await opened.goto(`${originOf(server)}/`);
  return opened;
}

function node(): string {
  return service.chains[0]?.endpoint ?? "";
}

type Answer = { readonly id: number; readonly result?: unknown; readonly error?: { readonly code: number } };

/** Asks as ethers does in a browser: a batch of JSON, for which the browser asks first. */
function askFrom(opened: Page, calls: readonly (readonly [string, ...unknown[]])[]): Promise<readonly Answer[]> {
  const batch = calls.map(([method, ...params], id) => ({ jsonrpc: "2.0", id, method, params }));
  return opened.evaluate(
    async ([url, body]) => {
      const headers = { "Content-Type": "application/json" };
      return (await fetch(url, { method: "POST", headers, body })).json() as Promise<readonly Answer[]>;
    },
    [node(), JSON.stringify(batch)] as const,
  );
}

async function resultOf(method: string, ...params: readonly unknown[]): Promise<unknown> {
  const [answer] = await askFrom(page, [[method, ...params]]);
  assert.equal(answer?.error, undefined, `${method}: ${JSON.stringify(answer)}`);
  return answer?.result;
}

type Fetched = { readonly status: number; readonly text: string; readonly caching: string | null };

/** A file about a contract, fetched by a page; its headers are those that a page may read. */
function fetchFile(
  opened: Page,
  path: string,
  contract = anchor.contract as string,
  chainId = 31_337,
): Promise<Fetched> {
  return opened.evaluate(async (url) => {
    const got = await fetch(url);
    return { status: got.status, text: await got.text(), caching: got.headers.get("Cache-Control") };
  }, `${service.url}/contracts/full_match/${chainId}/${contract}/${path}`);
}

test("every call that Otterscan makes of a chain is answered to a page of the explorer's origin", async () => {
  const { transactionHash, blockNumber, blockHash, contract } = anchor;
  const from = ((await resultOf("eth_getTransactionByHash", transactionHash)) as { from: string }).from;
  const calls: readonly (readonly [string, ...unknown[]])[] = [
    ["eth_chainId"],
    ["eth_blockNumber"],
    ["erigon_getHeaderByNumber", "latest"],
    ["ots_getApiLevel"],
    ["eth_getTransactionReceipt", transactionHash],
    ["eth_getTransactionCount", from, "latest"],
    ["eth_getBalance", contract, "latest"],
    ["eth_getCode", contract, "latest"],
    ["eth_getBlockByNumber", "latest", false],
    ["ots_getBlockDetails", blockNumber],
    ["ots_getBlockDetailsByHash", blockHash],
    ["ots_getBlockTransactions", blockNumber, 0, 25],
    ["ots_getInternalOperations", transactionHash],
    ["ots_getTransactionError", transactionHash],
    ["ots_traceTransaction", transactionHash],
    ["ots_hasCode", contract, "latest"],
    ["ots_searchTransactionsBefore", contract, 0, 25],
    ["ots_searchTransactionsAfter", contract, 0, 25],
    ["ots_getTransactionBySenderAndNonce", from, 0],
    ["ots_getContractCreator", contract],
  ];
  const answers = await askFrom(page, calls);
  for (const { id, error } of answers) assert.equal(error, undefined, String(calls[id]?.[0]));
  assert.equal(answers.length, calls.length);
  assert.ok(Number(answers.find(({ id }) => id === 3)?.result) >= 8, "the level that Otterscan asks for");
});

test("a page of another origin gets nothing of the chain, and can do nothing to it", async () => {
  const other = await pageOf(stranger);
  const before = Number(await resultOf("eth_blockNumber"));
  await assert.rejects(askFrom(other, [["eth_blockNumber"]]), /Failed to fetch/);
  // What needs no leave of the other side, from the explorer's page too: a simple request, and a WebSocket.
  for (const opened of [other, page]) {
    const ways = await opened.evaluate(
      async ([url, body]) => {
        const sent = await fetch(url, { method: "POST", mode: "no-cors", body }).then(
          ({ type }) => type,
          () => "refused",
        );
        const socket = await new Promise((resolve) => {
          const opening = new WebSocket(url.replace("http", "ws"));
          opening.onopen = () => resolve("open");
          opening.onerror = () => resolve("refused");
        });
        return { sent, socket };
      },
      [node(), '{"jsonrpc":"2.0","id":1,"method":"anvil_reset","params":[]}'] as const,
    );
    assert.equal(ways.socket, "refused");
  }
  assert.ok(Number(await resultOf("eth_blockNumber")) >= before, "the chain was not reset");
  await other.close();
});

test("the contract is a full match: its files in Sourcify's layout make the code that is on the chain", async () => {
  const { status, text, caching } = await fetchFile(page, "metadata.json");
  assert.deepEqual([status, caching], [200, "public, max-age=31536000, immutable"]);
  const code = String(await resultOf("eth_getCode", anchor.contract, "latest"));
  assert.equal(code, artifact.deployedBytecode);
  const [, hash] = /a264697066735822([0-9a-f]{68})64736f6c6343[0-9a-f]{6}0033$/.exec(code) ?? [];
  assert.equal(ipfsMultihash(utf8(text)), hash);
  const { sources, settings } = JSON.parse(text);
  assert.deepEqual(settings.compilationTarget, { "project/contracts/LedgerAnchor.sol": "LedgerAnchor" });
  assert.deepEqual(Object.keys(sources).sort(), Object.keys(artifact.sources).sort());
  for (const [name, { keccak256: expected }] of Object.entries<{ keccak256: string }>(sources)) {
    const file = await fetchFile(page, `sources/${name}`);
    assert.equal(toHex(keccak256(utf8(file.text))), expected, name);
  }
});

test("what is not there is a 404 that every page may read, so that an explorer goes on", async () => {
  const strangerPage = await pageOf(stranger);
  assert.equal((await fetchFile(strangerPage, "metadata.json")).status, 200);
  const other = `0x${"1".repeat(40)}`;
  for (const got of [
    await fetchFile(strangerPage, "metadata.json", other),
    await fetchFile(strangerPage, "metadata.json", anchor.contract, 1),
    await fetchFile(strangerPage, "sources/project/contracts/None.sol"),
    await fetchFile(strangerPage, "sources/..%2f..%2fpackage.json"),
  ]) {
    assert.deepEqual([got.status, JSON.parse(got.text).code], [404, "route_unknown"]);
  }
  await strangerPage.close();
});

test("the log is decoded from the served ABI alone: the bundle's ledger, size and root; and rootAt gives that root", async () => {
  const { output } = JSON.parse((await fetchFile(page, "metadata.json")).text) as { output: { abi: InterfaceAbi } };
  const contract = new Interface(output.abi);
  const receipt = (await resultOf("eth_getTransactionReceipt", anchor.transactionHash)) as {
    readonly logs: readonly { readonly address: string; readonly topics: string[]; readonly data: string }[];
  };
  const [log] = receipt.logs.filter(({ address }) => address.toLowerCase() === anchor.contract.toLowerCase());
  const event = contract.parseLog(log as NonNullable<typeof log>);
  assert.equal(event?.name, "Anchored");
  const { ledgerId, size, root } = event?.args ?? {};
  assert.deepEqual([ledgerId, Number(size), root], [bundle.ledger.id, anchor.size, anchor.root]);
  const asked = contract.encodeFunctionData("rootAt", [bundle.ledger.id, anchor.size]);
  const answer = await resultOf("eth_call", { to: anchor.contract, data: asked }, "latest");
  assert.deepEqual(contract.decodeFunctionResult("rootAt", String(answer)).toArray(), [anchor.root]);
});

test("the ledger's pages link to the explorer that is set", async () => {
  const pages = await browser.newPage({ locale: "en-GB" });
  await pages.goto(`${service.url}/#/main/anchors`);
  await pages.locator("button:has-text('Check')").first().click();
  const links = await pages.locator("a[href*='/scan/']").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  const at = `${originOf(explorer)}/scan`;
  for (const wanted of [
    `${at}/tx/${anchor.transactionHash}`,
    `${at}/tx/${anchor.transactionHash}/logs`,
    `${at}/block/${anchor.blockNumber}`,
    `${at}/address/${anchor.contract}`,
    `${at}/address/${anchor.contract}/readContract`,
  ]) {
    assert.ok(links.includes(wanted), `${wanted} in ${links.join(" ")}`);
  }
  await pages.close();
});

test("the page that verifies links there too, where the ledger's pages led to it, and says who named the explorer", async () => {
  const context = await browser.newContext({ locale: "en-GB" });
  const pages = await context.newPage();
  await pages.goto(`${service.url}/#/main/events/0`);
  await pages.getByLabel("API key").fill(adminKey);
  await pages.keyboard.press("Enter");
  const opening = context.waitForEvent("page");
  await pages.getByRole("link", { name: "Check against a chain" }).click();
  const verifier = await opening;
  const at = `${originOf(explorer)}/scan`;
  await verifier.locator(`a[href="${at}/tx/${anchor.transactionHash}"]`).waitFor();
  const field = verifier.getByLabel("Explorer to link to");
  assert.equal(await field.inputValue(), `31337=otterscan+${at}`);
  await verifier.getByText("Named by the link that led here").waitFor();
  await field.fill("31337=https://scan.example");
  await verifier.locator(`a[href="https://scan.example/tx/${anchor.transactionHash}"]`).waitFor();
  await field.fill("31337=javascript:alert(1)");
  await verifier.getByText("An explorer is a chain’s id").waitFor();
  assert.equal(await verifier.locator("a[href*='javascript'], a[href*='/scan/']").count(), 0);
  await context.close();
});
