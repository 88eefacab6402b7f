/**
 * Every cell of the table of verdicts through the command line and through verify.html in a real browser: both say the
 * same word with the same mark and status.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before, type TestContext } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { cellOf, EXIT_STATUSES, type Outcome, SAYINGS } from "../../src/verify/verdict/table.ts";
import { serveNode } from "../cli/fake-http.ts";
import { runCommand } from "../cli/run-command.ts";
import { type CellCase, cellCases, flagsOf } from "../verify/cells.ts";
import type { TestChain } from "../verify/fixture.ts";
import { launchBrowser, openContext } from "./browser.ts";
import { buildPages } from "./built.ts";

let folder: string;
let browser: Browser;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-cells-"));
  buildPages(folder);
  browser = await launchBrowser();
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

type Said = { readonly word: string; readonly mark: string; readonly exitStatus: number | null };

/** A node for each chain of the cases. */
async function serveChains(t: TestContext, cases: readonly CellCase[]): Promise<Map<TestChain | undefined, string>> {
  const nodes = new Map<TestChain | undefined, string>();
  for (const { chain } of cases) {
    if (chain !== undefined && !nodes.has(chain)) nodes.set(chain, (await serveNode(t, chain)).url);
  }
  return nodes;
}

async function askCommand(each: CellCase, node: string | undefined): Promise<Said> {
  const file = join(folder, "proof.json");
  writeFileSync(file, each.text);
  const { status, stdout } = await runCommand(["verify", file, "--json", ...flagsOf(each, node)]);
  const { cell } = JSON.parse(stdout) as { cell: { given: string; found: string; word: string; mark: string } };
  assert.deepEqual([cell.given, cell.found], [each.given, each.found]);
  return { word: cell.word, mark: cell.mark, exitStatus: status };
}

async function askPage(page: Page, each: CellCase, node: string | undefined): Promise<Said> {
  const clear = page.getByRole("button", { name: "Clear" });
  if ((await clear.count()) > 0) await clear.click();
  await page.getByLabel("Node to ask").fill(node ?? "");
  await page.getByLabel("or a block hash you trust").fill(each.block ?? "");
  await page.getByLabel("Ledger you expect").fill(each.ledgerId ?? "");
  await page.getByLabel("Signer you expect").fill(each.signer ?? "");
  await page.getByLabel("A development chain is enough").setChecked(each.development);
  const buffer = Buffer.from(each.text);
  await page.setInputFiles('input[type="file"]', { name: "proof.json", mimeType: "application/json", buffer });
  const banner = page.locator(".verdict[data-outcome]");
  await banner.waitFor();
  const title = (await banner.locator("h2").textContent()) ?? "";
  const outcome = (await banner.getAttribute("data-outcome")) as Outcome;
  const classes = ((await banner.getAttribute("class")) ?? "").split(" ");
  const drawn = ((await banner.locator("svg").first().getAttribute("class")) ?? "").split(" ");
  const mark = classes.find((name) => name !== "verdict") ?? "";
  assert.ok(drawn.includes(mark), "the shape is that of the colour");
  // Where it failed is added to the word.
  return { word: title.replace(/^FAILED at: .*$/, "FAILED"), mark, exitStatus: EXIT_STATUSES[outcome] };
}

test("in every cell the page says what the command line says: word, mark and status", async (t) => {
  const cases = await cellCases();
  const nodes = await serveChains(t, cases);
  const address = pathToFileURL(join(folder, "verify.html")).href;
  const { context, refused } = await openContext(browser, { width: 1280, scheme: "light" }, [
    address,
    ...nodes.values(),
  ]);
  const page = await context.newPage();
  await page.goto(address);
  let compared = 0;
  for (const each of cases) {
    const node = nodes.get(each.chain);
    // The page has no field by which a reader who names no chain insists on one.
    const isForPage = !each.requireChain || node !== undefined;
    const [command, said] = await Promise.all([
      askCommand(each, node),
      isForPage ? askPage(page, each, node) : undefined,
    ]);
    if (said === undefined) continue;
    assert.deepEqual(said, command, `${each.given}, ${each.found}`);
    compared++;
  }
  assert.ok(compared > 40, `${compared}`);
  assert.deepEqual(refused, []);
  await context.close();
});

test("the first line that the command prints is the word, above the sentence", async (t) => {
  const cases = await cellCases();
  const nodes = await serveChains(t, cases);
  const file = join(folder, "word.json");
  const byName = new Map(cases.map((each) => [cellOf(each.given, each.found).word, each]));
  assert.equal(byName.size, Object.keys(SAYINGS).length, "every word can be said");
  for (const [word, each] of byName) {
    writeFileSync(file, each.text);
    const { stdout } = await runCommand(["verify", file, ...flagsOf(each, nodes.get(each.chain))]);
    assert.match(stdout, new RegExp(`^${word}\\n(Proved|Could not tell|FAILED|Nothing was verified)`), word);
  }
});
