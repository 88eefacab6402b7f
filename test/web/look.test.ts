/**
 * Every page as people see it, wide and narrow, light and dark: nothing sticks out of the window, everything that can
 * be pressed has a name and is large enough, and the keyboard reaches it. SCREENSHOTS=docs/screenshots keeps pictures.
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { until } from "../until.ts";
import { type AxeRules, seriousFindings } from "./axe.ts";
import { type Look, launchBrowser, listenForComplaints, openContext } from "./browser.ts";
import { buildPages } from "./built.ts";
import { FOREIGN_EVENTS, putRules, RULE_EVENTS, sendAsSenders } from "./demo-senders.ts";
import { DAY_MS, type DemoService, sendDay, startDemo } from "./demo-service.ts";

const EVENTS = 320;
const VERIFIER = pathToFileURL(join(import.meta.dirname, "..", "..", "build", "web", "verify.html")).href;

const LOOKS: Readonly<Record<string, Look>> = {
  "wide-light": { width: 1280, height: 860, scheme: "light" },
  "wide-dark": { width: 1280, height: 860, scheme: "dark" },
  "narrow-light": { width: 375, height: 760, scheme: "light" },
  "narrow-dark": { width: 375, height: 760, scheme: "dark" },
  smallest: { width: 360, height: 640, scheme: "light" },
};

/** Names, roles and places depend on the width alone, colours on both; of the smallest nothing is expected beyond narrow. */
const AXE_RULES: Readonly<Record<string, AxeRules>> = {
  "wide-light": "all",
  "wide-dark": "colours",
  "narrow-light": "colours",
  "narrow-dark": "all",
};

let browser: Browser;
let demo: DemoService;
let bundle: string;
let reader: string;

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo(DAY_MS)]);
  const headers = { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/json" };
  for (const key of [
    { source: "billing", roles: ["writer"], note: "invoices and payments" },
    { source: "desk", roles: ["reader"] },
    { source: "audit-firm", roles: ["auditor", "reader"] },
  ]) {
    const made = await fetch(`${demo.url}/v1/keys`, { method: "POST", headers, body: JSON.stringify(key) });
    if (key.source === "desk") reader = (JSON.parse(await made.text()) as { key: string }).key;
  }
  await sendDay(demo, EVENTS);
  await until("the day to be final", async () => {
    const answer = await fetch(`${demo.url}/v1/ledgers/main/events/${EVENTS - 9}/bundle?omit=context`, { headers });
    bundle = await answer.text();
    return (JSON.parse(bundle) as { status: string }).status === "final";
  });
  await sendAsSenders(demo);
  await putRules(demo);
});

after(async () => {
  await browser?.close();
  await demo?.close();
});

/** In the page: what sticks out to the right, and controls that are nameless or too small (WCAG 2.2, 2.5.8 and 4.1.2). */
const INSPECT = `(() => {
  const wrong = [];
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > wide) wrong.push("the page is wider than the window");
  for (const element of document.querySelectorAll("button, a[href], input, select, textarea, summary")) {
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    // What is folded has a size, and is not there.
    if (!element.checkVisibility() || box.width === 0 || style.visibility === "hidden" || element.classList.contains("unseen")) continue;
    const label = element.labels?.[0]?.innerText ?? element.getAttribute("aria-label") ?? element.innerText;
    const name = (label || element.title || "").trim();
    const where = element.tagName + " " + (name || element.outerHTML.slice(0, 80));
    if (name === "") wrong.push(where + " has no name");
    const isInText = style.display === "inline";
    if (!isInText && (box.height < 24 || box.width < 24)) wrong.push(where + " is " + box.width + "x" + box.height);
    if (box.right > wide + 1 && element.closest("nav, pre, .scroll, .path-scroll, .skip") === null) wrong.push(where + " sticks out");
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  if (new Set(ids).size < ids.length) wrong.push("two elements have one id");
  return wrong;
})()`;

/** In the page: whether the ends of actors are there whole. */
const UNCUT = `[...document.querySelectorAll("td.c-actor .cut-end")].every((each) => each.scrollWidth <= each.clientWidth)`;

async function requireAccessible(page: Page, name: string, look: string): Promise<void> {
  const rules = AXE_RULES[look];
  if (rules !== undefined) assert.deepEqual(await seriousFindings(page, rules), [], `${name}, ${look}`);
}

async function inspect(page: Page, name: string, look: string): Promise<void> {
  await page.mouse.move(0, 0);
  const wrong = (await page.evaluate(INSPECT)) as string[];
  assert.deepEqual(wrong, [], `${name}, ${look}`);
  await requireAccessible(page, name, look);
  const folder = process.env.SCREENSHOTS;
  if (folder === undefined || look === "smallest") return;
  mkdirSync(resolve(folder), { recursive: true });
  await page.screenshot({ path: resolve(folder, `${name}-${look}.png`) });
}

async function lookAtLedger(page: Page, look: string): Promise<void> {
  const go = async (place: string, ready: string) => {
    await page.goto(`${demo.url}/#/main/${place}`);
    await page.waitForSelector(ready);
  };
  await go("sign-in", "#api-key");
  await inspect(page, "sign-in", look);
  await page.getByLabel("API key").fill(demo.adminKey);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".chart canvas");
  await page.getByText("audit-firm").waitFor();
  await inspect(page, "overview", look);
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Help" }).waitFor();
  await inspect(page, "help", look);
  await page.keyboard.press("Escape");
  await go("events", "table.events tbody tr");
  await inspect(page, "events", look);
  await page.getByRole("switch", { name: "Live" }).click();
  await page.waitForSelector('.live-bar[data-phase="following"]');
  await inspect(page, "events-live", look);
  await page.getByRole("switch", { name: "Live" }).click();
  const deployer = page.locator("td.c-actor", { hasText: ":payments:deployer" }).first();
  const [cell, end] = await Promise.all([deployer.boundingBox(), deployer.locator(".cut-end").boundingBox()]);
  assert.ok(cell !== null && end !== null && end.x >= cell.x && end.x + end.width <= cell.x + cell.width + 1, look);
  assert.equal(await page.evaluate(UNCUT), true, look);
  await go(`events/${EVENTS - 1}`, "article.detail .verdict[data-outcome]");
  await inspect(page, "event", look);
  await go(`events/${EVENTS}`, "article.detail .verdict[data-outcome]");
  await inspect(page, "event-foreign", look);
  await go("events?quarantined=true", "#filter-key");
  await inspect(page, "filters", look);
  await go("sources", "table.sources tbody tr");
  await inspect(page, "sources", look);
  await go("sources?source=billing", "table.cards tbody tr");
  await page.getByRole("button", { name: "Change the key" }).waitFor();
  await inspect(page, "source", look);
  await go("sources?add=", ".senders a");
  await inspect(page, "add-source", look);
  await go("sources?add=github&key=0123456789abcdef", ".command pre");
  await inspect(page, "to-paste", look);
  await go("rules", "table.cards tbody tr");
  await inspect(page, "rules", look);
  await go("rules?edit=", "#rule-text");
  await page.getByLabel("Requirements").fill('[{"name":"tenants","members":["tenant"]}]');
  await page.getByRole("button", { name: "Try it" }).click();
  await page.getByText("would have been refused").waitFor();
  await inspect(page, "change-rules", look);
  await go("rules?add=", "#schema-name");
  await inspect(page, "add-schema", look);
  await go("integrity", "progress, .verdict[data-state]");
  await inspect(page, "integrity", look);
  await go("access", "table.accesses tbody tr");
  await inspect(page, "access", look);
  await go("anchors", "table.anchors tbody tr");
  await page
    .getByRole("button", { name: /^Check size/ })
    .first()
    .click();
  await inspect(page, "anchors", look);
  await go("downloads", "#set-first");
  await page.getByText("SHA-256", { exact: true }).waitFor();
  await inspect(page, "downloads", look);
}

/** What a reader sees who may change nothing, and a form that is open. */
async function lookAtForms(page: Page, look: string): Promise<void> {
  await page.goto(`${demo.url}/#/main/events?outcome=denied`);
  await page.getByRole("button", { name: "Save under a name" }).click();
  await page.getByLabel("Name of this search").fill("all that was denied");
  await inspect(page, "save-search", look);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("API key").fill(reader);
  await page.keyboard.press("Enter");
  await page.waitForSelector("table.events tbody tr");
  await page.goto(`${demo.url}/#/main/rules`);
  await page.getByText("needs an administrator’s key").waitFor();
  await inspect(page, "rules-reader", look);
}

async function lookAtApi(page: Page, look: string): Promise<void> {
  await page.goto(`${demo.url}/api.html#readOwnKey`);
  await page.getByLabel("API key").fill(reader);
  const card = page.locator("#readOwnKey");
  await card.getByText("Example", { exact: true }).click();
  await card.getByRole("button", { name: "Send" }).click();
  await card.locator(".command").nth(1).waitFor();
  await page.evaluate("document.getElementById('readOwnKey').scrollIntoView()");
  await inspect(page, "api", look);
}

async function lookAtVerifier(page: Page, look: string): Promise<void> {
  await page.goto(VERIFIER);
  await inspect(page, "verify-empty", look);
  const file = (text: string) => ({ name: "bundle.json", mimeType: "application/json", buffer: Buffer.from(text) });
  await page.setInputFiles('input[type="file"]', file(bundle));
  const { anchors } = JSON.parse(bundle) as { anchors: [{ blockHash: string }] };
  await page.getByLabel("or a block hash you trust").fill(anchors[0].blockHash);
  await page.getByLabel("A development chain is enough").check();
  await page.waitForSelector('[data-outcome="verified"]');
  await inspect(page, "verify", look);
  await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true');
  assert.deepEqual(await page.evaluate(INSPECT), [], `verify, unfolded, ${look}`);
  await requireAccessible(page, "verify, unfolded", look);
  await page.setInputFiles('input[type="file"]', file(bundle.replace("user", "usor")));
  await page.waitForSelector('[data-outcome="failed"]');
  await inspect(page, "verify-failed", look);
}

for (const [look, size] of Object.entries(LOOKS)) {
  test(`every page fits its window, and every control has a name and a size: ${look}`, async () => {
    const { context, refused } = await openContext(browser, size, [demo.url, "file://"]);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const complaints = listenForComplaints(page);
    await lookAtLedger(page, look);
    await lookAtForms(page, look);
    await lookAtApi(page, look);
    await lookAtVerifier(page, look);
    await context.close();
    assert.deepEqual([complaints, refused], [[], []]);
  });
}

test("the pictures show a day: every hour of it has events, and nothing is amiss", async () => {
  const headers = { Authorization: `Bearer ${demo.adminKey}` };
  const get = async (path: string) => JSON.parse(await (await fetch(demo.url + path, { headers })).text());
  const { entries } = (await get("/v1/ledgers/main/stats?interval=hour")) as { entries: number[] };
  const hours = entries.filter((count) => count > 0).length;
  assert.ok(hours >= 23, `expected events in every hour of a day, got ${hours}`);
  const { ready, reasons, notices } = await get("/readyz");
  assert.deepEqual({ ready, reasons, notices }, { ready: true, reasons: [], notices: [] });
});

test("the keyboard alone opens an event, and the focus can always be seen", async () => {
  const { context } = await openContext(browser, { width: 1280, scheme: "light" }, [demo.url]);
  const page = await context.newPage();
  await page.goto(`${demo.url}/#/main/events`);
  await page.getByLabel("API key").focus();
  await page.keyboard.type(demo.adminKey);
  await page.keyboard.press("Enter");
  await page.waitForSelector("table.events tbody tr");
  await page.keyboard.press("/");
  // The newest one: one of the service's own, such as the end of an audit, may have come meanwhile.
  let entry = "";
  for (let stops = 0; stops < 80 && entry === ""; stops++) {
    await page.keyboard.press("Tab");
    const [focused, outline] = (await page.evaluate(
      "[document.activeElement.outerHTML.slice(0, 90), getComputedStyle(document.activeElement).outlineStyle]",
    )) as [string, string];
    assert.notEqual(outline, "none", `what has the focus shows it: ${focused}`);
    const name = (await page.evaluate("document.activeElement.getAttribute('aria-label')")) as string | null;
    if (name?.startsWith("Entry")) entry = name;
  }
  assert.ok(Number(entry.replace("Entry ", "")) >= EVENTS + FOREIGN_EVENTS + RULE_EVENTS - 1, entry);
  await page.keyboard.press("Enter");
  await page.getByRole("article", { name: entry }).waitFor();
  await context.close();
});

test("the reader's choice of colours outlasts the page, and goes round", async () => {
  const { context } = await openContext(browser, { width: 1280, scheme: "light" }, [demo.url]);
  const page = await context.newPage();
  await page.goto(`${demo.url}/`);
  const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const light = await ground();
  await page.getByRole("button", { name: /^Colours/ }).click();
  assert.equal(await ground(), light);
  await page.getByRole("button", { name: /^Colours/ }).click();
  await page.getByRole("button", { name: "Colours: dark" }).waitFor();
  await page.waitForSelector('html[data-theme="dark"]');
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  await page.getByRole("button", { name: "Colours: dark" }).waitFor();
  assert.equal(await ground(), dark);
  await context.close();
});
