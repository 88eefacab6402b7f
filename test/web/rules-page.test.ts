/** The page about rules in a browser: what is demanded and what came of it, and changing it, tried first. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import type { Browser } from "playwright-core";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { putRules } from "./demo-senders.ts";
import { type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { signIn, visit } from "./visit.ts";

let browser: Browser;
let demo: DemoService;
let reader: string;

const asAdmin = (method: string, path: string, body?: object) =>
  fetch(demo.url + path, {
    method,
    headers: { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([launchBrowser(), startDemo()]);
  await demo.send([1, 2, 3].map((place) => demoEvent(place, Date.now())));
  await putRules(demo);
  const made = await asAdmin("POST", "/v1/keys", { source: "reads", roles: ["reader"] });
  reader = ((await made.json()) as { key: string }).key;
});
after(async () => {
  await browser?.close();
  await demo?.close();
});

test("whoever may read sees what is demanded, which schemas there are and are used, and what was refused for them", async () => {
  await visit({ browser, demo }, "main/rules", async ({ page }) => {
    await signIn(page, reader);
    const row = page.locator("tr", { hasText: "who and where" });
    await row.getByText("1 refused").waitFor();
    assert.match(await row.innerText(), /invoice\.\*, role\.\*.*context\.ip, outcome/s);
    assert.match(await page.locator("tr", { hasText: "payment@1" }).last().innerText(), /used/);
    assert.match(await page.locator("tr", { hasText: "payment@2" }).innerText(), /not used yet/);
    await page.getByRole("link", { name: "payment@2" }).click();
    await page.getByText("it can still be replaced").waitFor();
  });
});

test("a key that may not change rules is told so, with the command for whoever may", async () => {
  await visit({ browser, demo }, "main/rules?edit=", async ({ page }) => {
    await signIn(page, reader);
    await page.getByText("may not change rules").waitFor();
    await page.getByText("npx holdfast requirements put requirements.json").waitFor();
    assert.equal(await page.locator("textarea").count(), 0);
    await page.getByRole("link", { name: "All rules" }).click();
    await page.getByText("Changing rules needs an administrator’s key").waitFor();
    assert.equal(await page.getByRole("link", { name: /Change the requirements|Add a schema/ }).count(), 0);
  });
});

test("requirements are put as they were tried, and what others put meanwhile is not replaced", async () => {
  await visit({ browser, demo }, "main/rules?edit=", async ({ page, complaints }) => {
    await signIn(page, demo.adminKey);
    const text = page.getByLabel("Requirements");
    const submit = page.locator("form button[type=submit]");
    await text.fill("[{");
    await submit.click();
    await page.getByText("Expected JSON, got a text that is none").waitFor();
    await text.fill('[{"name":"tenants","members":["tenant"]}]');
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByText("3 would have been refused").waitFor();
    assert.equal(await submit.innerText(), "Put it");
    await text.fill('[{"name":"tenants","actions":["none"],"members":["tenant"]}]');
    assert.match(await submit.innerText(), /^Try it/, "another text is tried anew");
    await submit.click();
    await page.getByText("would have been recorded as they were").waitFor();
    const theirs = [{ name: "theirs", members: ["outcome"] }];
    await asAdmin("PUT", "/v1/ledgers/main/requirements", { requirements: theirs });
    await submit.click();
    await page.getByText("expected version 2").waitFor();
    complaints.splice(0);
    await page.getByRole("link", { name: "Leave it" }).click();
    await page.locator("tr", { hasText: "theirs" }).waitFor();
    await page.getByRole("link", { name: "Change the requirements" }).click();
    await text.fill('[{"name":"mine","actions":["none"],"members":["tenant"]}]');
    await submit.click();
    await page.getByRole("button", { name: "Put it" }).click();
    await page.locator("tr", { hasText: "mine" }).waitFor();
  });
});

test("a schema is added once it has a name and was tried, by keyboard alone", async () => {
  await visit({ browser, demo }, "main/rules?add=", async ({ page }) => {
    await signIn(page, demo.adminKey);
    const submit = page.locator("form button[type=submit]");
    assert.equal(await submit.isDisabled(), true);
    await page.getByLabel("Name and version").focus();
    await page.keyboard.type("payment@1");
    await page.getByText("take the next version").waitFor();
    await page.keyboard.press("Backspace");
    await page.keyboard.type("3");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Put it" }).waitFor();
    await page.getByLabel("Name and version").press("Enter");
    await page.locator("tr", { hasText: "payment@3" }).waitFor();
  });
});
