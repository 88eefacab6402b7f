/**
 * The page of sources in a real browser, over a whole service: what came of each, a key that is used after its end, adding one
 * until its first event is final, changing its key, and readers who may not.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { SENDERS } from "../../src/senders/known-senders.ts";
import { until } from "../until.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { signIn, type Visit, visit as visitPages } from "./visit.ts";

let browser: Browser;
let demo: DemoService;

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
});

after(async () => {
  await browser?.close();
  await demo?.close();
});

function visit(place: string, use: (visit: Visit) => Promise<void>): Promise<void> {
  return visitPages({ browser, demo }, place, use);
}

function ask(method: string, path: string, key: string, body?: unknown): Promise<Response> {
  return fetch(`${demo.url}${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

type MadeKey = { readonly key: string; readonly id: string };

async function makeKey(source: string, roles: readonly string[] = ["writer"]): Promise<MadeKey> {
  const answer = await ask("POST", "/v1/keys", demo.adminKey, { source, roles });
  assert.equal(answer.status, 201);
  return (await answer.json()) as MadeKey;
}

async function send(key: string, path = "/v1/ledgers/main/events", event: unknown = demoEvent(1, Date.now())) {
  return (await ask("POST", path, key, event)).status;
}

/** The row of a source, as it is read. */
async function rowOf(page: Page, source: string): Promise<string> {
  const row = page
    .locator("table.sources tbody tr")
    .filter({ has: page.getByRole("link", { name: source, exact: true }) });
  return (await row.innerText()).replace(/\s+/g, " ");
}

async function untilRow(page: Page, source: string, text: RegExp): Promise<void> {
  await until(`${source}: ${text}`, async () => text.test(await rowOf(page, source)));
}

test("every source is shown with what came of it, and what could not be read leads to those events", async () => {
  const good = await makeKey("crm");
  const odd = await makeKey("odd-hook");
  assert.equal(await send(good.key), 201);
  assert.equal(await send(odd.key, "/v1/ledgers/main/ingest/github", { zen: "1" }), 200);
  const broken = await fetch(`${demo.url}/v1/ledgers/main/ingest/github`, {
    method: "POST",
    headers: { Authorization: `Bearer ${odd.key}` },
    body: '{"zen":',
  });
  assert.equal(broken.status, 200);
  await visit("main/sources", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await untilRow(page, "crm", /^crm (just now|\d+ s ago) \S+\/min 1 0 0 0 (none|.* behind) .* B one live$/);
    await untilRow(page, "odd-hook", / 2 1 0 0 /);
    // The page follows what comes.
    assert.equal(await send(good.key), 201);
    await untilRow(page, "crm", /\/min 2 0 0 0 /);
    await page.getByRole("link", { name: "1", exact: true }).click();
    await until("the quarantined event alone", async () => (await page.locator("table.events tbody tr").count()) === 1);
    assert.equal(new URL(page.url()).hash, "#/main/events?source=odd-hook&quarantined=true");
    assert.equal(await page.getByLabel("Readable").inputValue(), "true");
    assert.match(await page.locator("table.events tbody tr").innerText(), /\bquarantined\b/);
    await page.locator("table.events tbody tr a").first().click();
    await page.getByText("quarantined: recorded as it came").waitFor();
  });
});

test("a line of a log is read in the list, in wide and narrow windows, and its event says whether its sender gave a time", async () => {
  const { key } = await makeKey("liner");
  assert.equal(await send(key, "/v1/ledgers/main/ingest/logs", { msg: "the disk is full" }), 200);
  await visit("main/events?source=liner", async ({ page }) => {
    await signIn(page, demo.adminKey);
    const cell = page.locator("table.events td.c-target");
    await cell.filter({ hasText: /^the disk is full$/ }).waitFor();
    await page.setViewportSize({ width: 390, height: 800 });
    assert.ok(await cell.isVisible());
    await page.getByRole("link", { name: /^Entry/ }).click();
    await page.getByText("the sender gave no time").waitFor();
    await page.getByText("the time is that of receipt").waitFor();
    await page.getByRole("link", { name: "liner", exact: true }).click();
    await page.getByRole("heading", { name: "liner" }).waitFor();
  });
});

test("a source whose key is used after its end stands out, in the list and by itself", async () => {
  const ended = await makeKey("forgotten");
  assert.equal(await send(ended.key), 201);
  assert.equal((await ask("DELETE", `/v1/keys/${ended.id}`, demo.adminKey)).status, 200);
  await visit("main/sources", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await untilRow(page, "forgotten", /none live$/);
    assert.equal(await page.locator("tr.alarming").count(), 0);
    assert.equal(await send(ended.key), 401);
    await untilRow(page, "forgotten", /used after its end$/);
    assert.equal(await page.locator("tr.alarming").count(), 1);
    await page.getByRole("link", { name: "forgotten" }).click();
    assert.match(await page.getByRole("alert").innerText(), /used after its end.*drop what they are refused/s);
    assert.match(
      await page.locator("table.cards tbody tr").innerText(),
      /used after its end\s+once, (just now|\d+ s ago)/,
    );
  });
});

test("adding a source makes its key, shows what to paste with the page's own address, and follows the first event", async () => {
  await visit("main/sources", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.getByRole("link", { name: "Add a source" }).click();
    await page.getByRole("heading", { name: "What sends?" }).waitFor();
    assert.equal(await page.locator(".senders a").count(), SENDERS.length);
    await page.getByRole("link", { name: "Docker", exact: true }).click();
    assert.equal(await page.getByLabel("Name of the source").inputValue(), "docker");
    await page.getByLabel("Name of the source").fill("vm-1");
    await page.getByLabel("Note").fill("ask Ada");
    await page.getByLabel("The key ends").selectOption("90");
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("shown this once").waitFor();
    const blocks = await page.locator(".command pre").allInnerTexts();
    const key = (blocks[0] as string).trim();
    assert.match(key, /^hf_/);
    assert.ok(blocks[1]?.includes(`splunk-url=${demo.url} \\\n  --log-opt splunk-token=${key}`), blocks[1]);
    assert.ok(!page.url().includes(key), "the key is in the address");
    const more = await page.getByRole("link", { name: "More about it" }).getAttribute("href");
    assert.match(await (await fetch(new URL(more ?? "", demo.url))).text(), /^# Docker\n/);
    await page.getByText("nothing has come yet").waitFor();
    assert.equal(await send(key, "/services/collector/event/1.0", { event: "hello" }), 200);
    await page.getByText("The first event has come").waitFor();
    // The embedded chain takes it within seconds, and the page says so.
    await page.locator("main .marked.good", { hasText: "final" }).waitFor({ timeout: 30_000 });
    await page.getByRole("link", { name: /^Open entry/ }).click();
    await page.getByRole("heading", { name: "log.line" }).waitFor();
  });
  const keys = (await (await ask("GET", "/v1/keys", demo.adminKey)).json()) as {
    keys: {
      source: string;
      note?: string;
      roles: string[];
      ledgers?: string[];
      expiresAt?: number;
      createdAt: number;
    }[];
  };
  const made = keys.keys.find(({ source }) => source === "vm-1");
  assert.deepEqual([made?.note, made?.roles, made?.ledgers], ["ask Ada", ["writer"], ["main"]]);
  assert.ok(Math.abs((made?.expiresAt ?? 0) - (made?.createdAt ?? 0) - 90 * 86_400_000) < 60_000);
});

test("while counts are made again the page says that they are too small", async () => {
  await visit("main/sources", async ({ page }) => {
    await page.route(/\/sources$/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...((await response.json()) as object), uncounted: 1234 } });
    });
    await signIn(page, demo.adminKey);
    await page.getByText(/1,234 recorded events are still being counted again/).waitFor();
    await page.unrouteAll({ behavior: "wait" });
    await page.getByText(/still being counted again/).waitFor({ state: "detached" });
  });
});

test("whoever goes back while adding can go on, and whoever reloads is told that the key was shown once", async () => {
  await visit("main/sources?add=vector", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("shown this once").waitFor();
    const key = (await page.locator(".command pre").first().innerText()).trim();
    await page.goBack();
    await page.getByText(/A key for “vector” was made a moment ago/).waitFor();
    assert.equal(await page.getByLabel("Name of the source").inputValue(), "vector-2");
    await page.getByRole("link", { name: "Go on with it" }).click();
    assert.equal((await page.locator(".command pre").first().innerText()).trim(), key);
    await page.reload();
    await page.getByText("was shown once, and is not to be had again").waitFor();
    assert.ok(!(await page.content()).includes(key));
    assert.match(await page.locator(".command pre").first().innerText(), /<the key>/);
    // It goes on waiting, for that key.
    assert.equal(await send(key, "/v1/ledgers/main/ingest/logs", { message: "hi" }), 200);
    await page.getByText("The first event has come").waitFor();
  });
});

test("after a minute without an event the page says where to look, by whether the key was used", async () => {
  await visit("main/sources?add=fluentd", async ({ page }) => {
    await page.clock.install();
    await signIn(page, demo.adminKey);
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("nothing has come yet").waitFor();
    const key = (await page.locator(".command pre").first().innerText()).trim();
    assert.equal(await page.getByText("Nothing for a minute").count(), 0);
    await page.clock.fastForward(61_000);
    await page.getByText("Nothing for a minute").waitFor();
    await page.getByText("No request with this key has come").waitFor();
    // A request that says nothing is answered well, and is no event.
    const empty = { method: "POST", headers: { Authorization: `Bearer ${key}` }, body: "" };
    assert.equal((await fetch(`${demo.url}/v1/ledgers/main/ingest/logs`, empty)).status, 200);
    await page.clock.fastForward(5000);
    await page.getByText("but no event of it is recorded").waitFor();
  });
});

test("a key is changed without a gap: a second one, used, and only then the first is ended", async () => {
  const first = await makeKey("billing");
  assert.equal(await send(first.key), 201);
  await visit("main/sources?source=billing", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.getByRole("button", { name: "Change the key" }).click();
    await page.getByText("not used yet: leave the old one live").waitFor();
    const second = (await page.locator(".command pre").first().innerText()).trim();
    assert.equal(await page.getByRole("button", { name: "Change the key" }).isDisabled(), true);
    assert.equal(await send(second), 201);
    await page.getByText("the old one can be ended").waitFor();
    await page.getByRole("button", { name: `End … the key ${first.id.slice(0, 8)}` }).click();
    assert.equal(await send(first.key), 201, "asked once is not ended");
    await page.getByRole("button", { name: "End it for good" }).click();
    await until("the first is ended", async () =>
      /ended/.test(await page.locator("tr", { hasText: first.id }).innerText()),
    );
    assert.equal(await send(first.key), 401);
    assert.equal(await send(second), 201);
  });
});

test("a reader and an auditor see sources, and are told before they try that they may not make keys", async () => {
  await makeKey("seen-by-others");
  for (const role of ["reader", "auditor"]) {
    const { key } = await makeKey(`who-${role}`, [role]);
    await visit("main/sources", async ({ page, complaints }) => {
      await signIn(page, key);
      await untilRow(page, "seen-by-others", /never .* one live$/);
      await page.getByRole("link", { name: "Add a source" }).click();
      await page.getByRole("link", { name: "Docker", exact: true }).click();
      await page.getByText("a key that may not make keys").waitFor();
      assert.equal(await page.getByRole("button", { name: "Make the key" }).count(), 0);
      assert.match(await page.locator(".command pre").innerText(), /^npx holdfast sources add docker/);
      await page.goto(`${demo.url}/#/main/sources?source=seen-by-others`);
      await page.getByText("needs an administrator’s key").waitFor();
      assert.equal(await page.getByRole("button", { name: /^End/ }).count(), 0);
      // Chromium notes the 403 for the list of keys in the console.
      for (const complaint of complaints.splice(0)) assert.match(complaint, /403/);
    });
  }
  const writer = await makeKey("who-writer");
  await visit("main/sources", async ({ page, complaints }) => {
    await signIn(page, writer.key);
    await page.getByText("This key may not see this page").waitFor();
    for (const complaint of complaints.splice(0)) assert.match(complaint, /403/);
  });
});

test("a sender that signs gets a secret beside its key, and the name of its source in the address it posts to", async () => {
  await visit("main/sources?add=github", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.getByRole("button", { name: "Make the key" }).click();
    await page.getByText("Its secret, with which the sender signs").waitFor();
    const [, secret = "", paste = ""] = await page.locator(".command pre").allInnerTexts();
    assert.match(secret, /^whsec_/);
    assert.ok(paste.includes(`${demo.url}/v1/ledgers/main/ingest/github?source=github\n`), paste);
    assert.ok(paste.includes(secret.trim()), paste);
    // As GitHub does: the whole text is the secret, and nothing else shows who it is.
    const body = '{"zen":"Keep it logically awesome."}';
    const signature = createHmac("sha256", secret.trim()).update(body).digest("hex");
    const headers = {
      "X-GitHub-Event": "ping",
      "X-GitHub-Delivery": "d-1",
      "X-Hub-Signature-256": `sha256=${signature}`,
    };
    const sent = await fetch(`${demo.url}/v1/ledgers/main/ingest/github?source=github`, {
      method: "POST",
      headers,
      body,
    });
    assert.equal(sent.status, 200);
    await page.getByRole("link", { name: /^Open entry/ }).click();
    await page.getByText("its signature was right").waitFor();
  });
});
