/**
 * Escaped names in the real browser: its engine misreads them as Node's does, and verify.html still proves an honest
 * bundle and shows the names that were recorded, whatever it was given before.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { plain, readIndependently } from "../json/independent.ts";
import { spellEscaped, trapsFor } from "../json/poison.ts";
import { TestLedger, textsOf } from "../verify/fixture.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { visitAt } from "./visit.ts";

const BASE = '"action":"x.y","time":"2026-11-27T03:30:54Z","actor":{"type":"user","id":"q"}';
/** Each event is honest; what the engine makes of the second name in `b` is the second name in `a`. */
const EVENTS = [
  `{${BASE},"a":{"!":1,"\\\\":2},"b":{"!":1,"\\"":2}}`,
  `{${BASE},"b":{"!":3,"\\"":4},"a":{"!":3,"\\\\":4}}`,
  `{${BASE},"a":{"":5,"\\\\":6},"b":{"":5,"\\n":6}}`,
];

let folder: string;
let browser: Browser;
let address: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-names-"));
  buildPages(folder);
  address = pathToFileURL(join(folder, "verify.html")).href;
  browser = await launchBrowser();
});

after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

function withPage(use: (page: Page) => Promise<void>): Promise<void> {
  return visitAt(browser, address, ({ page }) => use(page));
}

/** Gives the page a file, waits for its verdict, and takes it away again. */
async function judge(page: Page, text: string): Promise<{ readonly outcome: string; readonly members: string[] }> {
  await page.setInputFiles('input[type="file"]', {
    name: "b.json",
    mimeType: "application/json",
    buffer: Buffer.from(text),
  });
  const verdict = page.locator(".verdict[data-outcome]").first();
  await verdict.waitFor();
  const outcome = (await verdict.getAttribute("data-outcome")) ?? "";
  const members = await page.locator("dl.members dd").allInnerTexts();
  await page.getByRole("button", { name: "Clear" }).click();
  await verdict.waitFor({ state: "detached" });
  return { outcome, members };
}

test("the page proves honest bundles with escaped names, and shows the names that were recorded", async () => {
  const events = EVENTS.map((text) => plain(readIndependently(text)) as Record<string, unknown>);
  const ledger = new TestLedger(EVENTS.length, { texts: (index) => textsOf(events[index] as Record<string, unknown>) });
  await withPage(async (page) => {
    for (const index of [0, 1, 2, 1, 0]) {
      const { outcome, members } = await judge(page, JSON.stringify(ledger.bundle(index)));
      assert.notEqual(outcome, "failed", `entry ${index}`);
      const shown = members.join("\n");
      for (const name of ["a", "b"]) {
        const names = Object.keys(events[index]?.[name] as object);
        for (const each of names.filter((found) => found.trim() !== ""))
          assert.ok(shown.includes(each), `${each} in ${shown}`);
      }
    }
  });
});

test("the page reads a bundle whose own names are escaped, after its engine was led astray", async () => {
  const text = JSON.stringify(new TestLedger(5).bundle(2));
  const escaped = spellEscaped(readIndependently(text));
  await withPage(async (page) => {
    const expected = await judge(page, text);
    await page.evaluate((traps) => void traps.map((trap) => JSON.parse(trap)), trapsFor(text));
    assert.deepEqual(await judge(page, escaped), expected);
  });
});
