/** The anchors page beside damaged records of anchors: what it says of them, wide and narrow. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser, Page } from "playwright-core";
import { type AnchorRecord, anchorWrite } from "../../src/store/anchor-record.ts";
import { ask, event, type Running, startService } from "../http/service.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { visitAt } from "./visit.ts";

const CHAIN = 8453;
const WIDTHS = [1280, 390];

let browser: Browser;
let service: Running;
let key: string;
let anchors: AnchorRecord[];

before(async () => {
  buildPages();
  browser = await launchBrowser();
  service = await startService();
  key = await service.key(["admin"], "tests");
  for (let i = 0; i < 12; i++) await ask(service, "POST /v1/ledgers/main/events", { key, body: event() });
  const ledger = service.ledgers.get("main") ?? assert.fail();
  anchors = await Promise.all(
    Array.from({ length: 12 }, async (_, i): Promise<AnchorRecord> => {
      const hash = `0x${String(i).padStart(64, "a")}` as const;
      return {
        ...((await ledger.checkpoint(i + 1)) ?? assert.fail()),
        chainId: CHAIN,
        contract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
        stage: "final",
        transactionHash: hash,
        blockNumber: 100 + i,
        blockHash: hash,
        blockTime: 1_790_000_000,
        gasUsed: 81_234,
        feeWei: "1",
      };
    }),
  );
});

after(async () => {
  await browser?.close();
  await service?.close();
});

/** Looks at the page with these records damaged and those whole, and no others. */
async function look(damaged: readonly number[], whole: readonly number[], use: (page: Page) => Promise<void>) {
  const writes = anchors.map((anchor) => {
    const { space, key: name, value } = anchorWrite(anchor);
    if (whole.includes(anchor.size)) return { space, key: name, value };
    // Of another size than its key says.
    const other = anchorWrite({ ...anchor, size: anchor.size + 1 });
    return { space, key: name, value: damaged.includes(anchor.size) ? other.value : undefined };
  });
  await service.store.writeRecords(writes, { durable: true });
  for (const width of WIDTHS) {
    await visitAt(
      browser,
      `${service.url}/#/main/anchors`,
      async ({ page }) => {
        await page.evaluate((text) => sessionStorage.setItem("holdfast-key", text), key);
        await page.reload();
        await page.getByRole("heading", { name: "Anchors", exact: true }).waitFor();
        await use(page);
        const room = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert.equal(await page.evaluate(room), 0, `sticks out at ${width}`);
      },
      { look: { width, scheme: "light" } },
    );
  }
}

const noteOf = (page: Page) => page.locator(".note").innerText();
const AFTER =
  "and every later anchor proves the same events. After a start the service makes its records again from the chain, where its node can search events.";

test("one damaged record is named by its size, and the others are listed", async () => {
  await look([3], [1, 2, 4], async (page) => {
    const said = "The service's own record of the anchor of size 3 is damaged. The chain still has it,";
    assert.equal(await noteOf(page), `${said} ${AFTER}`);
    assert.equal(await page.locator("table.anchors tbody tr").count(), 3);
  });
});

test("of many damaged records the newest are named and the others counted", async () => {
  await look([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [12], async (page) => {
    const sizes = "10, 9, 8, 7, 6, 5, 4, 3 and 2 more";
    const said = `The service's own records of 10 anchors are damaged, of sizes ${sizes}. The chain still has them,`;
    assert.equal(await noteOf(page), `${said} ${AFTER}`);
  });
});

test("when all records are damaged there is no empty table, and nobody is told that nothing was anchored", async () => {
  await look([5, 6], [], async (page) => {
    assert.match(await noteOf(page), /^The service's own records of 2 anchors are damaged, of sizes 6, 5\. /);
    assert.equal(await page.locator("table").count(), 0);
    assert.equal(await page.getByText("No anchor yet").count(), 0);
  });
});

test("without damage nothing is said of it", async () => {
  await look([], [1, 2], async (page) => {
    assert.equal(await page.locator(".note").count(), 0);
    assert.equal(await page.locator("table.anchors tbody tr").count(), 2);
  });
});
