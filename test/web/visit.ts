/** A visit of a page: a browser that may reach what the page is of and nothing else, and what it complained about. */

import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { type Look, listenForComplaints, openContext } from "./browser.ts";
import type { DemoService } from "./demo-service.ts";

export type Visit = { readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] };
export type Visited = { readonly browser: Browser; readonly demo: Pick<DemoService, "url"> };

export type VisitOptions = {
  readonly look?: Look;
  /** Where it may ask besides the address. */
  readonly allowed?: readonly string[];
};

const LOOK: Look = { width: 1280, scheme: "light" };

/**
 * Opens an address in a window of its own, which must end without a complaint of the browser, and without a request to
 * anybody else. Complaints that belong to what is tried, `use` takes out.
 */
export async function visitAt(
  browser: Browser,
  address: string,
  use: (visit: Visit) => Promise<void>,
  { look = LOOK, allowed = [] }: VisitOptions = {},
): Promise<void> {
  const { context, refused } = await openContext(browser, look, [address.replace(/#.*$/, ""), ...allowed]);
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const complaints = listenForComplaints(page);
    await page.goto(address);
    await use({ page, context, complaints });
    assert.deepEqual(complaints, []);
    assert.deepEqual(refused, [], "the page asked somebody else");
  } finally {
    await context.close();
  }
}

/**
 * Opens a place of the ledger's pages, as {@link visitAt} does.
 * @param allowed origins besides the service's
 */
export function visit(
  { browser, demo }: Visited,
  place: string,
  use: (visit: Visit) => Promise<void>,
  allowed: readonly string[] = [],
): Promise<void> {
  return visitAt(browser, `${demo.url}/#/${place}`, use, { allowed });
}

/** Signs in where the page asks for a key. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("API key").fill(key);
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}
