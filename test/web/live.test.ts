/** The events page in live mode: it follows the tail through connections that break off, waits while it is read, and stays small. */

import assert from "node:assert/strict";
import test, { after, afterEach, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { until } from "../until.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { type PrefixProxy, startPrefixProxy } from "./prefix-proxy.ts";
import { signIn, visit } from "./visit.ts";

const EVENTS = 60;
const ROWS_MAX = 200;

let browser: Browser;
let demo: DemoService;
let proxy: PrefixProxy;

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
  proxy = await startPrefixProxy(demo.url);
  await send(EVENTS, "before.it");
});

after(async () => {
  await browser?.close();
  await proxy?.close();
  await demo?.close();
});

afterEach(() => {
  proxy.mode = "pass";
});

async function send(count: number, action: string, more: object = {}): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => ({ ...demoEvent(i, Date.now()), action, ...more }));
  assert.equal((await demo.send(events)).status, 201);
}

/** Signs in and switches it on, behind the proxy; what the browser notes of broken connections is expected. */
async function live(place: string, use: (page: Page) => Promise<void>): Promise<void> {
  await visit({ browser, demo: proxy }, place, async ({ page, complaints }) => {
    await signIn(page, demo.adminKey);
    await page.getByRole("switch", { name: "Live" }).click();
    await phase(page, "following");
    await use(page);
    for (const complaint of complaints.splice(0)) assert.match(complaint, /^Failed to load resource|net::ERR_/);
  });
}

async function phase(page: Page, wanted: string): Promise<void> {
  await page.locator(`.live-bar[data-phase="${wanted}"]`).waitFor();
}

async function indexes(page: Page): Promise<number[]> {
  const cells = await page.locator("td.c-index").allInnerTexts();
  return cells.map((text) => Number(text.replaceAll(",", "")));
}

async function size(): Promise<number> {
  const answer = await fetch(`${demo.url}/v1/ledgers/main`);
  return ((await answer.json()) as { size: number }).size;
}

/** Waits until the list begins so, and returns all of it. */
async function listFrom(page: Page, newest: number): Promise<number[]> {
  await until(`entry ${newest} on top`, async () => (await indexes(page))[0] === newest);
  return indexes(page);
}

async function tailsOpen(): Promise<number> {
  const answer = await fetch(`${demo.url}/metrics`, { headers: { Authorization: `Bearer ${demo.adminKey}` } });
  return Number(/^holdfast_tails (\d+)$/m.exec(await answer.text())?.[1]);
}

const down = (from: number, count: number) => Array.from({ length: count }, (_, i) => from - i);

test("live, events appear through the tail and nothing is polled for them; leaving the page ends it", async () => {
  await live("main/events", async (page) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname + new URL(request.url()).search));
    await send(3, "live.one");
    const newest = (await size()) - 1;
    assert.deepEqual(await listFrom(page, newest), down(newest, 53));
    // The frame goes on asking how far the ledger is, as often as the list would ask for events.
    await until("three looks at the ledger", () => asked.filter((path) => /ledgers\/main$/.test(path)).length >= 3);
    assert.ok(asked.filter((path) => path.includes("/events?")).length <= 1, asked.join("\n"));
    assert.equal(await tailsOpen(), 1);
    await page.getByRole("link", { name: "Anchors" }).click();
    await until("no tail", async () => (await tailsOpen()) === 0);
  });
});

test("live, a page in a hidden tab gives its connection back, and has missed nothing when it is shown again", async () => {
  await live("main/events", async (page) => {
    const hide = (isHidden: boolean) =>
      page.evaluate(
        `Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true }); document.dispatchEvent(new Event("visibilitychange"))`,
      );
    const before = await indexes(page);
    await hide(true);
    await until("no tail", async () => (await tailsOpen()) === 0);
    await send(4, "live.hidden");
    await hide(false);
    const newest = (await size()) - 1;
    assert.deepEqual(await listFrom(page, newest), down(newest, before.length + 4));
    await phase(page, "following");
    assert.equal(await tailsOpen(), 1);
  });
});

test("live, the filters of the page hold, text included, and others in their place begin anew", async () => {
  await live("main/events?action=live.*&text=N%C3%84DEL", async (page) => {
    await send(2, "live.two", { message: "eine Nadel" });
    await send(1, "other.two", { message: "eine nädel" });
    await send(1, "live.two", { message: "die nädel hier" });
    const newest = (await size()) - 1;
    assert.deepEqual(await listFrom(page, newest), [newest]);
    await page.getByLabel("Text", { exact: true }).fill("Nadel");
    await page.keyboard.press("Enter");
    assert.deepEqual(await listFrom(page, newest - 2), [newest - 2, newest - 3]);
    await phase(page, "following");
    await send(1, "live.two", { message: "Nadel" });
    assert.deepEqual(await listFrom(page, newest + 1), [newest + 1, newest - 2, newest - 3]);
    await page.getByText(`Looked for in entries 0 to ${newest + 1}.`).waitFor();
  });
});

test("live, what comes while the list is read further down waits, and is counted until it is wanted", async () => {
  await live("main/events", async (page) => {
    const before = await indexes(page);
    await page.locator("tbody tr").nth(40).scrollIntoViewIfNeeded();
    await until("scrolled", async () => Boolean(await page.evaluate("scrollY > 400")));
    await page.getByText("Paused while you read further down").waitFor();
    await send(3, "live.three");
    const wait = page.getByRole("button", { name: "3 new events wait" });
    await wait.waitFor();
    assert.deepEqual(await indexes(page), before);
    await wait.click();
    const newest = (await size()) - 1;
    assert.deepEqual(await listFrom(page, newest), down(newest, before.length + 3));
    assert.equal(await wait.count(), 0);
  });
});

test("live, a lost connection is told and gone on with by itself: nothing is missing, and nothing there twice", async () => {
  await live("main/events", async (page) => {
    await send(1, "live.four");
    const before = await listFrom(page, (await size()) - 1);
    proxy.mode = "cut";
    proxy.cutTails();
    await phase(page, "lost");
    await page.getByText(/Not live: .* nothing will be missed\./).waitFor();
    await send(4, "live.four");
    proxy.mode = "pass";
    await phase(page, "following");
    const newest = (await size()) - 1;
    assert.deepEqual(await listFrom(page, newest), down(newest, before.length + 4));
  });
});

test("live, however many come, the page keeps so many rows, and older ones follow without a gap", async () => {
  await live("main/events", async (page) => {
    for (let i = 0; i < 3; i++) await send(150, "live.five");
    const newest = (await size()) - 1;
    assert.deepEqual(await listFrom(page, newest), down(newest, ROWS_MAX));
    await page.getByRole("button", { name: "Older events" }).click();
    await until("older rows", async () => (await indexes(page)).length > ROWS_MAX);
    assert.deepEqual(await indexes(page), down(newest, ROWS_MAX + 50));
    await page.locator(".live-bar").getByRole("switch").click();
    await until("no tail", async () => (await tailsOpen()) === 0);
  });
});
