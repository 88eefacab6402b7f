/** `holdfast upgrade` and a service that lies: what a bundle has already is never given up for what somebody says. */

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import type { Bundle, BundleAnchor } from "../../../src/verify/bundle/bundle.ts";
import { parseBundle } from "../../../src/verify/bundle/parse.ts";
import { ANVIL } from "../../verify/anvil.ts";
import { type ContractChain, startContractChain } from "../contract-chain.ts";
import { serveHttp } from "../fake-http.ts";
import { History } from "../fork-proof/histories.ts";
import { makeFolder } from "../run-cli.ts";
import { runCommand } from "../run-command.ts";

const skip = existsSync(ANVIL) ? false : "npm has no anvil for this platform";
const OTHER = `0x${"ab".repeat(32)}` as const;

type World = {
  readonly chain: ContractChain;
  readonly file: string;
  /** A final bundle with its state proof. */
  readonly final: Bundle;
  readonly anchor: BundleAnchor;
};

async function makeFinal(t: TestContext): Promise<World> {
  const chain = await startContractChain(t);
  const history = new History(3);
  await chain.anchor(history, 3);
  await chain.rpc("anvil_mine", ["0x4"]);
  const file = join(makeFolder(t), "kept.json");
  writeFileSync(file, JSON.stringify(history.bundle(1, 3)));
  const { status, stdout } = await runCommand(["upgrade", file, "--development", "--rpc", chain.url]);
  assert.equal(status, 0, stdout);
  const final = parseBundle(readFileSync(file, "utf8"));
  const [anchor] = final.anchors;
  assert.ok(final.status === "final" && anchor?.state !== undefined);
  return { chain, file, final, anchor };
}

/** A service that shows no bundle to strangers and tells these anchors, as everybody may see them. */
async function serveAnchors(t: TestContext, anchors: readonly object[]): Promise<string> {
  const refused = { status: 401, body: { code: "key_missing", detail: "no key" } };
  const { url } = await serveHttp(t, ({ path }) => (path.includes("/anchors") ? { body: { anchors } } : refused));
  return url;
}

test("an invented block does not take the place of a state proof, nor join it", { skip }, async (t) => {
  const { chain, file, anchor } = await makeFinal(t);
  const text = readFileSync(file, "utf8");
  const { state: _, ...plain } = anchor;
  for (const lie of [{ blockHash: OTHER }, { transactionHash: OTHER }, { blockTime: 7 }, { chainId: 1 }]) {
    const url = await serveAnchors(t, [{ ...plain, ...lie, stage: "final" }]);
    const { status, stderr } = await runCommand(["upgrade", file, "--url", url, "--offline"]);
    assert.deepEqual([status, readFileSync(file, "utf8") === text], [2, true], JSON.stringify(lie));
    assert.match(stderr, /was left out: no chain proved it; give --rpc of that chain/);
    assert.match(stderr, /Nothing was added to .*kept\.json: no chain was asked about what was found/);
  }
  const url = await serveAnchors(t, [{ ...plain, blockHash: OTHER, stage: "final" }]);
  const asked = await runCommand(["upgrade", file, "--url", url, "--rpc", chain.url, "--development"]);
  assert.equal(asked.status, 0, asked.stdout);
  assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), JSON.parse(text));
});

test("the same anchor without its proof leaves the proof where it is", { skip }, async (t) => {
  const { file, final, anchor } = await makeFinal(t);
  const { state: _, ...plain } = anchor;
  const url = await serveAnchors(t, [{ ...plain, stage: "final" }]);
  await runCommand(["upgrade", file, "--url", url]);
  assert.deepEqual(parseBundle(readFileSync(file, "utf8")), final);
});

test("a block that is not the chain's is replaced only when a chain says so", { skip }, async (t) => {
  const { chain, file, final, anchor } = await makeFinal(t);
  const { state: _, ...plain } = anchor;
  const invented: Bundle = { ...final, status: "anchored", anchors: [{ ...plain, blockHash: OTHER }] };
  writeFileSync(file, JSON.stringify(invented));
  const url = await serveAnchors(t, [{ ...plain, stage: "final" }]);
  assert.equal((await runCommand(["upgrade", file, "--url", url])).status, 2);
  assert.deepEqual(parseBundle(readFileSync(file, "utf8")), invented);
  const { status, stdout } = await runCommand(["upgrade", file, "--url", url, "--rpc", chain.url, "--development"]);
  assert.equal(status, 0, stdout);
  assert.deepEqual(parseBundle(readFileSync(file, "utf8")), { ...final, anchors: [plain] });
});

test("that an anchored event is final is not taken from a service alone", { skip }, async (t) => {
  const { file, final, anchor } = await makeFinal(t);
  const { state: _, ...plain } = anchor;
  writeFileSync(file, JSON.stringify({ ...final, status: "anchored", anchors: [plain] }));
  const url = await serveAnchors(t, [{ ...plain, stage: "final" }]);
  const { stdout } = await runCommand(["upgrade", file, "--url", url]);
  assert.match(stdout, /which says anchored; that is what the service says, and no chain was asked\.$/m);
  assert.equal(parseBundle(readFileSync(file, "utf8")).status, "anchored");
});
