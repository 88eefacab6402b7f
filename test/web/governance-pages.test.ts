/**
 * The pages about what holds for a ledger, in a browser: what is demanded of events, and how long they are kept, held, and erased; and
 * about what is wrong: the line at the head of all pages, and alerts.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import type { Browser } from "playwright-core";
import type { Config } from "../../src/service/config.ts";
import { until } from "../until.ts";
import { seriousFindings } from "./axe.ts";
import { launchBrowser } from "./browser.ts";
import { buildPages } from "./built.ts";
import { putRules } from "./demo-senders.ts";
import { type DemoService, demoEvent, startDemo } from "./demo-service.ts";
import { signIn, visit } from "./visit.ts";

let browser: Browser;
let demo: DemoService;
let reader: string;
let privacy: string;
/** Takes nothing, for good. */
const hook = createServer((_, res) => void res.writeHead(410).end());

const asAdmin = (method: string, path: string, body?: object) =>
  fetch(demo.url + path, {
    method,
    headers: { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

/** Something fires at the first event of a name, and one of those who are told does not listen. */
async function alertSettings(): Promise<Config["alerts"]> {
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
  const { port } = hook.address() as AddressInfo;
  const root = {
    name: "root_used",
    title: "somebody was root",
    filter: "action=root.used",
    withinS: 86_400,
    atLeast: 1,
  };
  return {
    intervalS: 1,
    without: [],
    silentAfterS: {},
    searches: [{ ...root, severity: "critical" }],
    channels: [{ name: "chat", from: "warning", slack: { url: `http://127.0.0.1:${port}/` } }],
  };
}

before(async () => {
  buildPages();
  [browser, demo] = await Promise.all([
    launchBrowser(),
    startDemo(0, { retention: { delayS: 0, intervalS: 1, archiveEveryS: 0 }, alerts: await alertSettings() }),
  ]);
  await demo.send([1, 2, 3].map((place) => demoEvent(place, Date.now())));
  await putRules(demo);
  const keyOf = async (source: string, roles: readonly string[]) =>
    ((await (await asAdmin("POST", "/v1/keys", { source, roles })).json()) as { key: string }).key;
  reader = await keyOf("reads", ["reader"]);
  privacy = await keyOf("dpo", ["privacy", "reader"]);
});
after(async () => {
  await browser?.close();
  await demo?.close();
  hook.closeAllConnections();
  hook.close();
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

test("without a policy everything is kept for ever, and whoever may not do more is told whose key that needs", async () => {
  await visit({ browser, demo }, "main/retention", async ({ page }) => {
    await signIn(page, reader);
    await page.getByText("Everything is kept for ever").waitFor();
    await page.getByText("Nothing is due").waitFor();
    await page.getByText("Putting a policy needs an administrator’s key or one for privacy").waitFor();
    await page.getByText("A key of an administrator sees what events are encrypted with").waitFor();
    assert.equal(await page.getByText("Place a hold").count(), 0);
    assert.equal(await page.getByRole("link", { name: "Change the policy" }).count(), 0);
  });
});

test("a hold is placed, and lifted by whoever may; an administrator sees it, where the key is, and lifts nothing", async () => {
  await visit({ browser, demo }, "main/retention", async ({ page }) => {
    await signIn(page, privacy);
    await page.getByText("Place a hold").click();
    await page.getByLabel("What is held").fill("from=1&to=2");
    await page.getByLabel("Why").fill("case 2026-118");
    await page.getByRole("button", { name: "Hold it" }).click();
    await page.locator("tr", { hasText: "case 2026-118" }).getByText("from=1&to=2").waitFor();
  });
  await visit({ browser, demo }, "main/retention", async ({ page }) => {
    await signIn(page, demo.adminKey);
    await page.locator("tr", { hasText: "case 2026-118" }).getByText("dpo").waitFor();
    await page.getByText("Lifting a hold needs a key with the role privacy").waitFor();
    assert.equal(await page.getByRole("button", { name: "Lift it" }).count(), 0);
    await page.getByText(/^file:/).waitFor();
  });
});

test("a policy is put as it was previewed, with the paragraphs of a preset, and what it takes away is seen to be gone", async () => {
  const named = (action: string) => ({ ...demoEvent(5, Date.now()), action });
  const sent = await demo.send(["new.thing", "old.thing", "new.thing"].map(named));
  const { receipts } = (await sent.json()) as {
    receipts: readonly [unknown, { readonly index: number; readonly leafHash: string }];
  };
  const { index, leafHash } = receipts[1];
  await visit({ browser, demo }, "main/retention?edit=", async ({ page }) => {
    await signIn(page, privacy);
    await page.getByText("Begin with what a standard asks for").click();
    await page
      .locator("li", { hasText: "45 CFR 164.316" })
      .getByRole("button", { name: /Take its rules/ })
      .click();
    assert.match(await page.getByLabel("Rules").inputValue(), /P6Y/);
    // Everything that the preset keeps would stay: the rule is about others.
    const text = await page.getByLabel("Rules").inputValue();
    const hipaa = JSON.parse(text)[0] as object;
    const old = { name: "old", action: "old.*", keepAtMost: "PT1S", after: "prune" };
    await page.getByLabel("Rules").fill(JSON.stringify([old]));
    await page.getByRole("button", { name: "Preview it" }).click();
    await page.getByText("If it were in force now").waitFor();
    const put = page.getByRole("button", { name: "Put it" });
    assert.equal(await put.isDisabled(), true, "it needs a reason");
    await page.getByLabel("Why").fill("our schedule");
    await page.getByLabel("Rules").fill(JSON.stringify([old, { ...hipaa, action: "patient.*" }]));
    await page.getByRole("button", { name: "Preview it" }).click();
    await put.click();
    await page.locator("tr", { hasText: "old.*" }).getByText("1 second").waitFor();
    await page.getByText("our schedule").waitFor();
  });
  await visit({ browser, demo }, "main/retention", async ({ page, complaints }) => {
    await signIn(page, privacy);
    await until(
      "it to be pruned",
      async () => (await asAdmin("GET", `/v1/ledgers/main/events/${index}`)).status === 410,
    );
    await page.goto(`${demo.url}/#/main/events/${index}`);
    await page.getByText(`Entry ${index} was pruned`).waitFor();
    await page.getByText(leafHash).waitFor();
    await page.getByText("Its leaf hash is in the tree: the proof of entry").waitFor();
    // The browser tells that the service said 410, which is what this is about.
    complaints.splice(0);
  });
});

test("an erasure is told with who, why and which, and the event that it took shows digests whose proof holds", async () => {
  const wish = { indexes: "0", reason: "request 31", ground: "GDPR Art. 17" };
  const headers = { Authorization: `Bearer ${privacy}`, "Content-Type": "application/json" };
  const path = `${demo.url}/v1/ledgers/main/erasures`;
  const asked = await fetch(path, { method: "POST", headers, body: JSON.stringify(wish) });
  assert.equal(asked.status, 202);
  await visit({ browser, demo }, "main/retention", async ({ page }) => {
    await signIn(page, privacy);
    const row = page.locator("tr", { hasText: "request 31" });
    await row.getByText("done").waitFor();
    assert.match(await row.innerText(), /dpo.*GDPR Art\. 17.*1:\s*0.*everything but the digests/s);
    await row.getByRole("link", { name: "0" }).click();
    await page.getByRole("heading", { name: "Erased" }).first().waitFor();
    await page.getByText("Everything that this event said was erased").waitFor();
    await page.getByText("The file fits together").waitFor();
    assert.doesNotMatch(await page.locator("article").innerText(), /copilot|logout/);
  });
});

const NOT_AUDITED = [
  { what: "the ledger main", why: "it was not audited yet", href: "#/main/integrity", ledger: "main" },
];

test("the line at the head of every page is never green without an answer that says so", async () => {
  await visit({ browser, demo }, "main/downloads", async ({ page, complaints }) => {
    const line = page.getByRole("status").first();
    const state = async (wanted: string, said: string) => {
      await page.locator(`.standing[data-state="${wanted}"]`).getByText(said).waitFor();
    };
    await state("unknown", "told to those who sign in");
    const answer = { state: "good", at: Date.now(), reasons: [], notLookedAt: [] as object[], more: 0 };
    let isLost = false;
    await page.route("**/v1/standing", (route) => (isLost ? route.abort() : route.fulfill({ json: answer })));
    await line.getByRole("link", { name: "Sign in" }).click();
    await signIn(page, reader);
    await state("good", "Everything is well");
    Object.assign(answer, { state: "unknown", notLookedAt: NOT_AUDITED });
    await page.reload();
    await state("unknown", "the ledger main: it was not audited yet.");
    await line.getByRole("link", { name: "See its integrity" }).waitFor();
    Object.assign(answer, { state: "good", notLookedAt: [] });
    await page.reload();
    await state("good", "Everything is well");
    isLost = true;
    await page.reload();
    await state("unknown", "does not say whether everything is well");
    complaints.splice(0);
  });
});

test("an alert that fires is on the line and on its page; it is acknowledged, silenced, and what a channel did not take is sent again", async () => {
  await demo.send({ ...demoEvent(1, Date.now()), action: "root.used" });
  await visit({ browser, demo }, "main/alerts", async ({ page, context }) => {
    await signIn(page, demo.adminKey);
    const row = page.locator("tr[data-alert]", { hasText: "somebody was root" });
    await row.getByText("nobody looks after it yet").waitFor();
    assert.equal(
      await row.getByRole("link", { name: /^Runbook/ }).getAttribute("href"),
      "docs/alerts.md#searches-of-your-own",
    );
    const opening = context.waitForEvent("page");
    await row.getByRole("link", { name: /^Runbook/ }).click();
    const runbook = await opening;
    await runbook.locator("h2:target", { hasText: "Searches of your own" }).waitFor();
    await runbook.close();
    await page.locator('.standing[data-state="critical"]', { hasText: "Somebody was root" }).waitFor();
    await row.getByRole("button", { name: "Acknowledge … somebody was root" }).click();
    await row.getByLabel("Note (optional)").fill("case 12");
    await row.getByRole("button", { name: "Acknowledge it" }).click();
    await row.getByText(/acknowledged by admin at .* UTC: “case 12”/).waitFor();
    await row.getByRole("button", { name: /^Silence/ }).click();
    await row.getByLabel("Nobody is told for").selectOption("1 hour");
    await row.getByRole("button", { name: "Silence it" }).click();
    await row.getByText(/silenced until .* UTC by admin/).waitFor();
    const dead = page.locator("table", { hasText: "acknowledged: somebody was root" }).last();
    await dead.getByText("it answered with status 410").first().waitFor();
    await page.getByRole("button", { name: "Send a test to all" }).click();
    await page.getByText("not taken: it answered with status 410").waitFor();
    await page.getByRole("button", { name: "Send them again" }).waitFor();
    const resent = page.waitForResponse((each) => each.url().endsWith("/resend"));
    await page.getByRole("button", { name: "Send them again" }).click();
    assert.deepEqual(await (await resent).json().then(({ resent: count }) => count >= 2), true);
    assert.deepEqual(await seriousFindings(page, "all"), []);
  });
});

test("a reader sees alerts and handles none; a key for some ledgers sees neither them nor whether all is well", async () => {
  await visit({ browser, demo }, "main/alerts", async ({ page }) => {
    await signIn(page, reader);
    await page.locator("tr[data-alert]", { hasText: "somebody was root" }).waitFor();
    await page.getByText("An administrator’s key acknowledges and silences alerts").waitFor();
    assert.equal(await page.getByRole("button", { name: /Acknowledge|Silence|Send/ }).count(), 0);
  });
  const made = await asAdmin("POST", "/v1/keys", { source: "team", roles: ["reader"], ledgers: ["main"] });
  const { key } = (await made.json()) as { key: string };
  await visit({ browser, demo }, "main/alerts", async ({ page }) => {
    await signIn(page, key);
    await page.getByRole("heading", { name: "This key may not see alerts" }).waitFor();
    const why = /role reader or auditor or admin that is for all ledgers\. This one has reader, for main alone\./;
    assert.match(await page.locator("section[role=alert]").innerText(), why);
    await page.locator('.standing[data-state="unknown"]', { hasText: "This key cannot see" }).waitFor();
  });
});
