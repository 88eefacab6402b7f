/** The documentation in a browser, wide and narrow, light and dark: a runbook opens at its section, nothing sticks out, and axe-core finds nothing serious. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { type Running, startService } from "../http/service.ts";
import { seriousFindings } from "./axe.ts";
import { type Look, launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { visitAt } from "./visit.ts";

const LOOKS: Readonly<Record<string, Look>> = {
  wide: { width: 1280, height: 860, scheme: "light" },
  narrow: { width: 375, height: 760, scheme: "dark" },
};
/** Where in the window the section is that the address names, and how wide the page is beyond it. */
const SEEN = `(() => {
  const target = document.querySelector(":target");
  const { scrollWidth, clientWidth } = document.documentElement;
  return { words: target?.textContent, top: target?.getBoundingClientRect().top, beyond: scrollWidth - clientWidth };
})()`;

type Seen = { readonly words?: string; readonly top?: number; readonly beyond: number };

let browser: Browser;
let service: Running;

before(async () => {
  buildPages();
  [browser, service] = await Promise.all([launchBrowser(), startService()]);
});
after(async () => {
  await browser?.close();
  await service?.close();
});

for (const [name, look] of Object.entries(LOOKS)) {
  test(`${name}: each runbook opens at its section, and a link from there at the next`, async () => {
    for (const [path, words] of [
      ["alerts.md#anchor_lag", "anchor_lag"],
      ["alerts.md#searches-of-your-own", "Searches of your own"],
      ["operations.md#marks_unwritable", "marks_unwritable"],
    ] as const) {
      await visitAt(
        browser,
        `${service.url}/docs/${path}`,
        async ({ page }) => {
          const { words: found, top = -1, beyond } = (await page.evaluate(SEEN)) as Seen;
          assert.equal(found, words);
          assert.ok(top >= 0 && top < 200, `${path} is ${top} px below the top of the window`);
          assert.equal(beyond, 0, `${path} is wider than the window`);
          assert.deepEqual(await seriousFindings(page, "all"), []);
        },
        { look, allowed: [service.url] },
      );
    }
    await visitAt(
      browser,
      `${service.url}/docs/alerts.md`,
      async ({ page }) => {
        await page.getByRole("link", { name: "a section of its own" }).click();
        await page.waitForURL(`${service.url}/docs/operations.md#conditions`);
        assert.equal(((await page.evaluate(SEEN)) as Seen).words, "Conditions");
      },
      { look, allowed: [service.url] },
    );
  });
}
