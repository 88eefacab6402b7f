/**
 * One node, whatever it does, is judged alike by everybody who asks it: the service, the command line and its watcher,
 * and verify.html in a real browser. Each row is something that nodes and what stands before them do.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { connectEndpoint } from "../../src/chain/node/endpoint.ts";
import { knownCodeHashes, knownContracts } from "../../src/cli/remote/known-contract.ts";
import { connectChain } from "../../src/cli/remote/node.ts";
import { verifyText } from "../../src/verify/verify.ts";
import { answerRpc, type Reply, serveHttp } from "../cli/fake-http.ts";
import { anchored, TestChain, TestLedger } from "../verify/fixture.ts";
import { launchBrowser, openContext } from "./browser.ts";
import { buildPages } from "./built.ts";

const KIB = 1024;
const ANYBODY = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" };

/** What a node makes of the answer that it should give. */
type Bend = (
  answer: { readonly id: unknown; readonly result: unknown },
  at: { readonly url: string; readonly count: number },
) => Reply;

const whole = (answer: object): string => JSON.stringify({ jsonrpc: "2.0", ...answer });
const text = (body: string | Buffer): Reply => ({ body });
const status =
  (status: number): Bend =>
  (answer) => ({ status, body: whole(answer) });
const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;

/** `answers`: what it says is taken, and the bundle is verified by it. Otherwise it has said nothing. */
const BEHAVIOURS: readonly (readonly [what: string, answers: boolean, bend: Bend])[] = [
  ["an answer", true, (answer) => text(whole(answer))],
  ["without a version", true, (answer) => text(JSON.stringify(answer))],
  ["version 1.0", true, (answer) => text(JSON.stringify({ jsonrpc: "1.0", ...answer }))],
  ["another id", true, (answer) => text(whole({ ...answer, id: 99 }))],
  ["no id", true, ({ result }) => text(whole({ result }))],
  ["a null error beside the result", true, (answer) => text(whole({ ...answer, error: null }))],
  [
    "a null result beside an error",
    false,
    ({ id }) => text(whole({ id, result: null, error: { code: 1, message: "no" } })),
  ],
  ["an error beside the result", false, (answer) => text(whole({ ...answer, error: { code: 1, message: "no" } }))],
  ["an error that is a text", false, (answer) => text(whole({ ...answer, error: "no" }))],
  ["an error that is false", false, (answer) => text(whole({ ...answer, error: false }))],
  ["an error that is empty", false, (answer) => text(whole({ ...answer, error: {} }))],
  ["neither result nor error", false, ({ id }) => text(whole({ id }))],
  ["a list with the answer", false, (answer) => text(`[${whole(answer)}]`)],
  ["a text", false, () => text('"0x1"')],
  ["nothing", false, () => text("")],
  ["null", false, () => text("null")],
  ["a page", false, () => ({ body: "<html>", headers: { "Content-Type": "text/html" } })],
  ["the answer as a page", true, (answer) => ({ body: whole(answer), headers: { "Content-Type": "text/html" } })],
  ["spaces around", true, (answer) => text(` \r\n\t${whole(answer)} \n`)],
  ["a byte order mark", false, (answer) => text(`\ufeff${whole(answer)}`)],
  ["a second answer behind", false, (answer) => text(whole(answer) + whole(answer))],
  ["an answer that was cut", false, (answer) => text(whole(answer).slice(0, -1))],
  ["UTF-16", false, (answer) => text(Buffer.from(whole(answer), "utf16le"))],
  [
    "bytes that are no UTF-8 in a member",
    true,
    (answer) => text(Buffer.from(whole({ ...answer, note: "\u00ff" }), "latin1")),
  ],
  ["an unknown member", true, (answer) => text(whole({ ...answer, note: { more: [1, 2] } }))],
  [
    "a name with an escape",
    true,
    ({ id, result }) => text(`{"id":${String(id)},"re\\u0073ult":${JSON.stringify(result)}}`),
  ],
  [
    "the result twice, the last one right",
    true,
    ({ result }) => text(`{"result":"0x0","result":${JSON.stringify(result)}}`),
  ],
  ["more bytes than may be", false, (answer) => text(whole(answer) + " ".repeat(2100 * KIB))],
  ["as much as may be", true, (answer) => text(whole(answer) + " ".repeat(60 * KIB))],
  ["too many values", false, (answer) => text(whole({ ...answer, note: Array(50_000).fill(0) }))],
  ["nested as deep as may be", true, (answer) => text(`{"note":${nested(15)},${whole(answer).slice(1)}`)],
  ["nested deeper", false, (answer) => text(`{"note":${nested(16)},${whole(answer).slice(1)}`)],
  ["gzip", true, (answer) => ({ body: gzipSync(whole(answer)), headers: { "Content-Encoding": "gzip" } })],
  ["gzip that is none", false, (answer) => ({ body: whole(answer), headers: { "Content-Encoding": "gzip" } })],
  [
    "a little gzip that is much",
    false,
    (answer) => ({ body: gzipSync(whole(answer) + " ".repeat(8192 * KIB)), headers: { "Content-Encoding": "gzip" } }),
  ],
  ["status 201", true, status(201)],
  ["status 203", true, status(203)],
  ["status 400 with a result", false, status(400)],
  ["status 401 with a result", false, status(401)],
  ["status 404 with a result", false, status(404)],
  ["status 500 with a result", false, status(500)],
  ["status 503 with a result", false, status(503)],
  ["status 500 with an error", false, ({ id }) => ({ status: 500, body: whole({ id, error: { message: "no" } }) })],
  ["status 204", false, () => ({ status: 204, body: "" })],
  [
    "status 429, and then the answer",
    true,
    (answer, { count }) => (count === 1 ? { status: 429, body: "slow down" } : text(whole(answer))),
  ],
  ...[301, 302, 303, 307, 308].map(
    (code) =>
      [
        `a redirection with ${code}`,
        false,
        (answer, { url }) =>
          url.endsWith("/there")
            ? text(whole(answer))
            : { status: code, body: whole(answer), headers: { Location: "/there" } },
      ] as const satisfies readonly [string, boolean, Bend],
  ),
  ["a redirection that leads nowhere", false, () => ({ status: 302, body: "" })],
];

let folder: string;
let browser: Browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-nodes-"));
  buildPages(folder);
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a node is judged alike by the service, the command line and the page, whatever it does", async (t) => {
  const ledger = new TestLedger(13);
  const chain = new TestChain();
  chain.code = knownCodeHashes()[0];
  const anchor = await chain.anchor(ledger, 13, { from: 11, withState: true });
  chain.finalUpTo = anchor.blockNumber;
  const proof = JSON.stringify(anchored(ledger.bundle(5, 11), [anchor], "final"));
  let bend: Bend = () => ({});
  let count = 0;
  const node = await serveHttp(t, async (asked) => {
    if (asked.method === "OPTIONS") return { status: 204, headers: ANYBODY };
    // A browser that follows a redirection may ask again with GET.
    const { id, method, params } = JSON.parse(asked.body || '{"id":0,"method":"eth_chainId","params":[]}') as {
      id: number;
      method: string;
      params: readonly unknown[];
    };
    count += 1;
    const reply = bend({ id, result: await answerRpc(chain, method, params) }, { url: asked.path, count });
    return { ...reply, headers: { ...ANYBODY, ...reply.headers } };
  });
  const address = pathToFileURL(join(folder, "verify.html")).href;
  const { context } = await openContext(browser, { width: 1280, scheme: "light" }, [address, node.url]);
  const page = await context.newPage();
  await page.goto(address);
  const wrong: string[] = [];
  for (const [what, answers, one] of BEHAVIOURS) {
    bend = one;
    const said: Record<string, string> = {};
    count = 0;
    const endpoint = connectEndpoint(node.url, 5000);
    const isPatient = what.startsWith("status 429");
    // The service asks another endpoint, or later, where commands and pages wait.
    if (!isPatient) {
      said.service = await endpoint.request("eth_chainId", []).then(
        (result) => (Number(result) === chain.id ? "verified" : `took ${String(result)}`),
        () => "unanswered",
      );
    }
    endpoint.close();
    count = 0;
    const options = {
      chain: [connectChain(node.url, "finalized")],
      knownCodeHashes: knownCodeHashes(),
      knownContracts: knownContracts(),
      requireChain: true,
    };
    said.command = (await verifyText(proof, options)).cell.name;
    count = 0;
    await page.getByLabel("Node to ask").fill(`${node.url}/${encodeURIComponent(what)}`);
    await page.setInputFiles('input[type="file"]', {
      name: "proof.json",
      mimeType: "application/json",
      buffer: Buffer.from(proof),
    });
    const banner = page.locator(".verdict[data-outcome]");
    await banner.waitFor();
    said.page = (await banner.getAttribute("data-outcome")) === "verified" ? "verified" : "unanswered";
    await page.getByRole("button", { name: "Clear" }).click();
    await banner.waitFor({ state: "detached" });
    const expected = answers ? "verified" : "unanswered";
    for (const [who, verdict] of Object.entries(said))
      if (verdict !== expected) wrong.push(`${what}: ${who} says ${verdict}, expected ${expected}`);
  }
  assert.deepEqual(wrong, []);
  await context.close();
});
