/** The page of one event in a real browser: what a reader looks for comes first, and long texts are folded. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { makeDeliveries } from "../../scripts/demo/deliveries.ts";
import { until } from "../until.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { changeEvent, type DemoService, startDemo } from "./demo-service.ts";
import { signIn, visit } from "./visit.ts";

const HEIGHT = 800;

let browser: Browser;
let demo: DemoService;
let raw: string;

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
  const delivery = makeDeliveries().reduce((longest, each) =>
    each.text.length > longest.text.length ? each : longest,
  );
  raw = delivery.text;
  const answer = await fetch(`${demo.url}/v1/ledgers/main/ingest/github`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${demo.adminKey}`,
      "Content-Type": "application/json",
      "X-GitHub-Event": delivery.kind,
      "X-GitHub-Delivery": delivery.id,
    },
    body: raw,
  });
  assert.equal(answer.status, 200);
  const event = { ...changeEvent(Date.now() - 7_200_000), message: "Granted for the quarter", note: "n".repeat(5000) };
  assert.equal((await demo.send(event)).status, 201);
});

after(async () => {
  await browser?.close();
  await demo?.close();
});

async function topOf(page: Page, selector: string): Promise<number> {
  const box = await page.locator(selector).first().boundingBox();
  assert.ok(box !== null, `expected ${selector} on the page`);
  return box.y;
}

async function open(page: Page, index: number): Promise<void> {
  await signIn(page, demo.adminKey);
  await page.goto(`${demo.url}/#/main/events/${index}`);
  await page.waitForSelector("article.detail .verdict[data-outcome]");
}

test("a webhook delivery of many pages has its summary and its verdict in the first window, its text folded below", async () => {
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await open(page, 0);
    assert.ok((await topOf(page, '[aria-label="Summary"]')) < HEIGHT / 2);
    assert.ok((await topOf(page, ".verdict")) < HEIGHT, "the verdict is seen without scrolling");
    const summary = await page.getByLabel("Summary").innerText();
    for (const expected of [
      /Actor\s+user /,
      /Happened\s+20\d\d-/,
      /Recorded\s+20\d\d-/,
      /Came through\s+admin as github/,
    ]) {
      assert.match(summary, expected);
    }
    const text = page.locator(".long-text");
    assert.equal(await text.count(), 0, "folded");
    await page.locator("section.card", { hasText: "As it was received" }).locator("summary").click();
    assert.equal(await text.textContent(), JSON.stringify(JSON.parse(raw), null, 2));
    await page.getByRole("button", { name: "Exact" }).click();
    assert.equal(await text.textContent(), raw);
  });
});

test("a party leads to its events, also when its id is long and has signs of a filter in it", async () => {
  const id = `cn=Ada *,ou=IT,dc=${"example".repeat(80)}`;
  const event = { ...changeEvent(Date.now() - 3_600_000), actor: { type: "user", id } };
  const answer = await demo.send(event);
  assert.equal(answer.status, 201);
  const { entry } = (await answer.json()) as { readonly entry: { readonly index: number } };
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await open(page, entry.index);
    await page.getByLabel("Summary").getByTitle("All events with this actor").click();
    await page.waitForSelector("article.detail", { state: "detached" });
    // For a moment the list is still that of before, and then none.
    await until("its event, and no others", async () => {
      const hrefs = await page.locator('a[href^="#/main/events/"]').evaluateAll((all) => all.map(String));
      return hrefs.length === 1 && hrefs[0]?.includes(`#/main/events/${entry.index}?`) === true;
    });
  });
});

test("what is copied is the text that is shown, to the last character", async () => {
  await visit({ browser, demo }, "main/events", async ({ page, context }) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: demo.url });
    await open(page, 0);
    const card = page.locator("section.card", { hasText: "As it was received" });
    await card.locator("summary").click();
    await page.getByRole("button", { name: "Exact" }).click();
    await card.getByRole("button", { name: "Copy" }).click();
    await card.getByText("Copied", { exact: true }).waitFor();
    assert.equal(await page.evaluate("navigator.clipboard.readText()"), raw);
  });
});

test("a short text that was received is shown formatted and as it came, and can be copied", async () => {
  const text = '{"specversion":"1.0","id":"7", "source":"/a","type":"x.y","data":{"n":1.0}}';
  const answer = await fetch(`${demo.url}/v1/ledgers/main/ingest/cloudevents`, {
    method: "POST",
    headers: { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/cloudevents+json" },
    body: text,
  });
  const { receipts } = (await answer.json()) as { readonly receipts: readonly [{ readonly index: number }] };
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await open(page, receipts[0].index);
    const card = page.locator("section.card", { hasText: "As it was received" });
    const shown = card.locator("pre");
    assert.match((await shown.textContent()) ?? "", /^\{\n {2}"specversion": "1\.0",\n/);
    await card.getByRole("button", { name: "Exact" }).click();
    assert.equal(await shown.textContent(), text);
    assert.ok(await card.getByRole("button", { name: "Copy" }).isVisible());
  });
});

test("summary, verdict, changes, members, and what the proof rests on follow in this order", async () => {
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await open(page, 1);
    const order = ['[aria-label="Summary"]', ".verdict", "table.changes", 'button:has-text("Copy JSON")', ".steps"];
    const tops = await Promise.all(order.map((selector) => topOf(page, `article.detail ${selector}`)));
    assert.deepEqual(
      tops,
      tops.toSorted((a, b) => a - b),
    );
    const summary = await page.getByLabel("Summary").innerText();
    assert.match(summary, /Message\s+Granted for the quarter/);
    assert.match(summary, /Recorded\s+20\d\d-\d\d-\d\d [\d:]+ UTC 2 h( \d+ s)? later/);
    assert.match(await page.locator("article.detail").innerText(), /Show 5\.0 kB n+ …/, "every long text is folded");
    await page.getByRole("link", { name: "user u1042 Ada Lindqvist" }).click();
    await page.waitForURL(/#\/main\/events\?actor=user%3Au1042$/);
  });
});

test("an event is printed alone: its summary and its verdict, without the list, the filters and buttons", async () => {
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await open(page, 1);
    await page.emulateMedia({ media: "print" });
    for (const selector of [".bar", ".filters", "table.events", "button"]) {
      const shown = await page
        .locator(selector)
        .evaluateAll((all) => all.filter((each) => each.checkVisibility()).length);
      assert.equal(shown, 0, selector);
    }
    for (const selector of ['[aria-label="Summary"]', ".verdict", "table.changes", ".steps"]) {
      assert.ok(await page.locator(selector).isVisible(), selector);
    }
    const words = await page.locator("article.detail").innerText();
    assert.match(words, /Of the ledger “main”, 0x[0-9a-f]{64}/);
    assert.match(words, /Checked at 20\d\d-\d\d-\d\d [\d:]+ UTC, in a browser, by a page of the service itself/);
  });
});

test("an event of odd texts and thousands of names keeps its verdict near, and nothing in it turns what is beside it", async () => {
  const actor = { type: "user", id: `\u202e${"x".repeat(900)}`, name: "\u0645\u062d\u0645\u062f" };
  const members = { ...changeEvent(Date.now()), actor, changes: undefined };
  const metadata = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`name_${i}`, i]));
  const answer = await demo.send({ ...members, metadata });
  const { entry } = (await answer.json()) as { readonly entry: { readonly index: number } };
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await page.setViewportSize({ width: 390, height: HEIGHT });
    await open(page, entry.index);
    assert.ok((await topOf(page, ".verdict")) < HEIGHT, "a long actor does not push the verdict away");
    const summary = page.getByLabel("Summary");
    assert.match(await summary.innerText(), /user U\+202Exxxx/);
    assert.equal(await summary.locator("bdi", { hasText: actor.name }).innerText(), actor.name);
    const all = page.getByRole("button", { name: "Show 860 more names" });
    await page.emulateMedia({ media: "print" });
    assert.match(await page.locator("article.detail").innerText(), /and 860 more names, which were folded/);
    await page.emulateMedia({ media: "screen" });
    assert.equal(await page.getByText("name_899", { exact: true }).count(), 0);
    await all.click();
    await page.getByText("name_899", { exact: true }).waitFor();
  });
});

test("an intent and its result are shown as one on the page of either, and what has no result says so", async () => {
  const members = { action: "database.restore", time: new Date().toISOString(), actor: { type: "user", id: "u1" } };
  const indexOf = async (more: object): Promise<number> => {
    const answer = await demo.send({ ...members, ...more });
    return ((await answer.json()) as { entry: { index: number } }).entry.index;
  };
  const intent = await indexOf({ intent: "restore, 1*", authority: { type: "change", id: "CHG-1" } });
  const result = await indexOf({ result_of: "restore, 1*", outcome: "failure" });
  const open = await indexOf({ intent: "restore-2" });
  await visit({ browser, demo }, "main/events", async ({ page }) => {
    await signIn(page, demo.adminKey);
    const card = page.getByLabel("Intent and result");
    const textOf = async (index: number): Promise<string> => {
      await page.goto(`${demo.url}/#/main/events/${index}`);
      await page.locator(`article[aria-label="Entry ${index}"] [aria-label="Intent and result"]`).waitFor();
      return await card.innerText();
    };
    for (const index of [intent, result]) {
      const text = await textOf(index);
      for (const expected of [`entry ${intent}`, `entry ${result}`, "CHG-1", "failure"])
        assert.ok(text.includes(expected), text);
    }
    assert.match(await textOf(open), /none yet/);
  });
});
