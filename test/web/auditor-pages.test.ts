/**
 * What auditors work with, in a browser: searches that are saved under a name, never run in part; whether the ledger is whole and who
 * says so; and who read what.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { verifyReport } from "../../src/verify/report/check-report.ts";
import { until } from "../until.ts";
import { answerAudits, answerWatchers } from "./audit-answers.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { signIn, visit } from "./visit.ts";

let browser: Browser;
let demo: DemoService;
let reader: string;
let auditor: string;

const asAdmin = (method: string, path: string, body: object) =>
  fetch(demo.url + path, {
    method,
    headers: { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
  const events = Array.from({ length: 40 }, (_, place) => ({ ...demoEvent(place, Date.now()), tenant: "acme" }));
  assert.equal((await demo.send(events)).status, 201);
  const keyOf = async (source: string, role: string) =>
    ((await (await asAdmin("POST", "/v1/keys", { source, roles: [role] })).json()) as { key: string }).key;
  reader = await keyOf("reads", "reader");
  auditor = await keyOf("audit-firm", "auditor");
});

after(async () => {
  await browser?.close();
  await demo?.close();
});

function save(name: string, filter: string): Promise<Response> {
  return asAdmin("PUT", `/v1/ledgers/main/searches/${encodeURIComponent(name)}`, { filter });
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

test("whoever may not see audits or readers is told which role that takes, and nothing is asked for", async () => {
  await visit({ browser, demo }, "main/integrity", async ({ page }) => {
    await signIn(page, reader);
    await page.getByRole("heading", { name: "This key may not see audits" }).waitFor();
    await page.goto(`${demo.url}/#/main/access`);
    await page.getByRole("heading", { name: "This key may not see who read what" }).waitFor();
    assert.match(await page.getByRole("alert").innerText(), /role auditor or admin\. This one has reader\./);
  });
});

test("an empty ledger and one that nobody audited look like what they are, and a whole audit that was asked for says so", async () => {
  await asAdmin("POST", "/v1/ledgers", { name: "void" });
  // An audit before the first anchor says that there was none to look at.
  await until("an anchor that is final", async () => {
    const { finalSize } = (await (await fetch(`${demo.url}/v1/ledgers/main`)).json()) as { finalSize: number };
    return finalSize > 0;
  });
  await visit({ browser, demo }, "void/integrity", async ({ page }) => {
    await signIn(page, auditor);
    await page.locator('.verdict.none[data-state="empty"]').waitFor();
    assert.equal(await page.getByRole("button", { name: "Audit all of it now" }).count(), 0);
    await page.goto(`${demo.url}/#/main/integrity`);
    await page.locator('.verdict.warn[data-state="never"]').waitFor();
    await page.getByText("nothing is known of these").waitFor();
    await page.getByText("None is configured: nobody elsewhere would notice").waitFor();
    await page.getByRole("button", { name: "Audit all of it now" }).click();
    await page.locator('.verdict[data-state="whole"]').waitFor();
    await page.getByRole("row", { name: /audited whole/ }).waitFor();
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download the signed report" }).click();
    const text = readFileSync(await (await download).path(), "utf8");
    const command = await page.locator(".command pre").innerText();
    const signer = /--signer (0x\w{40})$/.exec(command)?.[1] as string;
    const { outcome, report } = await verifyReport(text, { expected: { signers: [signer] } });
    assert.deepEqual([outcome, report?.outcome, report?.ledger.name], ["verified", "whole", "main"]);
  });
});

test("what is old, damaged or not scheduled is never green, and says what was found where and what to do", async () => {
  const states = {
    stale: ["stale", /too old.*due since/s],
    damaged: ["damaged", /found something wrong.*40,000 to 40,006.*somebody rewrote something.*5 more findings/s],
    off: ["whole", /never: the configuration turns it off/],
    running: ["whole", /is under way.*30,000 of 90,031 entries, 33 %/s],
  } as const;
  await visit({ browser, demo }, "main/integrity", async ({ page }) => {
    await answerAudits(page, "running");
    await signIn(page, auditor);
    for (const [state, [shown, words]] of Object.entries(states) as [
      keyof typeof states,
      readonly [string, RegExp],
    ][]) {
      await answerAudits(page, state);
      await page.reload();
      await page.locator(`.verdict[data-state="${shown}"]`).waitFor();
      await page.getByRole("article", { name: /^Report of audit/ }).waitFor();
      assert.match(await page.locator("main").innerText(), words);
      const green = await page.locator(".verdict.good, .coverage .well, .coverage-key.well").count();
      assert.equal(green > 0, shown === "whole", state);
      const bar = await page.locator(".coverage").getAttribute("aria-label");
      assert.match(
        String(bar),
        /entries 0 to 79,999 audited whole, entries 80,000 to 89,999 sampled, entries 90,000 to 90,030 never/,
      );
      assert.equal(await page.locator(".coverage .found").count(), state === "damaged" ? 2 : 0);
    }
  });
});

test("each watcher is shown with its last word, and that there is none is said; on paper there is a place to sign", async () => {
  await visit({ browser, demo }, "main/integrity", async ({ page }) => {
    await answerAudits(page, "running");
    await answerWatchers(page);
    await signIn(page, auditor);
    const rows = page.locator("section", { hasText: "Watchers elsewhere" }).locator("tbody tr");
    await rows.nth(3).waitFor();
    const words = await rows.allInnerTexts();
    for (const [i, text] of [
      /sees nothing wrong/,
      /fell silent/,
      /contradicts.*two roots/s,
      /never heard.*none/s,
    ].entries())
      assert.match(words[i] as string, text);
    assert.equal(await page.getByText("Looked at by").isVisible(), false);
    await page.emulateMedia({ media: "print" });
    await page.getByText("Looked at by").waitFor();
    await page.getByText("Integrity of the ledger “main”").waitFor();
    for (const control of await page.locator("button, input, select").all())
      assert.equal(await control.isVisible(), false);
  });
});

test("who did what is seen by day, by key and by kind, and leads to the entry that proves it", async () => {
  await visit({ browser, demo }, "main/access", async ({ page }) => {
    await signIn(page, auditor);
    const made = page.locator("tr", { hasText: "for audit-firm, role auditor" });
    await made.getByText("made a key").waitFor();
    await page.getByRole("heading", { name: new Date().toISOString().slice(0, 10) }).waitFor();
    await page.getByLabel("What").selectOption({ label: "exports" });
    await page.getByText("Nothing of the kind was recorded").waitFor();
    const headers = { Authorization: `Bearer ${auditor}` };
    await (await fetch(`${demo.url}/v1/ledgers/main/export?as=csv`, { headers })).text();
    await page.getByRole("button", { name: "Look again" }).click();
    const exported = page.locator("tr", { hasText: "exported events" }).last();
    await exported.getByText("audit-firm").waitFor();
    await page.getByLabel("What").selectOption({ label: "everything" });
    await made.waitFor();
    await exported.getByRole("button").click();
    await page.getByText("This is what the key did").waitFor();
    await made.waitFor({ state: "detached" });
    await exported.getByRole("link", { name: /^Entry/ }).click();
    await page.locator("article.detail .verdict[data-outcome]").waitFor();
    assert.match(await page.locator("article.detail").innerText(), /holdfast\.access\.export/);
    assert.match(page.url(), /#\/_access\/events\/\d+$/);
  });
});
