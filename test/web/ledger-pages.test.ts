/**
 * The ledger's pages in a real browser, over a whole service with its embedded chain: sign in, send, search, open,
 * verify, tamper and see it fail, take proofs away. The browser may reach nothing but the service and the node.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before, type TestContext } from "node:test";
import type { Browser, Download, Page } from "playwright-core";
import type { Bundle } from "../../src/verify/bundle/bundle.ts";
import { verifySet } from "../../src/verify/set/check-set.ts";
import { verifyText } from "../../src/verify/verify.ts";
import { serveHttp } from "../cli/fake-http.ts";
import { until } from "../until.ts";
import { launchBrowser, listenForComplaints } from "./browser.ts";
import { buildPages } from "./built.ts";
import { changeEvent, type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { signIn as signInWith, type Visit, visit as visitPages } from "./visit.ts";

const EVENTS = 130;

let browser: Browser;
let demo: DemoService;

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
  const now = Date.now();
  const events = Array.from({ length: EVENTS - 1 }, (_, place) => demoEvent(place, now - (EVENTS - place) * 1000));
  const answer = await demo.send([...events, changeEvent(now)]);
  assert.equal(answer.status, 201);
  await untilFinal(EVENTS);
});

after(async () => {
  await browser?.close();
  await demo?.close();
});

async function untilFinal(size: number): Promise<void> {
  await until(`${size} final entries`, async () => {
    const ledger = (await (await fetch(`${demo.url}/v1/ledgers/main`)).json()) as { finalSize: number };
    return ledger.finalSize >= size;
  });
}

async function visit(
  place: string,
  use: (visit: Visit) => Promise<void>,
  allowed: readonly string[] = [],
): Promise<void> {
  return visitPages({ browser, demo }, place, use, allowed);
}

function signIn(page: Page): Promise<void> {
  return signInWith(page, demo.adminKey);
}

function rows(page: Page) {
  return page.locator("table.events tbody tr");
}

async function rowCount(page: Page, count: number): Promise<void> {
  await until(`${count} rows`, async () => (await rows(page).count()) === count);
}

/** Waits until there are rows and all of their cells of a column hold a text. */
async function everyCell(page: Page, column: string, text: RegExp): Promise<void> {
  await until(`only ${text} in ${column}`, async () => {
    const cells = await page.locator(`td.${column}`).allInnerTexts();
    return cells.length > 0 && cells.every((cell) => text.test(cell));
  });
}

async function textOf(download: Download): Promise<string> {
  return readFileSync(await download.path(), "utf8");
}

test("without a key everybody sees how far the ledger is, and nothing of the events", async () => {
  await visit("main/overview", async ({ page, complaints }) => {
    await page.getByRole("list", { name: "How far the ledger is" }).waitFor();
    const heads = await page.getByRole("list", { name: "How far the ledger is" }).innerText();
    assert.match(heads, /Recorded\s+130/);
    assert.match(heads, /Final\s+130/);
    assert.equal(await page.getByText("API keys").count(), 0);
    await page.getByRole("link", { name: "Events" }).click();
    await page.getByLabel("API key").fill("hf_wrong");
    await page.locator("form").getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    assert.equal(await rows(page).count(), 0);
    // Chromium notes the 401 in the console.
    for (const complaint of complaints.splice(0)) assert.match(complaint, /401/);
  });
});

test("the key is kept by the tab and nowhere else", async () => {
  await visit("main/sign-in", async ({ page, context }) => {
    await signIn(page);
    await page.reload();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    assert.equal(await page.evaluate("JSON.stringify(localStorage) + document.cookie"), "{}");
    const other = await context.newPage();
    await other.goto(`${demo.url}/#/main/overview`);
    await other.getByRole("link", { name: "Sign in" }).first().waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    assert.equal(await page.evaluate("sessionStorage.length"), 0);
  });
});

test("the overview shows sizes, rates, keys with their last use, anchor lag and gas", async () => {
  await visit("main/sign-in", async ({ page }) => {
    await signIn(page);
    await page.locator(".chart canvas").waitFor();
    const text = await page.locator("main").innerText();
    for (const expected of [
      /Events per 15 minutes/,
      /Gas per anchor\s+([5-9]\d|1\d\d),\d{3}/,
      /Anchor lag/,
      /user\.login/,
    ]) {
      assert.match(text, expected);
    }
    assert.match(await page.locator(".chart").getAttribute("aria-label").then(String), /^130 events; most in the bar/);
    assert.match(await page.locator("table tbody tr").first().innerText(), /admin.*live.*(just now|s ago)/s);
  });
});

test("a browser whose language is no language tag shows the overview and the anchors", async () => {
  const context = await browser.newContext();
  await context.addInitScript('Object.defineProperty(Navigator.prototype, "language", { get: () => "en-US@posix" })');
  const page = await context.newPage();
  const complaints = listenForComplaints(page);
  await page.goto(`${demo.url}/#/main/sign-in`);
  await signIn(page);
  await page.locator(".chart canvas").waitFor();
  await page.goto(`${demo.url}/#/main/anchors`);
  await page.locator("table.anchors tbody tr").first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a first event is one button away, and appears", async () => {
  const made = await fetch(`${demo.url}/v1/ledgers`, {
    method: "POST",
    headers: { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify({ name: "empty" }),
  });
  assert.equal(made.status, 201);
  await visit("empty/events", async ({ page }) => {
    await signIn(page);
    await page.getByText("No events yet").waitFor();
    assert.match(await page.locator(".command").innerText(), new RegExp(`curl ${demo.url}/v1/ledgers/empty/events`));
    await page.getByRole("button", { name: "Send a test event" }).click();
    await rowCount(page, 1);
    assert.match(await rows(page).innerText(), /ledger\.tried.*user me.*(recorded|anchored|final)/s);
    await page.getByLabel("Ledger").selectOption("main");
    await rowCount(page, 50);
  });
});

test("what is sent appears by itself, filters combine, and older pages follow without a gap", async () => {
  await visit("main/events", async ({ page }) => {
    await signIn(page);
    await rowCount(page, 50);
    await page.getByRole("button", { name: "Older events" }).click();
    await rowCount(page, 100);
    await demo.send({
      ...demoEvent(1, Date.now()),
      action: "live.one",
      actor: { type: "user", id: "<img src=x onerror=alert(1)>" },
    });
    await rowCount(page, 101);
    const indexes = (await page.locator("td.c-index").allInnerTexts()).map(Number);
    assert.deepEqual(
      indexes,
      Array.from({ length: 101 }, (_, i) => EVENTS - i),
    );
    assert.equal(await rows(page).first().locator("td.c-action").textContent(), "live.one");
    assert.equal(await rows(page).first().locator("td.c-actor").textContent(), "user <img src=x onerror=alert(1)>");
    await page.keyboard.press("/");
    await page.keyboard.type("invoice.*");
    await page.keyboard.press("Enter");
    await everyCell(page, "c-action", /^invoice\./);
    await page.getByLabel("Outcome").selectOption("denied");
    await everyCell(page, "c-outcome", /^denied$/);
    const shown = await rows(page).count();
    const events = Array.from({ length: EVENTS - 1 }, (_, place) => demoEvent(place, 0));
    const matching = events.filter(({ action, outcome }) => /^invoice/.test(action as string) && outcome === "denied");
    assert.equal(shown, matching.length);
    assert.match(page.url(), /#\/main\/events\?action=invoice\.\*&outcome=denied$/);
    await page.getByLabel("Actor").fill("user:nobody");
    await page.getByRole("button", { name: "Search" }).click();
    await page.getByText("No event matches").waitFor();
    await page.getByRole("button", { name: "Clear" }).click();
    await rowCount(page, 50);
  });
});

test("an open event shows what changed, and its proof is checked in the browser", async () => {
  // Only a final anchor brings the state proof that the page looks at.
  await until("the newest event to be final", async () => (await bundleOf(EVENTS - 1)).status === "final");
  await visit("main/events", async ({ page }) => {
    await signIn(page);
    await page.getByRole("link", { name: `Entry ${EVENTS - 1}` }).click();
    await page.waitForSelector(".verdict[data-outcome]");
    const detail = page.locator("article.detail");
    assert.match(await detail.locator("table.changes").innerText(), /\+\s+added\s+roles\[1\]\s+–\s+approver/);
    // Waited for, not read at once: on a busy machine the page may still be checking.
    await detail.locator(".verdict", { hasText: /Holds, signer not vouched for/ }).waitFor();
    await detail.locator('[data-step="state"][data-state="passed"]').waitFor();
    const bundle = await bundleOf(EVENTS - 1);
    await detail.getByLabel("Block hash from an explorer").fill(bundle.anchors[0]?.blockHash as string);
    // The chain of this service is a development chain, as the bundle itself says.
    await detail
      .locator('.verdict[data-outcome="undecided"]', { hasText: /^Holds on a development chain only/ })
      .waitFor();
    await detail.getByLabel("Block hash from an explorer").fill(`0x${"0".repeat(64)}`);
    await detail.locator('.verdict[data-outcome="failed"]').waitFor();
    await page.keyboard.press("Tab");
    await page.locator("h1").click();
    await page.keyboard.press("j");
    await page.getByRole("article", { name: `Entry ${EVENTS - 2}` }).waitFor();
    await page.keyboard.press("k");
    await page.getByRole("article", { name: `Entry ${EVENTS - 1}` }).waitFor();
    await page.keyboard.press("Escape");
    await detail.waitFor({ state: "detached" });
  });
});

async function bundleOf(index: number): Promise<Bundle> {
  const headers = { Authorization: `Bearer ${demo.adminKey}` };
  return (await (await fetch(`${demo.url}/v1/ledgers/main/events/${index}/bundle`, { headers })).json()) as Bundle;
}

test("a service that hands out a changed bundle is found out", async () => {
  await visit("main/events", async ({ page, context }) => {
    await signIn(page);
    await context.route("**/events/7/bundle", async (route) => {
      const answer = await route.fetch();
      const text = (await answer.text()).replace("203.0.113.", "203.0.114.");
      await route.fulfill({ response: answer, body: text });
    });
    await page.goto(`${demo.url}/#/main/events/7`);
    await page.waitForSelector('.verdict[data-outcome="failed"]');
    assert.match(await page.locator(".verdict").innerText(), /FAILED at: Leaf hash/);
    assert.equal(await page.locator(".climb .wrong").count(), 1);
    await page.goto(`${demo.url}/#/main/events/8`);
    await page.waitForSelector('.verdict[data-outcome="undecided"]');
  });
});

/** The embedded chain answers no page; a node that does, as most public ones do, stands in front of it. */
async function serveToPages(t: TestContext, node: string): Promise<string> {
  const headers = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type" };
  const { url } = await serveHttp(t, async ({ method, body }) => {
    if (method === "OPTIONS") return { status: 204, headers };
    const answer = await fetch(node, { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return { headers, body: await answer.text() };
  });
  return url;
}

test("from an event the reader goes to verify.html, which asks the chain and not the service", async (t) => {
  const node = await serveToPages(t, demo.node);
  await visit(
    "main/events",
    async ({ page, context }) => {
      await signIn(page);
      await page.goto(`${demo.url}/#/main/events/5`);
      const opening = context.waitForEvent("page");
      await page.getByRole("link", { name: "Check against a chain" }).click();
      const verifier = await opening;
      const complaints = listenForComplaints(verifier);
      await verifier.waitForSelector('.verdict[data-outcome="undecided"]');
      const asked: string[] = [];
      verifier.on("request", (request) => asked.push(new URL(request.url()).origin));
      await verifier.getByLabel("Node to ask").fill(node);
      await verifier.getByText("Holds on a development chain only").waitFor();
      await verifier.getByLabel("A development chain is enough").check();
      await verifier.waitForSelector('.verdict.half[data-outcome="verified"]');
      assert.deepEqual([...new Set(asked)], [new URL(node).origin]);
      const steps = verifier.locator('[data-step][data-state="passed"]');
      assert.equal(await steps.count(), await verifier.locator("[data-step]").count());
      assert.match(await verifier.getByLabel("What this means").innerText(), /31337 is a development chain/);
      assert.deepEqual(complaints, []);
    },
    [node],
  );
});

test("anchors are listed with what to paste into an explorer's Read tab", async () => {
  await visit("main/anchors", async ({ page }) => {
    await page
      .getByRole("button", { name: /^Check size/ })
      .first()
      .click();
    const anchors = (await (await fetch(`${demo.url}/v1/ledgers/main/anchors?order=desc&limit=1`)).json()) as {
      anchors: { root: string; ledgerId: string; size: number }[];
    };
    const [newest] = anchors.anchors;
    const text = await page.locator(".expansion").innerText();
    for (const value of [newest?.root, newest?.ledgerId, String(newest?.size)]) {
      assert.ok(text.replace(/\s/g, "").includes(String(value)), `expected ${value} in ${text}`);
    }
    assert.match(text, /cast call 0x[0-9a-fA-F]{40} "rootAt\(bytes32,uint64\)\(bytes32\)"/);
  });
});

test("a bundle with withheld members, a set and the verifier can be taken away, and hold without the service", async () => {
  await visit("main/sign-in", async ({ page }) => {
    await signIn(page);
    await page.getByRole("link", { name: "Downloads" }).click();
    await page.getByLabel("Entry", { exact: true }).fill("12");
    await page.getByLabel("Members to withhold").fill("context, actor");
    const [bundle] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download", exact: true }).click(),
    ]);
    assert.equal(bundle.suggestedFilename(), "main-12.json");
    const verdict = await verifyText(await textOf(bundle), { offline: true });
    assert.equal(verdict.checks, "passed");
    assert.deepEqual([verdict.withheld, verdict.event?.actor, verdict.event?.context], [2, undefined, undefined]);
    await page.getByLabel("From entry").fill("20");
    await page.getByLabel("to entry").fill("49");
    const [set] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download set" }).click(),
    ]);
    const found = await verifySet((await textOf(set)).trimEnd().split("\n"), { offline: true });
    assert.deepEqual([found.checks, found.count, found.isGapless], ["passed", 30, true]);
    const [verifier] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download", exact: true }).click(),
    ]);
    const served = await (await fetch(`${demo.url}/verify.html`)).text();
    assert.equal(await textOf(verifier), served);
    await page.getByRole("link", { name: "events", exact: true }).click();
    await page.getByLabel("Action").fill("deploy.start");
    await page.keyboard.press("Enter");
    await everyCell(page, "c-action", /^deploy\.start$/);
    const [filtered] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download these as an evidence set" }).click(),
    ]);
    const some = await verifySet((await textOf(filtered)).trimEnd().split("\n"), { offline: true });
    assert.deepEqual([some.checks, some.isGapless], ["passed", false]);
  });
});

test("what the filter finds is exported in the format that was chosen, and an export that was cut is not saved", async () => {
  await visit("main/sign-in", async ({ page }) => {
    await signIn(page);
    await page.goto(`${demo.url}/#/main/events?action=deploy.start`);
    await page.getByLabel("Format of the export").selectOption("csv");
    const [saved] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export what is found" }).click(),
    ]);
    assert.equal(saved.suggestedFilename(), "main-export.csv");
    const [header, ...lines] = (await textOf(saved)).split("\r\n");
    assert.match(header ?? "", /^index,recordedAt,/);
    assert.equal(lines.pop(), "", "the last line is ended, and nothing is behind it");
    assert.ok(lines.length > 5 && lines.every((line) => line.includes(",deploy.start,")));
    await page.getByText(`${lines.length} events`, { exact: true }).waitFor();
    await page.route(/\/export\?/, (route) => route.fulfill({ status: 200, body: `${header}\r\n${lines[0]}\r\n` }));
    page.on("download", () => assert.fail("expected no file of an export that was cut"));
    await page.getByRole("button", { name: "Export what is found" }).click();
    await page.getByText("was cut on its way").waitFor();
  });
});

test("the pages are served under a policy that lets them load and ask nothing but this service", async () => {
  for (const path of ["/", "/ledger.js", "/ledger.css", "/favicon.svg"]) {
    const answer = await fetch(`${demo.url}${path}`);
    assert.equal(answer.status, 200, path);
    const policy = answer.headers.get("content-security-policy") ?? "";
    assert.match(
      policy,
      /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'/,
    );
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    const again = await fetch(`${demo.url}${path}`, {
      headers: { "If-None-Match": String(answer.headers.get("etag")) },
    });
    assert.equal(again.status, 304, path);
  }
  const verifier = await fetch(`${demo.url}/verify.html`);
  assert.equal(
    verifier.headers.get("content-security-policy"),
    "frame-ancestors 'none'",
    "the rest is in the page itself",
  );
});
