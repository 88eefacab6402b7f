/** Links to explorers: where a verdict sends a reader who wants to look for himself. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { describeLinks } from "../../../src/cli/remote/explorer-links.ts";
import { knownCodeHashes } from "../../../src/cli/remote/known-contract.ts";
import { EXPLORER_FORMS, EXPLORERS, explorerUrl, readExplorer } from "../../../src/verify/evm/explorers.ts";
import { anchored, CONTRACT, TestChain, TestLedger } from "../../verify/fixture.ts";
import { serveNode } from "../fake-http.ts";
import { makeFolder, runCli } from "../run-cli.ts";

test("every chain in the table has pages, development chains have none", () => {
  for (const [id, { url }] of Object.entries(EXPLORERS)) {
    const links = describeLinks({ chainId: Number(id), contract: CONTRACT, transactionHash: "0xab", blockNumber: 7 });
    if (url === undefined) assert.deepEqual(links, []);
    else
      assert.deepEqual(
        links.slice(1).map((line) => line.trim().split(/ {2,}/)),
        [
          ["transaction", `${url}/tx/0xab`],
          ["its logs", `${url}/tx/0xab#eventlog`],
          ["block", `${url}/block/7`],
          ["contract", `${url}/address/${CONTRACT}#readContract`],
        ],
      );
    assert.equal(url?.endsWith("/") ?? false, false);
  }
  assert.deepEqual(describeLinks({ chainId: 424242, contract: CONTRACT }), []);
  const own = { 31337: { form: "otterscan", url: "http://127.0.0.1:1" } } as const;
  assert.deepEqual(describeLinks({ chainId: 31337, contract: CONTRACT }, own).slice(1), [
    `  contract     http://127.0.0.1:1/address/${CONTRACT}/readContract`,
  ]);
});

test("an explorer is written as its address, with its form in front where the host does not say it", () => {
  const read = (text: string) => {
    const found = readExplorer(text);
    return found && [found.form, found.url, explorerUrl(7, "read", "0xC", { 7: found })];
  };
  assert.deepEqual(read("https://basescan.org/"), [
    "etherscan",
    "https://basescan.org",
    "https://basescan.org/address/0xC#readContract",
  ]);
  assert.deepEqual(read("https://base.blockscout.com"), [
    "blockscout",
    "https://base.blockscout.com",
    "https://base.blockscout.com/address/0xC?tab=read_write_contract",
  ]);
  assert.deepEqual(read("otterscan+http://[::1]:5100/scan//"), [
    "otterscan",
    "http://[::1]:5100/scan",
    "http://[::1]:5100/scan/address/0xC/readContract",
  ]);
  assert.deepEqual(read("etherscan+https://my.otterscan.example")?.[0], "etherscan");
  const logs = EXPLORER_FORMS.map((form) => explorerUrl(7, "logs", "0xab", { 7: { form, url: "" } }));
  assert.deepEqual(logs, ["/tx/0xab#eventlog", "/tx/0xab?tab=logs", "/tx/0xab/logs"]);
  for (const none of [
    "",
    "basescan.org",
    "ftp://scan.example",
    "javascript:alert(1)//https://scan.example",
    "otherscan+https://scan.example",
    "constructor+https://scan.example",
    "https://user:secret@scan.example",
    "https://scan.example?tab=1",
    "https://scan.example/#a",
    "https://scan.example:65536",
    "https://scan .example",
    "https://",
  ]) {
    assert.equal(readExplorer(none), undefined, none);
  }
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
