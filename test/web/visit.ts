/** A visit of the ledger's pages: a browser that may reach the service alone, and what it complained about. */

import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { listenForComplaints, openContext } from "./browser.ts";
import type { DemoService } from "./demo-service.ts";

export type Visit = { readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] };
export type Visited = { readonly browser: Browser; readonly demo: Pick<DemoService, "url"> };

/**
 * Opens a place of the pages in a window of its own, which must end without a complaint of the browser.
 * @param allowed origins besides the service's
 */
export async function visit(
  { browser, demo }: Visited,
  place: string,
  use: (visit: Visit) => Promise<void>,
  allowed: readonly string[] = [],
): Promise<void> {
  const look = { width: 1280, scheme: "light" } as const;
  const { context, refused } = await openContext(browser, look, [demo.url, ...allowed]);
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const complaints = listenForComplaints(page);
    await page.goto(`${demo.url}/#/${place}`);
    await use({ page, context, complaints });
    assert.deepEqual(complaints, []);
    assert.deepEqual(refused, [], "the page asked somebody else");
  } finally {
    await context.close();
  }
}

/** Signs in where the page asks for a key. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("API key").fill(key);
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}
