/** The page of the API in a browser: it shows every operation, tries them with a key that it keeps nowhere, and asks nobody else. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { OPERATIONS } from "../../src/http/api/operations.ts";
import { type Running, startService } from "../http/service.ts";
import { type Look, launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { visitAt } from "./visit.ts";

let browser: Browser;
let service: Running;
let key: string;

before(async () => {
  buildPages();
  [browser, service] = await Promise.all([launchBrowser(), startService()]);
  key = await service.key(["admin"], "desk");
});
after(async () => {
  await browser?.close();
  await service?.close();
});

const WIDE: Look = { width: 1280, height: 860, scheme: "light" };
const NARROW: Look = { width: 390, height: 760, scheme: "dark" };

function visitPage(hash: string, use: Parameters<typeof visitAt>[2], look = WIDE): Promise<void> {
  return visitAt(browser, `${service.url}/api.html${hash}`, use, { look, allowed: [service.url] });
}

test("every operation is on the page, and found by a part of its path", async () => {
  await visitPage("", async ({ page }) => {
    await page.locator(".operation").first().waitFor();
    const ids = await page.locator(".operation").evaluateAll((all) => all.map(({ id }) => id));
    assert.deepEqual(ids.sort(), Object.keys(OPERATIONS).sort());
    await page.getByLabel("Find an operation").fill("/v1/keys");
    await page.waitForFunction("document.querySelectorAll('.operation').length === 3");
  });
});

test("an event is appended with the key that was typed, which is kept nowhere", async () => {
  await visitPage("#appendEvents", async ({ page, context }) => {
    const card = page.locator("#appendEvents");
    await card.getByRole("button", { name: "Send" }).waitFor();
    await page.getByLabel("API key").fill(key);
    await card.getByRole("button", { name: "Send" }).click();
    await card.getByText("201", { exact: true }).last().waitFor();
    assert.equal(service.ledgers.get("main")?.size, 1);
    const kept = await page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])");
    assert.ok(!String(kept).includes(key));
    assert.ok(!(await page.content()).includes(key));
    assert.deepEqual(await context.cookies(), []);
    await page.reload();
    assert.equal(await page.getByLabel("API key").inputValue(), "");
  });
});

test("an answer that does not end is shown as far as it came", async () => {
  await visitPage("#tailEvents", async ({ page }) => {
    const card = page.locator("#tailEvents");
    await page.getByLabel("API key").fill(key);
    await card.getByLabel("from", { exact: false }).first().fill("0");
    await card.getByRole("button", { name: "Send" }).click();
    await card.getByText("only its beginning is shown").waitFor();
  });
});

test("nothing sticks out of the window, wide or narrow", async () => {
  for (const [name, look] of Object.entries({ wide: WIDE, narrow: NARROW })) {
    await visitPage(
      "#proveConsistency",
      async ({ page }) => {
        await page.locator("#proveConsistency").getByRole("button", { name: "Send" }).click();
        await page.locator("#proveConsistency .command").nth(1).waitFor();
        const sizes = (await page.evaluate(
          "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
        )) as number[];
        assert.equal(sizes[0], sizes[1], name);
      },
      look,
    );
  }
});
