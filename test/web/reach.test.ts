/**
 * The pages while answers have not come, when they are refusals, when the service is stopped, and under the prefix of a
 * proxy: a page is never blank, and never shows what was as what is.
 */

import assert from "node:assert/strict";
import test, { after, afterEach, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { until } from "../until.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { type PrefixProxy, startPrefixProxy } from "./prefix-proxy.ts";
import { signIn, type Visit, visit } from "./visit.ts";

const EVENTS = 60;

let browser: Browser;
let demo: DemoService;
let proxy: PrefixProxy;

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
  proxy = await startPrefixProxy(demo.url);
  const now = Date.now();
  const events = Array.from({ length: EVENTS }, (_, place) => demoEvent(place, now - (EVENTS - place) * 1000));
  assert.equal((await demo.send(events)).status, 201);
});

after(async () => {
  await browser?.close();
  await proxy?.close();
  await demo?.close();
});

afterEach(() => {
  proxy.mode = "pass";
  proxy.holds = undefined;
});

/** Visits through the proxy; what the browser notes of answers that did not come is expected. */
function visitBehindProxy(place: string, use: (visit: Visit) => Promise<void>): Promise<void> {
  return visit({ browser, demo: proxy }, place, async (opened) => {
    await use(opened);
    for (const complaint of opened.complaints.splice(0)) assert.match(complaint, /^Failed to load resource/);
  });
}

async function mainText(page: Page): Promise<string> {
  return page.locator("main").innerText();
}

test("under the prefix of a proxy every page loads, asks and links below the prefix", async () => {
  await visit({ browser, demo: proxy }, "main/sign-in", async ({ page, context }) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await signIn(page, demo.adminKey);
    await page.locator(".chart canvas").waitFor();
    await page.getByRole("link", { name: "Anchors" }).click();
    await page.getByRole("heading", { name: "Anchors" }).waitFor();
    await page.goto(`${proxy.url}/#/main/events/5`);
    const opening = context.waitForEvent("page");
    await page.getByRole("link", { name: "Check against a chain" }).click();
    const verifier = await opening;
    await verifier.waitForSelector(".verdict[data-outcome]");
    assert.ok(verifier.url().startsWith(`${proxy.url}/verify.html#`), verifier.url());
    await page.getByRole("link", { name: "Downloads" }).click();
    await page.getByText("SHA-256", { exact: true }).waitFor();
    const [verifyPage] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download", exact: true }).click(),
    ]);
    assert.equal(verifyPage.url(), `${proxy.url}/verify.html`);
    assert.ok(asked.length > 5);
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(`${proxy.url}/`)),
      [],
    );
  });
});

for (const [place, holds, words] of [
  ["main/overview", undefined, /Loading the ledger “main” …/],
  ["main/overview", /\/(stats|keys)/, /Recorded.*Loading what was recorded lately ….*API keys\s+Loading the keys …/s],
  ["main/anchors", /\/anchors/, /Loading the anchors …/],
  ["main/events", /\/events/, /Loading events …/],
  ["main/events/7", /\/events/, /Entry 7.*Loading entry 7 …/s],
  ["main/events/7", /\/bundle/, /Actor.*Checking the proof ….*Members/s],
] as const) {
  test(`while answers have not come, ${place} says what it waits for: ${words.source.slice(0, 40)}`, async () => {
    await visitBehindProxy("main/sign-in", async ({ page }) => {
      await signIn(page, demo.adminKey);
      proxy.mode = "hold";
      proxy.holds = holds;
      await page.goto("about:blank");
      await page.goto(`${proxy.url}/#/${place}`);
      await until(String(words), async () => words.test(await mainText(page)));
      proxy.mode = "pass";
    });
  });
}

test("before its program has come, the page says that it loads", async () => {
  await visitBehindProxy("main/overview", async ({ page, context }) => {
    await context.route("**/ledger.js", (route) => route.abort());
    await page.reload();
    assert.equal(await page.locator("body").innerText(), "Loading …");
    await context.unroute("**/ledger.js");
    await page.reload();
    await page.getByRole("list", { name: "How far the ledger is" }).waitFor();
    assert.equal(await page.getByText("Loading …", { exact: true }).count(), 0);
  });
});

test("a ledger that there is not is a page of its own, with the frame around it and a way on", async () => {
  await visitBehindProxy("nosuch/overview", async ({ page }) => {
    await page.getByRole("heading", { name: "There is no ledger “nosuch” here" }).waitFor();
    assert.match(await mainText(page), /expected the name of a ledger.*\(ledger_unknown\)/s);
    assert.equal(await page.getByRole("navigation").count(), 1);
    await page.getByRole("link", { name: "Go to “main”" }).click();
    await page.getByRole("list", { name: "How far the ledger is" }).waitFor();
  });
});

test("an entry that there is not is said beside the list, with the newest to go to", async () => {
  await visitBehindProxy("main/sign-in", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.goto(`${proxy.url}/#/main/events/99999`);
    await page.getByRole("heading", { name: "There is no entry 99,999" }).waitFor();
    await page.getByRole("link", { name: `Go to entry ${EVENTS - 1}` }).click();
    await page.getByRole("article", { name: `Entry ${EVENTS - 1}` }).waitFor();
  });
});

test("an address that was cut in the middle of a letter leads to a page that says so, not to a blank one", async () => {
  await visitBehindProxy("%E4%/overview", async ({ page }) => {
    await page.getByRole("heading", { name: "There is no ledger “%E4%” here" }).waitFor();
  });
});

for (const mode of ["502", "cut", "hold"] as const) {
  test(`a service that stops answering (${mode}) is shown as stopped, and nothing of it as good; when it answers again all is as before`, async () => {
    await visitBehindProxy("main/sign-in", async ({ page }) => {
      await signIn(page, demo.adminKey);
      await page.getByText("keeps up").waitFor();
      await page.getByText("admin").first().waitFor();
      proxy.mode = mode;
      const notice = page.getByText("The service does not answer.", { exact: true });
      await notice.waitFor({ timeout: 20_000 });
      assert.match(
        await page.locator(".lost").innerText(),
        /as it was at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, its last answer/,
      );
      const text = await mainText(page);
      assert.doesNotMatch(text, /keeps up|\d\/min now/);
      assert.match(text, /Development chain.*not known.*was live/s);
      assert.match(await page.title(), /^No answer · Overview/);
      assert.equal(await page.locator(".note.bad").count(), 1, "it is said once");
      proxy.mode = "pass";
      await notice.waitFor({ state: "detached", timeout: 20_000 });
      await page.getByText("keeps up").waitFor();
    });
  });
}
