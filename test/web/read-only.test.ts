/** The pages of a ledger that is here to be read: it is said at the head of each, and nothing is offered that would only be refused. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { importArchive } from "../../src/archive/restore.ts";
import { takeLedger } from "../../src/cli/export/take-ledger.ts";
import { ServiceClient } from "../../src/cli/remote/service-client.ts";
import { fastKeccak256 } from "../../src/ledger/keccak/keccak-wasm.ts";
import { readConfig } from "../../src/service/config.ts";
import { type Service, startService } from "../../src/service/service.ts";
import { LevelStore } from "../../src/store/level-store.ts";
import { seriousFindings } from "./axe.ts";
import { launchBrowser, openContext } from "./browser.ts";
import { buildPages } from "./built.ts";
import { demoEvent, startDemo } from "./demo-service.ts";
import { signIn, visit } from "./visit.ts";

const COUNT = 12;
const SHOTS = process.env.SCREENSHOTS;
const NOTICE = "This ledger is here to be read.";
/** Pages, and what is there when they are. */
const PAGES = {
  overview: "main .heads",
  events: "main tr[data-index]",
  sources: "main h2",
  rules: "main h2",
  retention: "main h2",
  downloads: "main h2",
} as const;
/** What each of these pages has to offer where a ledger goes on. */
const OFFERS =
  /Send a test event|Add a source|Change the requirements|Add a schema|Change the policy|Place a hold|Hold it|None is configured/;

let browser: Browser;
let service: Service;
let key: string;
let data: string;

/** A ledger of one service in the folder of another, as `holdfast import` brings it there. */
async function importInto(folder: string): Promise<void> {
  const demo = await startDemo();
  try {
    await demo.send(Array.from({ length: COUNT }, (_, place) => demoEvent(place, Date.now())));
    const store = await LevelStore.open(join(folder, "store"));
    const client = new ServiceClient({}, { HOLDFAST_URL: demo.url, HOLDFAST_KEY: demo.adminKey });
    const bytes = takeLedger(client, { ledger: "main", size: COUNT, retryForS: 1 });
    await importArchive(store, bytes, { hash: await fastKeccak256(), offline: true });
    await store.close();
  } finally {
    await demo.close();
  }
}

before(async () => {
  buildPages();
  data = mkdtempSync(join(tmpdir(), "holdfast-web-"));
  await importInto(data);
  const config = readConfig({ HOLDFAST_DATA: data, HOLDFAST_LISTEN: "127.0.0.1:0", HOLDFAST_LOG: "silent" });
  [browser, service] = await Promise.all([
    launchBrowser(),
    startService({ ...config, ledger: "local", embeddedIntervalS: 1 }, "0.0.0-test"),
  ]);
  key = readFileSync(join(data, "admin.key"), "utf8").trim();
});
after(async () => {
  await browser?.close();
  await service?.close();
  rmSync(data, { recursive: true, force: true });
});

test("each page of a ledger that is to be read says so, and offers nothing that would only be refused; another ledger's do not", async () => {
  await visit({ browser, demo: service }, "main/sign-in", async ({ page }) => {
    await signIn(page, key);
    for (const [place, ready] of Object.entries(PAGES)) {
      await page.goto(`${service.url}/#/main/${place}`);
      await page.getByText(NOTICE).waitFor();
      await page.locator(ready).first().waitFor();
      assert.doesNotMatch(await page.locator("main").innerText(), OFFERS, place);
    }
    await page.goto(`${service.url}/#/main/events`);
    await page.locator("tr[data-index]").first().waitFor();
    assert.equal(await page.locator("tr[data-index]").count(), COUNT);
    await page.goto(`${service.url}/#/local/sources`);
    await page.getByText("Add a source").first().waitFor();
    assert.equal(await page.getByText(NOTICE).count(), 0);
  });
});

test("an address of a form that records something leads to what is there, and whoever has no key is told as well", async () => {
  await visit({ browser, demo: service }, "main/overview", async ({ page }) => {
    await page.getByText(NOTICE).waitFor();
    await page.goto(`${service.url}/#/main/sign-in`);
    await signIn(page, key);
    for (const [address, heading] of [
      ["sources?add=", "Sources"],
      ["rules?edit=", "What is demanded of events"],
      ["rules?add=", "Schemas"],
      ["retention?edit=", "Legal holds"],
    ] as const) {
      await page.goto(`${service.url}/#/main/${address}`);
      await page.getByRole("heading", { name: heading, exact: true }).waitFor();
      assert.equal(await page.locator("main textarea").count(), 0, address);
    }
  });
});

test("what is said at the head is readable, wide and narrow, light and dark", async () => {
  for (const width of [1280, 390]) {
    for (const scheme of ["light", "dark"] as const) {
      const { context } = await openContext(browser, { width, scheme }, [service.url]);
      const page = await context.newPage();
      await page.goto(`${service.url}/#/main/sign-in`);
      await signIn(page, key);
      for (const place of ["overview", "events", "sources"] as const) {
        await page.goto(`${service.url}/#/main/${place}`);
        await page.getByText(NOTICE).waitFor();
        await page.locator(PAGES[place]).first().waitFor();
        const over = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
        assert.equal(over, 0, `${place} ${width} ${scheme}`);
        assert.deepEqual(await seriousFindings(page, "all"), [], `${place} ${width} ${scheme}`);
        if (SHOTS === undefined) continue;
        mkdirSync(SHOTS, { recursive: true });
        await page.screenshot({ path: join(SHOTS, `read-only-${place}-${width}-${scheme}.png`) });
      }
      await context.close();
    }
  }
});
