/** Saved searches on the events page: saved under a name, chosen, removed, and never run in part. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { until } from "../until.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { signIn, visit } from "./visit.ts";

let browser: Browser;
let demo: DemoService;

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
  const events = Array.from({ length: 40 }, (_, place) => ({ ...demoEvent(place, Date.now()), tenant: "acme" }));
  assert.equal((await demo.send(events)).status, 201);
});

after(async () => {
  await browser?.close();
  await demo?.close();
});

function save(name: string, filter: string): Promise<Response> {
  return fetch(`${demo.url}/v1/ledgers/main/searches/${encodeURIComponent(name)}`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ filter }),
  });
}

async function everyAction(page: Page, action: RegExp): Promise<void> {
  await until(`only ${action}`, async () => {
    const cells = await page.locator("td.c-action").allInnerTexts();
    return cells.length > 0 && cells.every((cell) => action.test(cell));
  });
}

test("a filter is saved under a name, found again by others, and removed", async () => {
  const place = "main/events?action=invoice.*&since=2026-01-02T03%3A04";
  await visit({ browser, demo }, place, async ({ page }) => {
    await signIn(page, demo.adminKey);
    await everyAction(page, /^invoice\./);
    await page.getByRole("button", { name: "Save under a name" }).click();
    await page.getByLabel("Name of this search").fill("Invoices, 2026");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove “Invoices, 2026”" }).waitFor();
  });
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.getByLabel("Saved searches").selectOption("Invoices, 2026");
    await everyAction(page, /^invoice\./);
    assert.equal(await page.getByLabel("Since (UTC)").inputValue(), "2026-01-02T03:04");
    await page.getByLabel("Action", { exact: true }).fill("user.*");
    await page.keyboard.press("Enter");
    await everyAction(page, /^user\./);
    assert.equal(await page.getByLabel("Saved searches").inputValue(), "");
    await page.getByLabel("Saved searches").selectOption("Invoices, 2026");
    await page.getByRole("button", { name: "Remove “Invoices, 2026”" }).click();
    await page.getByLabel("Saved searches").waitFor({ state: "detached" });
  });
});

test("a saved search that asks for what the page has no field for is not run in part", async () => {
  assert.equal((await save("of acme", "tenant=acme&action=user.*")).status, 201);
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.getByLabel("Saved searches").selectOption("of acme");
    await page.getByText("This search asks for “tenant=acme”").waitFor();
    assert.equal(await page.locator("table.events").count(), 0);
    assert.equal(await page.getByLabel("Saved searches").inputValue(), "of acme");
    await page.getByRole("button", { name: "Search without it" }).click();
    await everyAction(page, /^user\./);
    await page.reload();
    await everyAction(page, /^user\./);
  });
});

async function keyOf(role: string): Promise<string> {
  const answer = await fetch(`${demo.url}/v1/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ source: `the-${role}`, roles: [role] }),
  });
  return ((await answer.json()) as { key: string }).key;
}

test("a reader chooses the searches of others, and is not offered to remove or replace them", async () => {
  assert.equal((await save("denied", "outcome=denied")).status, 201);
  const reader = await keyOf("reader");
  await visit({ browser, demo }, "main/events?outcome=denied", async ({ page }) => {
    await signIn(page, reader);
    await page.getByLabel("Saved searches").waitFor();
    assert.equal(await page.getByLabel("Saved searches").inputValue(), "denied");
    await page.goto(`${demo.url}/#/main/events?outcome=success`);
    await page.getByRole("button", { name: "Save under a name" }).click();
    await page.getByLabel("Name of this search").fill("denied");
    await page.getByText("admin has one of this name: take another.").waitFor();
    await page.keyboard.press("Enter");
    assert.equal(await page.getByRole("button", { name: /^(Save|Replace|Remove)/ }).count(), 0);
    await page.getByLabel("Name of this search").fill("mine");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove “mine”" }).waitFor();
  });
});

test("whoever may not read events is told so in the place of the list and its filters", async () => {
  const writer = await keyOf("writer");
  await visit({ browser, demo }, "main/events", async ({ page, complaints }) => {
    await signIn(page, writer);
    await page.getByRole("heading", { name: "This key may not see this page" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Search" }).count(), 0);
    assert.equal(await page.getByRole("alert").count(), 1);
    // The browser tells of the refusal, too.
    complaints.splice(0);
  });
});
