/** Reading a long list with keys, the chart with a pointer and with arrows, and links to events of long ago. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { until } from "../until.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { signIn, visit } from "./visit.ts";

const EVENTS = 300;

let browser: Browser;
let demo: DemoService;
let now: number;

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
  now = Date.now();
  const events = Array.from({ length: EVENTS }, (_, place) => demoEvent(place, now));
  events[EVENTS - 2] = { ...events[EVENTS - 2], time: "2019-05-15T19:39:04Z" };
  assert.equal((await demo.send(events)).status, 201);
});

after(async () => {
  await browser?.close();
  await demo?.close();
});

function visitSignedIn(place: string, use: (page: Page) => Promise<void>): Promise<void> {
  return visit({ browser, demo }, "main/sign-in", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.goto(`${demo.url}/#/${place}`);
    await use(page);
  });
}

/** Indexes of the rows, once there are some. */
async function indexesOf(page: Page): Promise<number[]> {
  await page.waitForSelector("table.events tbody tr");
  return (await page.locator("td.c-index").allInnerTexts()).map(Number);
}

function countDown(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => from - i);
}

test("after a search by keys the next keys go through the list and write nothing into the field", async () => {
  await visitSignedIn("main/events", async (page) => {
    await page.waitForSelector("table.events tbody tr");
    await page.keyboard.press("/");
    await page.keyboard.type("user.*");
    await page.keyboard.press("Enter");
    await page.waitForURL(/action=user/);
    // For a moment the list is still that of before.
    await page.locator("table.events tbody tr", { hasNotText: "user." }).first().waitFor({ state: "detached" });
    await page.waitForSelector("table.events tbody tr");
    const [first, second] = await indexesOf(page);
    await page.keyboard.press("j");
    await page.getByRole("article", { name: `Entry ${first}` }).waitFor();
    await page.keyboard.press("j");
    await page.getByRole("article", { name: `Entry ${second}` }).waitFor();
    assert.equal(await page.getByLabel("Action").inputValue(), "user.*");
    await page.keyboard.press("/");
    await page.keyboard.press("Escape");
    await page.keyboard.press("k");
    await page.getByRole("article", { name: `Entry ${first}` }).waitFor();
  });
});

test("the key ? and a button show what words mean and keys do, and closing that closes nothing else", async () => {
  await visitSignedIn(`main/events/${EVENTS - 1}`, async (page) => {
    const article = page.getByRole("article", { name: `Entry ${EVENTS - 1}` });
    await article.waitFor();
    await page.keyboard.press("?");
    const help = page.getByRole("dialog", { name: "Help" });
    await help.waitFor();
    const text = await help.innerText();
    for (const word of ["recorded", "anchored", "final", "quarantined"])
      assert.match(text, new RegExp(`^${word}$`, "m"));
    for (const key of ["/", "j", "k", "Esc", "?"]) assert.ok(text.split(/\s+/).includes(key), key);
    await page.keyboard.press("j");
    assert.match(page.url(), new RegExp(`/events/${EVENTS - 1}$`), "keys do nothing behind it");
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    assert.equal(await article.count(), 1);
    const button = page.getByRole("button", { name: "Help (?)" });
    await button.press("Enter");
    await help.waitFor();
    await page.setViewportSize({ width: 390, height: 400 });
    const { x, y, width, height } = (await help.boundingBox()) ?? { x: -1, y: -1, width: 0, height: 0 };
    assert.ok(x >= 0 && y >= 0 && x + width <= 390 && y + height <= 400, "all of it can be reached by scrolling in it");
    await page.keyboard.press("Escape");
    await help.waitFor({ state: "hidden" });
    assert.equal(await page.evaluate("document.activeElement.title"), "Help (?)", "the focus is where it was");
  });
});

test("a bar of the chart is read by pointing at it or with arrows, and opened by a press or Enter", async () => {
  await visitSignedIn("main/overview", async (page) => {
    const chart = page.getByRole("slider", { name: /^300 events; most in the bar/ });
    await chart.locator("canvas").waitFor();
    const reading = page.locator(".chart-reading");
    assert.match(await reading.innerText(), /^Point at a bar/);
    await chart.focus();
    const read = /^20\d\d-\d\d-\d\d \d\d:\d\d to \d\d:\d\d: 300 events(, \d+ anchors?)?$/;
    for (let steps = 0; steps < 4 && !read.test(await reading.innerText()); steps++) {
      await page.keyboard.press("ArrowLeft");
    }
    const words = await reading.innerText();
    assert.match(words, read);
    assert.equal(await chart.getAttribute("aria-valuetext"), words);
    // The bar of that number, under the mouse.
    const bar = Number(await chart.getAttribute("aria-valuenow"));
    const bars = Number(await chart.getAttribute("aria-valuemax")) + 1;
    await page.keyboard.press("Escape");
    assert.match(await reading.innerText(), /^Point at a bar/);
    const plot = await chart.locator(".u-over").boundingBox();
    assert.ok(plot !== null);
    await page.mouse.move(plot.x + ((bar + 0.5) / bars) * plot.width, plot.y + plot.height - 5);
    await until("the bar to be read", async () => (await reading.innerText()) === words);
    await page.mouse.down();
    await page.mouse.up();
    await page.waitForURL(/#\/main\/events\?since=20\d\d-\d\d-\d\dT\d\d%3A\d\d&until=20/);
    assert.deepEqual(await indexesOf(page), countDown(EVENTS - 1, 50));
  });
});

test("a link to an old event shows what was recorded before and after it, and leads back to the newest", async () => {
  await visitSignedIn("main/events/100", async (page) => {
    await page.getByText("before and after an old event").waitFor();
    assert.deepEqual(await indexesOf(page), countDown(125, 75), "25 newer ones, itself, and 49 older ones");
    const row = page.locator('tr[aria-current="true"]');
    assert.equal(await row.getAttribute("data-index"), "100");
    await until("the row to be in sight", async () => {
      const box = await row.boundingBox();
      return box !== null && box.y >= 0 && box.y + box.height <= 800;
    });
    await page.getByRole("button", { name: "Newer events" }).click();
    await until("newer rows", async () => (await indexesOf(page)).length === 100);
    await page.getByRole("button", { name: "Older events" }).click();
    await until("older rows", async () => (await indexesOf(page)).length === 150);
    assert.deepEqual(await indexesOf(page), countDown(150, 150));
    await page.getByRole("button", { name: "To the newest" }).click();
    await until("the newest rows", async () => (await indexesOf(page))[0] === EVENTS - 1);
    await page.keyboard.press("Escape");
    await page.waitForURL(/#\/main\/events$/);
    assert.deepEqual(await indexesOf(page), countDown(EVENTS - 1, 50));
  });
});

test("at the end of what is loaded, j loads what is older", async () => {
  await visitSignedIn("main/events/250", async (page) => {
    await page.getByRole("article", { name: "Entry 250" }).waitFor();
    await page.waitForSelector('tr[data-index="250"]');
    await page.keyboard.press("j");
    await page.waitForSelector('tr[data-index="249"]');
    await page.keyboard.press("j");
    await page.getByRole("article", { name: "Entry 249" }).waitFor();
  });
});

test("a list says once that all is final, and marks only what is not", async () => {
  await visit({ browser, demo }, "main/sign-in", async ({ page, context }) => {
    await signIn(page, demo.adminKey);
    let finalSize = EVENTS;
    await context.route(`${demo.url}/v1/ledgers/main`, async (route) => {
      const response = await route.fetch();
      const ledger = (await response.json()) as object;
      await route.fulfill({ response, json: { ...ledger, anchoredSize: EVENTS - 1, finalSize } });
    });
    await page.goto(`${demo.url}/#/main/events`);
    await page.locator("th.c-stage", { hasText: "all final" }).waitFor();
    assert.equal(await page.locator("td.c-stage .marked").count(), 0);
    finalSize = EVENTS - 3;
    await until("three marks", async () => (await page.locator("td.c-stage .marked").count()) === 3);
    assert.deepEqual(await page.locator("td.c-stage .marked").allInnerTexts(), ["recorded", "anchored", "anchored"]);
    assert.equal(await page.locator("th.c-stage").innerText(), "State");
  });
});

test("the list tells the event's own time, with its day where that is another one", async () => {
  await visitSignedIn("main/events", async (page) => {
    await page.waitForSelector("table.events tbody tr");
    const happened = await page.locator("td.c-happened").allInnerTexts();
    const recorded = (await page.locator("td.c-time").first().innerText()).slice(0, 10);
    const own = new Date(now).toISOString();
    const isSameDay = own.slice(0, 10) === recorded;
    const expected = isSameDay ? own.slice(11, 19) : own.slice(0, 19).replace("T", " ");
    assert.deepEqual(happened.slice(0, 2), [expected, "2019-05-15 19:39:04"]);
  });
});
