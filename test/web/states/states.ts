/** States of pages by their name, for each who comes: how one gets there. What is waited for is what makes the state. */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { ARCHIVE_STAYS } from "../../../src/retention/erasure/erased-archive.ts";
import { answerAudits, answerWatchers } from "../audit-answers.ts";

export type Place = {
  readonly url: string;
  /** Of an administrator. */
  readonly key: string;
  /** Of a final event. */
  readonly bundle: string;
  /** Index of an event that was pruned. */
  readonly pruned: number;
};
type Reach = (page: Page, place: Place) => Promise<void>;
export type Named = Readonly<Record<string, Reach>>;

const VERIFIER = pathToFileURL(join(import.meta.dirname, "../../../build/web/verify.html")).href;

/** A place of the ledger's pages, and a text or selector that is there. */
const at =
  (hash: string, ready: string, then?: (page: Page) => Promise<void>): Reach =>
  async (page, { url }) => {
    await page.goto(`${url}/#/${hash}`);
    await page.locator(ready).first().waitFor();
    await then?.(page);
  };

/** Types something into a field of a page, presses Enter, and waits for a text. */
const typing = (label: string, text: string, answer: string) => async (page: Page) => {
  await page.getByLabel(label).fill(text);
  await page.getByLabel(label).press("Enter");
  await page.getByText(answer).first().waitFor();
};

const judging =
  (change: (bundle: string) => string, ready: string): Reach =>
  async (page, { bundle }) => {
    await page.goto(VERIFIER);
    const file = { name: "bundle.json", mimeType: "application/json", buffer: Buffer.from(change(bundle)) };
    await page.setInputFiles('input[type="file"]', file);
    await page.locator(ready).first().waitFor();
  };

const operation =
  (id: string, isSigned: boolean): Reach =>
  async (page, { url, key }) => {
    await page.goto(`${url}/api.html#${id}`);
    const card = page.locator(`#${id}`);
    await card.getByRole("button", { name: "Send" }).waitFor();
    if (isSigned) await page.getByLabel("API key").fill(key);
    await card.getByRole("button", { name: "Send" }).click();
    await card.locator(".command").nth(1).waitFor();
    await page.evaluate(`for (const each of document.querySelectorAll("#${id} details")) each.open = true`);
  };

/** Without a key. */
export const ANYBODY: Named = {
  "overview-public": at("main/overview", ".note a"),
  "events-public": at("main/events", "#api-key"),
  "sign-in-wrong": at("main/sign-in", "#api-key", typing("API key", "hf_wrong", "expected a key of this service")),
  "ledger-unknown": at("nothing/overview", "text=There is no ledger"),
  api: async (page, { url }) => {
    await page.goto(`${url}/api.html`);
    await page.locator(".operation").first().waitFor();
  },
  "api-none": async (page, { url }) => {
    await page.goto(`${url}/api.html`);
    await page.getByLabel("Find an operation").fill("zzz");
    await page.getByText("No operation has").waitFor();
  },
  "api-refused": operation("listKeys", false),
  "api-answered": operation("listEvents", true),
  "verify-undecided": judging((bundle) => bundle, '[data-outcome="undecided"]'),
  "verify-failed": judging((bundle) => bundle.replace("user", "usor"), '[data-outcome="failed"]'),
  "verify-no-proof": judging(() => "hello", "text=This is not a Holdfast proof"),
  "verify-wrong-setting": async (page, place) => {
    await judging((bundle) => bundle, "[data-outcome]")(page, place);
    await page.getByLabel("Signer you expect").fill("0x12");
    await page.getByText("Nothing is judged until").waitFor();
  },
};

/** The page about integrity, while the service answers so. */
const audited =
  (state: Parameters<typeof answerAudits>[1], ready: string): Reach =>
  async (page, place) => {
    await answerAudits(page, state);
    await answerWatchers(page);
    await at("main/integrity", ready)(page, place);
    await page.getByText("Watchers elsewhere").waitFor();
  };

const OF_ADMIN: Named = {
  "integrity-empty": at("payroll/integrity", '.verdict[data-state="empty"]'),
  "integrity-never": at("main/integrity", '.verdict[data-state="never"]'),
  "integrity-stale": audited("stale", "article"),
  "integrity-damaged": audited("damaged", "table.findings"),
  "integrity-running": audited("running", "progress"),
  access: at("main/access", "table.accesses tbody tr"),
  "access-none": at("main/access?kind=holdfast.access.unrecorded", "text=Nothing of the kind"),
  "overview-empty": at("payroll/overview", "text=No events yet"),
  "help-open": at("main/overview", ".chart canvas", async (page) => {
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Help" }).waitFor();
  }),
  "events-empty": at("payroll/events", "text=No events yet"),
  "events-none": at("main/events?action=no.such", "text=No event matches"),
  "events-wrong-filter": at("main/events?since=yesterday", "text=RFC 3339"),
  "events-unknown-filter": at("main/events?tenant=x", "text=Not searched"),
  "save-search-wrong": at("main/events?outcome=denied", "text=Save under a name", async (page) => {
    await page.getByRole("button", { name: "Save under a name" }).click();
    await typing("Name of this search", "a/b", "expected a name of 1 to 64 characters")(page);
  }),
  "event-hostile": at("main/events/51", "article.detail .verdict[data-outcome]"),
  "event-quarantined": at("main/events/42", "article.detail .verdict[data-outcome]"),
  "event-unfolded": at("main/events/40", "article.detail .verdict[data-outcome]", async (page) => {
    await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true');
  }),
  "event-unknown": at("main/events/99999", "text=There is no entry"),
  "sources-empty": at("payroll/sources", "table.sources"),
  "source-ended": at("main/sources?source=old-runner", "text=used after its end"),
  "source-unknown": at("main/sources?source=nobody", "text=No source of this name"),
  "source-key": at("main/sources?add=docker", "#source-name"),
  "rules-empty": at("payroll/rules", "text=every event is welcome"),
  "rules-wrong": at("main/rules?edit=", "#rule-text", async (page) => {
    await page.getByLabel("Requirements").fill("[{");
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByText("Expected JSON").waitFor();
  }),
  "schema-one": at("main/rules?schema=payment@2", "pre"),
  "schema-unknown": at("main/rules?schema=nothing@2", "text=expected the name@version"),
  retention: at("main/retention", "text=request 31"),
  "retention-staying": async (page, place) => {
    await page.route("**/erasures", async (route) => {
      const response = await route.fetch();
      const answer = (await response.json()) as { readonly erasures: readonly object[] };
      const archives = ARCHIVE_STAYS.map((stays) => ({
        name: "main.ecb1ea29.0-20.f73755c4d17418be.db647b16.hfa.age",
        stays,
        until: Date.UTC(2027, 1, 1),
      }));
      await route.fulfill({ json: { erasures: answer.erasures.map((each) => ({ ...each, archives })) } });
    });
    await at("main/retention", "text=encrypted, and not written again in clear")(page, place);
  },
  "retention-empty": at("payroll/retention", "text=Everything is kept for ever"),
  "alerts-empty": at("main/alerts", "text=What is looked for"),
  "retention-edit": at("main/retention?edit=", "#policy-text", async (page) => {
    await page.getByText("Begin with what a standard asks for").click();
    await page.getByRole("button", { name: "Preview it" }).click();
    await page.getByText("If it were in force now").waitFor();
  }),
  "retention-hold": at("main/retention", "text=request 31", async (page) => {
    await page.getByText("Place a hold").click();
    await page.getByLabel("What is held").fill("nothing=else");
    await page.getByLabel("Why").fill("case 8");
    await page.getByRole("button", { name: "Hold it" }).click();
    await page.getByRole("alert").waitFor();
  }),
  "event-erased": at("main/events/4", "text=Everything that this event said"),
  "event-erased-part": at("main/events/3", "text=of its members"),
  "event-pruned": async (page, { url, pruned }) => {
    await page.goto(`${url}/#/main/events/${pruned}`);
    await page.getByText("Its leaf hash is in the tree").waitFor();
  },
  "anchors-empty": at("payroll/anchors", "text=No anchor yet"),
  "downloads-wrong": at("main/downloads", "#set-first", async (page) => {
    await page.locator("#set-first").fill("99999");
    await page.getByText("1 to 1,000 entries").waitFor();
  }),
};

/** With a key of a role. */
export const OF_KEYS: Readonly<Record<"admin" | "reader" | "writer", Named>> = {
  admin: OF_ADMIN,
  reader: {
    "alerts-reader": at("main/alerts", "text=What is looked for"),
    "rules-reader": at("main/rules", "text=needs an administrator’s key"),
    "change-rules-reader": at("main/rules?edit=", "text=may not change rules"),
    "retention-reader": at("main/retention", "text=an administrator’s key or one for privacy"),
    "add-source-reader": at("main/sources?add=", "text=may not make keys"),
    "source-reader": at("main/sources?source=cluster-1", "text=needs an administrator’s key"),
    "first-event-reader": at("payroll/events", "text=may read and not append"),
  },
  writer: {
    "events-writer": at("main/events", "text=This key may not see this page"),
    "alerts-writer": at("main/alerts", "text=may not see alerts"),
    "rules-writer": at("main/rules", "text=This key may not see this page"),
  },
};
