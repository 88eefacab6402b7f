/**
 * verify.html as a stranger uses it: from a file, with every network request refused unless the stranger names a node.
 * The bundles are of a ledger and a chain made in the test; the contract's code is the real one.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { encodeEntry, memberDigest } from "../../src/entry/entry.ts";
import { fromHex, type Hex, toHex } from "../../src/merkle/bytes.ts";
import { checkpointDigest } from "../../src/merkle/checkpoint.ts";
import { keccak256, leafHash } from "../../src/merkle/hash.ts";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { SetWriter } from "../../src/verify/set/set.ts";
import { cellOf, FOUNDS, GIVENS } from "../../src/verify/verdict/table.ts";
import { verifyText } from "../../src/verify/verify.ts";
import { anchored, signHash, TestChain, TestLedger } from "../verify/fixture.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { type Visit, visitAt } from "./visit.ts";

const CODE_HASH = toHex(keccak256(fromHex(artifact.deployedBytecode as Hex)));

let folder: string;
let browser: Browser;
let address: string;
let ledger: TestLedger;
let frozen: Bundle;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-verify-"));
  buildPages(folder);
  address = pathToFileURL(join(folder, "verify.html")).href;
  browser = await launchBrowser();
  ledger = new TestLedger(13);
  const chain = new TestChain();
  chain.code = CODE_HASH;
  const anchor = await chain.anchor(ledger, 13, { from: 11, withState: true });
  frozen = anchored(ledger.bundle(5, 11, [2]), [anchor], "final");
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens the page for one test. */
function withPage(allowed: readonly string[], use: (visit: Visit) => Promise<void>): Promise<void> {
  return visitAt(browser, address, use, { allowed });
}

async function load(page: Page, text: string, name = "bundle.json"): Promise<void> {
  const file = { name, mimeType: "application/json", buffer: Buffer.from(text) };
  await page.setInputFiles('input[type="file"]', file);
}

async function outcome(page: Page, expected: string): Promise<string> {
  await page.waitForSelector(`.verdict[data-outcome="${expected}"]`);
  return page.locator(".verdict").first().innerText();
}

async function stepsOf(page: Page): Promise<string[]> {
  const steps = await page.locator("[data-step]").all();
  return Promise.all(
    steps.map(async (s) => `${await s.getAttribute("data-step")} ${await s.getAttribute("data-state")}`),
  );
}

test("a frozen bundle verifies with nothing but a block hash that the reader trusts", async () => {
  await withPage([], async ({ page }) => {
    await load(page, JSON.stringify(frozen));
    assert.match(await outcome(page, "undecided"), /^Holds so far, not checked against a chain\s/);
    await page.getByLabel("or a block hash you trust").fill(frozen.anchors[0]?.blockHash as string);
    assert.match(
      await outcome(page, "verified"),
      /^Verified against a block that you trust\s+“invoice.approve”, entry 5 of the ledger “main” that/,
    );
    const steps = await stepsOf(page);
    assert.ok(steps.includes("state passed") && steps.includes("trusted block passed"), steps.join());
    assert.deepEqual(
      steps.filter((step) => !step.endsWith("passed")),
      [],
    );
  });
});

test("the page says what was proved and what was not: who, what, when at the latest, and not whether it is true", async () => {
  await withPage([], async ({ page }) => {
    await load(page, JSON.stringify(frozen));
    await page.getByLabel("or a block hash you trust").fill(frozen.anchors[0]?.blockHash as string);
    const headline = await outcome(page, "verified");
    const who = `entry 5 of the ledger “main” that ${frozen.ledger.owner} opened, was recorded at 20`;
    assert.ok(headline.includes(`“invoice.approve”, ${who}`), headline);
    assert.match(headline, /UTC at the latest, and not changed since\. Whether it is true is not proved\./);
    const claims = await page.getByLabel("What this means").innerText();
    assert.match(
      claims,
      /What: “invoice.approve” was recorded with exactly the 4 members shown here; 1 more is withheld/,
    );
    assert.match(claims, new RegExp(`Who: ${frozen.ledger.signer} signed it, whom nobody vouched for`));
    assert.match(
      claims,
      /When: at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC at the latest, the time of block 5000001 whose hash you trust/,
    );
    assert.match(claims, /What was not proved\s+Whether the event is true/);
    assert.match(claims, /What to know besides\s+You did not say which ledger you expect/);
    assert.match(await page.locator(".members").innerText(), /withheld/);
    assert.equal(await page.locator(".climb .given").count(), 2 * frozen.inclusion.path.length);
    // A block hash does not say on which chain the block is, so that nobody is sent to the one that the file names.
    assert.equal(await page.locator('a[href^="http"]').count(), 0);
    await page.getByText("not proved by a block hash; the file says id 11155111").waitFor();
    await page.getByLabel("or a block hash you trust").fill("");
    await page.getByText("(id 11155111, as the file says; not checked)").waitFor();
    const link = page.getByTitle("Open the tx in an explorer");
    const at = `https://sepolia.etherscan.io/tx/${frozen.anchors[0]?.transactionHash}`;
    assert.equal(await link.getAttribute("href"), at);
  });
});

test("one changed character in the text makes it FAILED, and undoing it makes it hold again", async () => {
  await withPage([], async ({ page }) => {
    const text = JSON.stringify(frozen);
    await page.getByText("or paste its text").click();
    const area = page.getByLabel("Text of the proof");
    await area.fill(text);
    await page.getByLabel("or a block hash you trust").fill(frozen.anchors[0]?.blockHash as string);
    await outcome(page, "verified");
    await area.fill(text.replace("invoice.approve", "invoice.approvd"));
    const words = await outcome(page, "failed");
    assert.match(words, /FAILED at: Leaf hash\s+Do not rely on this proof/);
    assert.match(words, /Reason: expected leaf hash 0x[0-9a-f]{64}, got 0x[0-9a-f]{64}/);
    assert.equal(await page.getByLabel("What this means").count(), 0, "a failed bundle proves nothing");
    assert.equal(await page.locator(".climb .wrong").count(), 1, "the drawing leads to another root");
    await area.fill(text);
    await outcome(page, "verified");
  });
});

test("a bundle without an anchor is the word of whoever signed it, for whom the reader can vouch", async () => {
  await withPage([], async ({ page }) => {
    await page.getByLabel("or a block hash you trust").fill(frozen.anchors[0]?.blockHash as string);
    await load(page, JSON.stringify(ledger.bundle(5)));
    assert.match(
      await outcome(page, "undecided"),
      /^Not anchored yet\s+Entry 5 of ledger “main” is signed by 0x\w+, but this file names no anchor/,
    );
    await page.getByLabel("or a block hash you trust").fill("");
    await page.getByText("Holds, signer not vouched for").waitFor();
    await page.getByLabel("Signer you expect").fill(ledger.record.signer);
    assert.match(await outcome(page, "verified"), /^Signed, no chain asked\s+Entry 5 of ledger “main” is unchanged/);
    await page.getByLabel("Signer you expect").fill(ledger.record.owner);
    assert.match(await outcome(page, "failed"), /FAILED at: As you expected/);
    await page.getByLabel("Signer you expect").fill("");
    await outcome(page, "undecided");
    const claims = await page.getByLabel("What this means").innerText();
    assert.match(claims, /nobody but the bundle says that 0x\w+ signs for this ledger/);
    for (const [index, size, way] of [
      [0, 1, "its leaf hash is the root that was signed."],
      [1, 2, "hashing it with the dashed hash of the proof gives the root that was signed."],
    ] as const) {
      await load(page, JSON.stringify(ledger.bundle(index, size)));
      await page.getByText(`Entry ${index} of ${size}: ${way}`).waitFor();
    }
  });
});

/** A ledger of one entry with this member alone. */
function bundleOfMember(text: string): Bundle {
  const { entry, ...rest } = ledger.bundle(0, 1);
  const salt: Hex = `0x${"5a".repeat(16)}`;
  const digest = memberDigest(keccak256, { salt: fromHex(salt), text });
  const leaf = toHex(leafHash(keccak256, encodeEntry(entry.recordedAt, [digest])));
  const tree = { size: 1, root: leaf };
  const signedAt = 1_700_000_100;
  const signature = signHash(checkpointDigest({ ledgerId: ledger.record.id, ...tree, signedAt }));
  return {
    ...rest,
    entry: { ...entry, members: [{ salt, text }], leafHash: leaf },
    inclusion: { ...tree, path: [] },
    checkpoint: { ...tree, signedAt, signature },
  };
}

test("an action that is no name does not speak with the page's voice", async () => {
  await withPage([], async ({ page }) => {
    for (const [action, what] of [
      ["order.paid", "“order.paid”"],
      ["paid” is true, and “this", "an event"],
      ["a".repeat(81), "an event"],
    ] as const) {
      await load(page, JSON.stringify(bundleOfMember(`"action":${JSON.stringify(action)}`)));
      await page
        .getByText(`What: the signer says that ${what} was recorded with exactly the member shown here`)
        .waitFor();
    }
  });
});

test("a ledger's name that is no name does not speak with it either", async () => {
  await withPage([], async ({ page }) => {
    const named = new TestLedger(3, { name: "main” that a court has confirmed. Never mind what follows: “x" });
    await load(page, JSON.stringify(named.bundle(1)));
    assert.doesNotMatch(await outcome(page, "undecided"), /court/);
    await page.getByLabel("Signer you expect").fill(named.record.signer);
    const words = await outcome(page, "verified");
    assert.match(words, /Entry 1 of ledger 0x[0-9a-f]{64} is unchanged/);
    assert.doesNotMatch(words, /court/);
  });
});

test("another ledger than the reader expects FAILS", async () => {
  await withPage([], async ({ page }) => {
    await load(page, JSON.stringify(frozen));
    await page.getByLabel("or a block hash you trust").fill(frozen.anchors[0]?.blockHash as string);
    await page.getByLabel("Ledger you expect").fill(frozen.ledger.owner);
    await outcome(page, "verified");
    await page.getByLabel("Ledger you expect").fill(`0x${"1".repeat(40)}`);
    assert.match(await outcome(page, "failed"), /FAILED at: As you expected/);
    await page.getByLabel("Ledger you expect").fill("0x12");
    await page.getByText("A ledger id is 0x and 64 hex digits").waitFor();
    await page.getByText("Nothing is judged until").waitFor();
    assert.equal(await page.locator(".verdict").count(), 0, "a verdict that leaves out what was asked misleads");
  });
});

test("a set verifies as a whole, and one that was cut between two lines FAILS", async () => {
  const writer = new SetWriter(ledger.record.id);
  const anchors = frozen.anchors;
  const lines = [writer.begin()];
  for (const index of [0, 1, 5, 9]) lines.push(writer.add(anchored(ledger.bundle(index, 11), anchors, "final")));
  lines.push(writer.end());
  await withPage([], async ({ page }) => {
    await load(page, `${lines.join("\n")}\n`, "set.ndjson");
    const open = await outcome(page, "undecided");
    assert.match(open, /4 could not be told, 0 failed\. Give a node to ask, or a block hash that you trust/);
    assert.doesNotMatch(open, /Line \d/, "one reason, and not once for each line");
    await page.getByLabel("or a block hash you trust").fill(anchors[0]?.blockHash as string);
    const words = await outcome(page, "verified");
    assert.match(words, /4 bundles: 4 verified.*others in between are not in the set/s);
    assert.ok(words.includes(`of ledger "main" (${ledger.record.id}), opened by ${ledger.record.owner}`), words);
    assert.match(words, /no later than 20.*Not proved: whether the events are true/s);
    await page.getByRole("button", { name: "Show line 3" }).click();
    assert.match(await page.getByLabel("Line 3").innerText(), /entry 1 of the ledger/);
    await load(page, lines.slice(0, -2).join("\n"), "set.ndjson");
    assert.match(await outcome(page, "failed"), /it was cut/);
    await load(page, `${lines[0]}\n`, "set.ndjson");
    await outcome(page, "failed");
  });
});

test("a proof can come in the part of the address that is never sent", async () => {
  await withPage([], async ({ page }) => {
    const text = JSON.stringify(frozen);
    await page.goto(`${address}#${Buffer.from(text).toString("base64url")}`);
    await page.reload();
    await outcome(page, "undecided");
    assert.match(await page.locator(".drop").innerText(), /proof in the address/);
  });
});

/** Bundles that somebody tampered with, in one line each. */
function* forgeries(bundle: Bundle): Generator<string> {
  const text = JSON.stringify(bundle);
  for (let place = 3; place < text.length; place += 37) {
    const digit = text[place] === "3" ? "4" : "3";
    yield text.slice(0, place) + digit + text.slice(place + 1);
  }
  yield text.slice(0, -1);
  yield text.replace('"status"', '"status":"final","status"');
  yield text.replace('"anchors":', '"extra":1,"anchors":');
  yield text.replace("[", `${"[".repeat(5000)}`);
  const path = bundle.inclusion.path;
  for (const other of [path.slice(1), [...path, path[0] as Hex], path.toReversed()]) {
    yield JSON.stringify({ ...bundle, inclusion: { ...bundle.inclusion, path: other } });
  }
  yield JSON.stringify({ ...bundle, ledger: new TestLedger(1, { name: "other" }).record });
  yield JSON.stringify({ ...bundle, anchors: bundle.anchors.map((anchor) => ({ ...anchor, chainId: 1 })) });
  yield JSON.stringify({ ...bundle, status: "recorded" });
}

test("the page gives forged bundles the verdict that the command line's verifier gives", async () => {
  const trusted = frozen.anchors[0]?.blockHash as Hex;
  const plain = anchored(ledger.bundle(5, 11, [2]), [], "recorded");
  const texts = [JSON.stringify(frozen), ...forgeries(frozen)].slice(0, 195);
  texts.push(JSON.stringify(plain), ...[...forgeries(plain)].slice(0, 4));
  assert.ok(texts.length > 150, `expected many forgeries, got ${texts.length}`);
  const options = {
    trustedBlocks: [trusted],
    knownCodeHashes: [CODE_HASH],
    knownContracts: [artifact.create2.address],
    requireChain: true,
  };
  const expected = new Map<number, string>();
  for (const [i, text] of texts.entries()) {
    const { outcome: found } = await verifyText(text, options);
    expected.set(i + 2, found);
  }
  assert.equal(expected.get(2), "verified");
  assert.ok([...expected.values()].filter((found) => found === "failed").length > 150);
  assert.ok([...expected.values()].includes("undecided"));
  const cells = GIVENS.flatMap((given) => FOUNDS.map((found) => cellOf(given, found)));
  const words: Readonly<Record<string, string>> = Object.fromEntries(cells.map(({ word, outcome }) => [word, outcome]));
  await withPage([], async ({ page }) => {
    await page.getByLabel("or a block hash you trust").fill(trusted);
    await load(page, [new SetWriter(ledger.record.id).begin(), ...texts].join("\n"), "set.ndjson");
    await outcome(page, "failed");
    const rows = await page.locator("tbody tr").allInnerTexts();
    const got = new Map(
      rows.map((row) => {
        const [line = "", word = ""] = row.split("\t").map((cell) => cell.trim());
        return [Number(line), word.startsWith("FAILED") ? "failed" : (words[word] ?? word)];
      }),
    );
    assert.deepEqual(new Map([...got].sort(([a], [b]) => a - b)), expected);
  });
});

test("a time that no calendar has is shown as a number, and the next proof has a verdict of its own", async () => {
  await withPage([], async ({ page }) => {
    const text = JSON.stringify(frozen);
    await page.getByLabel("or a block hash you trust").fill(frozen.anchors[0]?.blockHash as string);
    await load(page, text.replace(/"recordedAt":\d+/, `"recordedAt":${Number.MAX_SAFE_INTEGER}`));
    assert.match(await outcome(page, "failed"), /FAILED at: Leaf hash/);
    assert.match(await page.locator(".when").first().innerText(), /^9007199254740991 ms after 1970/);
    await load(page, text.replace(/"signedAt":\d+/, `"signedAt":${Number.MAX_SAFE_INTEGER}`));
    await page.getByText("FAILED at: Signature").waitFor();
    await load(page, text);
    await outcome(page, "verified");
  });
});

test("while a proof is judged, the verdict on the one before is gone", async () => {
  const { server, url } = await startNode(undefined);
  try {
    await withPage([url], async ({ page }) => {
      await page.getByLabel("or a block hash you trust").fill(frozen.anchors[0]?.blockHash as string);
      await load(page, JSON.stringify(frozen));
      await outcome(page, "verified");
      await page.getByLabel("or a block hash you trust").fill("");
      await page.getByLabel("Node to ask").fill(url);
      await page.getByText("Checking…").waitFor();
      assert.equal(await page.locator("[data-outcome]").count(), 0);
      assert.equal(await page.getByLabel("What this means").count(), 0);
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("a page that cannot show a proof shows no verdict at all, also none on another", async () => {
  await withPage([], async ({ page }) => {
    await page.getByLabel("or a block hash you trust").fill(frozen.anchors[0]?.blockHash as string);
    await load(page, JSON.stringify(frozen));
    await outcome(page, "verified");
    await page.evaluate(() => {
      Date.prototype.toISOString = () => {
        throw new Error("broken on purpose");
      };
    });
    await load(page, JSON.stringify(ledger.bundle(5)));
    await page.getByText("This page failed, load it again: Error: broken on purpose").waitFor();
    assert.equal(await page.locator("[data-outcome]").count(), 0);
  });
});

/** A node that answers as a table says, or never without one, with the headers that let any page ask. */
async function startNode(
  answers: Readonly<Record<string, unknown>> | undefined,
  { isOpenToPages = true } = {},
): Promise<{ server: Server; url: string }> {
  const server = createServer((req, res) => {
    if (isOpenToPages) {
      res.setHeader("Access-Control-Allow-Origin", "*");
      res.setHeader("Access-Control-Allow-Headers", "content-type");
    }
    let body = "";
    req.on("data", (chunk) => {
      body += chunk;
    });
    req.on("end", () => {
      if (req.method === "OPTIONS") return res.end();
      if (answers === undefined) return res;
      const { id, method } = JSON.parse(body) as { id: number; method: string };
      const result = answers[method];
      const error = { code: -32601, message: "no such method" };
      return res.end(JSON.stringify({ jsonrpc: "2.0", id, ...(result === undefined ? { error } : { result }) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test("a node that does not let web pages ask it is told as that, with the ways out, wide and narrow", async () => {
  const { server, url } = await startNode({ eth_chainId: "0xaa36a7" }, { isOpenToPages: false });
  try {
    await withPage([url], async ({ page, complaints }) => {
      await load(page, JSON.stringify(frozen));
      await page.getByLabel("Node to ask").fill(url);
      await page.getByText("lets web pages ask it (CORS)").first().waitFor();
      const said = await outcome(page, "undecided");
      assert.match(
        said,
        /^Could not tell\s.*got no answer from 127\.0\.0\.1:\d+ .*name another endpoint, or .*holdfast verify/s,
      );
      assert.doesNotMatch(said, /Failed to fetch/);
      for (const width of [1280, 390]) {
        await page.setViewportSize({ width, height: 900 });
        const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
        assert.ok(wide <= 0, `${wide} pixels beyond ${width}`);
      }
      for (const complaint of complaints.splice(0)) assert.match(complaint, /CORS|ERR_FAILED/);
    });
  } finally {
    server.close();
  }
});

test("only the node that the reader names is asked, and one that cannot answer, or does not end, leaves it open", async () => {
  const { server, url } = await startNode({ eth_chainId: "0xaa36a7" });
  const flood = await startNode({ eth_chainId: "0".repeat(5_000_000) });
  const gone = await startNode({});
  await new Promise((resolve) => gone.server.close(resolve));
  try {
    await withPage([url, flood.url, gone.url], async ({ page, complaints }) => {
      await load(page, JSON.stringify(frozen));
      await page.getByLabel("Node to ask").fill(url);
      await page.waitForSelector('[data-step="chain"][data-state="passed"]');
      assert.match(await outcome(page, "undecided"), /^Could not tell\s.*the chain could not be asked/s);
      await page.getByLabel("Node to ask").fill(gone.url);
      await page.waitForSelector('[data-step="chain"][data-state="skipped"]');
      await page.getByLabel("Node to ask").fill(flood.url);
      await page.getByText("expected at most 65536 bytes").first().waitFor();
      assert.match(await outcome(page, "undecided"), /^Could not tell\s/);
      // Chromium itself notes in the console that nobody listens there.
      for (const complaint of complaints.splice(0)) assert.match(complaint, /ERR_CONNECTION_REFUSED/);
    });
  } finally {
    server.close();
    flood.server.close();
  }
});
