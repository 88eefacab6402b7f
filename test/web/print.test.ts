/** verify.html on paper: a report that says who checked which file, when and against what, without anything to press. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { SetWriter } from "../../src/verify/set/set.ts";
import { deadUrl } from "../cli/fake-http.ts";
import { anchored, TestChain, TestLedger } from "../verify/fixture.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { type Visit, visitAt } from "./visit.ts";

const PAPER = 720;

let folder: string;
let browser: Browser;
let address: string;
let text: string;
let block: string;
let ledger: TestLedger;
let bundle: Bundle;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-print-"));
  buildPages(folder);
  address = pathToFileURL(join(folder, "verify.html")).href;
  browser = await launchBrowser();
  ledger = new TestLedger(13);
  const anchor = await new TestChain().anchor(ledger, 13, { from: 11, withState: true });
  block = anchor.blockHash;
  bundle = anchored(ledger.bundle(5, 11, [2]), [anchor], "final");
  text = `${JSON.stringify(bundle, null, 1)}\n`;
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @param node that may be asked although nobody answers there */
function withPage(use: (page: Page) => Promise<void>, node?: string): Promise<void> {
  const allowed = node === undefined ? [] : [node];
  const look = { width: PAPER, scheme: "dark" } as const;
  const visited = async ({ page, complaints }: Visit) => {
    await use(page);
    if (node === undefined) return;
    for (const complaint of complaints.splice(0)) assert.match(complaint, /ERR_CONNECTION_REFUSED|CORS/);
  };
  return visitAt(browser, address, visited, { look, allowed });
}

async function load(page: Page, content = text): Promise<void> {
  const file = { name: "bundle.json", mimeType: "application/json", buffer: Buffer.from(content) };
  await page.setInputFiles('input[type="file"]', file);
  await page.waitForSelector(".verdict[data-outcome]");
}

test("the report names organisations, the file by its SHA-256, the time, and what it was checked against", async () => {
  await withPage(async (page) => {
    await load(page);
    await page.getByLabel("or a block hash you trust").fill(block);
    await page.getByText("Print as a report").click();
    await page.getByLabel("Checked by").fill("Auditors Ltd");
    await page.getByLabel("Records of").fill("Example Corp");
    await page.waitForSelector(".verdict[data-outcome]");
    assert.equal(await page.getByText("Verification report").isVisible(), false, "only on paper");
    await page.emulateMedia({ media: "print" });
    const report = page.locator(".report-head");
    await report.getByText(createHash("sha256").update(text).digest("hex")).waitFor();
    const words = await report.innerText();
    assert.match(
      words,
      /^Verification report\s+Checked by\s+Auditors Ltd\s+Records of\s+Example Corp\s+Checked at\s+20\d\d-/,
    );
    assert.match(words, /File\s+bundle\.json, [\d.]+ kB/);
    assert.match(words, new RegExp(`Checked against\\s+block hash ${block}`));
    assert.match(words, /This paper proves nothing by itself/);
    assert.doesNotMatch(words, /About/, "what was left empty is not there");
  });
});

test("of a node only its host is printed, for its address may hold a secret", async () => {
  const node = await deadUrl();
  await withPage(async (page) => {
    await load(page);
    await page.getByLabel("Node to ask").fill(`${node}/v3/very-secret-key`);
    await page.waitForSelector(".verdict[data-outcome]");
    await page.emulateMedia({ media: "print" });
    const words = await page.locator(".report-head").innerText();
    assert.match(words, new RegExp(`Checked against\\s+the node at ${new URL(node).host}\\s`));
    assert.doesNotMatch(await page.locator("body").innerText(), /very-secret-key/);
  }, node);
});

async function requireNothingToPress(page: Page): Promise<void> {
  const controls = await page.locator("button, input, textarea, select, summary").all();
  assert.ok(controls.length > 3, `expected controls that are not shown, got ${controls.length}`);
  for (const control of controls) {
    const outer = await control.evaluate((element) => element.outerHTML.slice(0, 80));
    assert.equal(await control.isVisible(), false, outer);
  }
}

test("on paper there is nothing to press of a set, nor of a bundle that was opened in it", async () => {
  const writer = new SetWriter(ledger.record.id);
  const set = [writer.begin(), writer.add(bundle), writer.end()];
  await withPage(async (page) => {
    await load(page, `${set.join("\n")}\n`);
    await page.getByRole("button", { name: "Show line 2" }).waitFor();
    await page.emulateMedia({ media: "print" });
    await requireNothingToPress(page);
    await page.emulateMedia({ media: "screen" });
    await page.getByRole("button", { name: "Show line 2" }).click();
    await page.getByRole("button", { name: "Back to the set" }).waitFor();
    await page.emulateMedia({ media: "print" });
    await requireNothingToPress(page);
  });
});

test("on paper there is nothing to press, and the colours are those of paper", async () => {
  await withPage(async (page) => {
    await load(page);
    await page.emulateMedia({ media: "print" });
    await requireNothingToPress(page);
    assert.equal(await page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    assert.ok(((await page.evaluate("document.documentElement.scrollWidth")) as number) <= PAPER);
    const pages = (await page.pdf({ format: "A4", printBackground: true }))
      .toString("latin1")
      .match(/\/Type ?\/Page\b/g);
    assert.ok((pages?.length ?? 0) >= 1 && (pages?.length ?? 0) <= 4, `${pages?.length} pages`);
  });
});

/** In the page: rows that a page's end may cut, and what holds on to all that follows it, so that an empty frame is left. */
const BREAKS = `[...document.querySelectorAll(".steps > li, .values > li, tr, dd:not(:has(dl, ol)), dl > dt, .stack")].flatMap((each) => {
  const { breakInside, breakAfter, display } = getComputedStyle(each);
  if (display === "none") return [];
  const row = each.localName !== "dt" && !each.classList.contains("stack") && each.closest(".names") === null;
  const wrong = [
    row && breakInside !== "avoid" && "is cut",
    each.localName === "dt" && breakAfter !== "auto" && "holds on",
    each.classList.contains("stack") && display !== "block" && "is " + display,
  ].filter(Boolean);
  return wrong.map((what) => each.outerHTML.slice(0, 60) + " " + what);
})`;

test("the end of a page cuts no row, and holds no card back from the page that has room for it", async () => {
  await withPage(async (page) => {
    await load(page);
    await page.emulateMedia({ media: "print" });
    assert.deepEqual(await page.evaluate(BREAKS), []);
  });
});

test("what a node, an RPC address and a block hash are is explained beside the fields that ask for them", async () => {
  await withPage(async (page) => {
    await page.getByText("What is a node, an RPC address, a block hash?").click();
    const words = await page.locator(".explained").innerText();
    assert.match(words, /RPC address\s+The web address at which programs ask a node/);
    assert.match(words, /Block hash\s+The name of one block of a chain/);
    assert.match(words, /not from the proof/);
  });
});

/** Of every hash that is shown, whether its beginning is cut off to fit. */
const CUT = `[...document.querySelectorAll(".hash-head")].filter((head) => head.getClientRects().length > 0).map(
  (head) => head.scrollWidth > head.clientWidth && getComputedStyle(head).overflow === "hidden" && getComputedStyle(head).display !== "inline")`;

test("on paper every hash is whole, also on paper so narrow that a screen would cut it", async () => {
  await withPage(async (page) => {
    await load(page);
    await page.setViewportSize({ width: 390, height: 800 });
    assert.ok(((await page.evaluate(CUT)) as boolean[]).includes(true), "a narrow screen cuts hashes");
    await page.emulateMedia({ media: "print" });
    const printed = (await page.evaluate(CUT)) as boolean[];
    assert.ok(printed.length > 3, `expected hashes on paper, got ${printed.length}`);
    assert.ok(!printed.includes(true), JSON.stringify(printed));
    assert.ok(((await page.evaluate("document.documentElement.scrollWidth")) as number) <= 390, "nothing is wider");
  });
});
