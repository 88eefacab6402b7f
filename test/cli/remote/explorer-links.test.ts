/** Links to explorers: where a verdict sends a reader who wants to look for himself. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { describeLinks } from "../../../src/cli/remote/explorer-links.ts";
import { knownCodeHashes } from "../../../src/cli/remote/known-contract.ts";
import { EXPLORERS } from "../../../src/verify/evm/explorers.ts";
import { anchored, CONTRACT, TestChain, TestLedger } from "../../verify/fixture.ts";
import { serveNode } from "../fake-http.ts";
import { makeFolder, runCli } from "../run-cli.ts";

test("every chain in the table has pages, development chains have none", () => {
  for (const [id, { url }] of Object.entries(EXPLORERS)) {
    const links = describeLinks({ chainId: Number(id), contract: CONTRACT, transactionHash: "0xab", blockNumber: 7 });
    if (url === undefined) assert.deepEqual(links, []);
    else
      assert.deepEqual(
        links.slice(1).map((line) => line.trim().split(/ +/)),
        [
          ["transaction", `${url}/tx/0xab`],
          ["block", `${url}/block/7`],
          ["contract", `${url}/address/${CONTRACT}#readContract`],
        ],
      );
    assert.equal(url?.endsWith("/") ?? false, false);
  }
  assert.deepEqual(describeLinks({ chainId: 424242, contract: CONTRACT }), []);
  assert.equal(describeLinks({ chainId: 31337, contract: CONTRACT }, { 31337: "http://127.0.0.1:1" }).length, 2);
});

test("a proved anchor is shown with its pages, also of an explorer of one's own", async (t) => {
  const ledger = new TestLedger(13);
  const chain = new TestChain();
  chain.code = knownCodeHashes()[0];
  const anchor = await chain.anchor(ledger, 13, { from: 11 });
  const file = join(makeFolder(t), "bundle.json");
  writeFileSync(file, JSON.stringify(anchored(ledger.bundle(5, 11), [anchor])));
  const { url } = await serveNode(t, chain);
  const args = ["verify", file, "--rpc", url, "--contract", CONTRACT];
  const known = await runCli(args);
  assert.equal(known.status, 0, known.stdout);
  assert.match(
    known.stdout,
    new RegExp(`^ {2}transaction {2}https://sepolia\\.etherscan\\.io/tx/${anchor.transactionHash}$`, "m"),
  );
  const own = await runCli([...args, "--explorer", "11155111=https://scan.example/"]);
  assert.match(own.stdout, new RegExp(`https://scan\\.example/block/${anchor.blockNumber}$`, "m"));
  assert.equal((await runCli([...args, "--explorer", "here"])).status, 2);
});
