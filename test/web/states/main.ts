/**
 * `npm run test:looks`: the pages in the states that people come upon besides the usual ones: empty, refused, wrongly typed, hostile
 * texts, nothing there. Each is looked at wide and narrow, light and dark: nothing sticks out of the window, and axe-core finds
 * nothing serious. SCREENSHOTS=folder keeps pictures of whole pages; `-- --only 'verify'` looks at those whose name is so.
 */

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { until } from "../../until.ts";
import { seriousFindings } from "../axe.ts";
import { type Look, launchBrowser, openContext } from "../browser.ts";
import { buildPages } from "../built.ts";
import { putRules, sendAsSenders } from "../demo-senders.ts";
import { changeEvent, type DemoService, demoEvent, startDemo } from "../demo-service.ts";
import { ANYBODY, type Named, OF_KEYS, type Place } from "./states.ts";

const LOOKS: Readonly<Record<string, Look>> = {
  "wide-light": { width: 1280, height: 860, scheme: "light" },
  "wide-dark": { width: 1280, height: 860, scheme: "dark" },
  "narrow-light": { width: 390, height: 760, scheme: "light" },
  "narrow-dark": { width: 390, height: 760, scheme: "dark" },
};
const { values } = parseArgs({ options: { only: { type: "string", default: "." } } });
const wanted = new RegExp(values.only);

async function post(demo: DemoService, path: string, body: object): Promise<string> {
  const response = await fetch(demo.url + path, {
    method: "POST",
    headers: { Authorization: `Bearer ${demo.adminKey}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(`${path}: expected 201, got ${response.status}`);
  return await response.text();
}

const keyOf = async (demo: DemoService, role: string) =>
  (JSON.parse(await post(demo, "/v1/keys", { source: `a-${role}`, roles: [role] })) as { key: string }).key;

/** What no page should be broken by. */
function hostileEvent(): object {
  return {
    action: `${"a".repeat(120)}.x`,
    time: new Date().toISOString(),
    actor: { type: "user", id: "u".repeat(200), name: "Ada \u202e evil" },
    targets: [{ type: "doc", id: `d/${"9".repeat(150)}` }],
    message: "long ".repeat(200),
    metadata: { html: "<img src=x onerror=alert(1)>", deep: { a: { b: { c: [1, { d: "x".repeat(400) }] } } } },
  };
}

/** @returns the index of an event that is pruned soon */
async function fill(demo: DemoService): Promise<number> {
  const now = Date.now();
  await demo.send([...Array.from({ length: 40 }, (_, place) => demoEvent(place, now)), changeEvent(now)]);
  await sendAsSenders(demo);
  await putRules(demo);
  await post(demo, "/v1/ledgers", { name: "payroll" });
  await post(demo, "/v1/ledgers/main/events", hostileEvent());
  const receipt = JSON.parse(
    await post(demo, "/v1/ledgers/main/events", { ...demoEvent(3, now), action: "old.thing" }),
  );
  await govern(demo, await keyOf(demo, "privacy"));
  return (receipt as { readonly entry: { readonly index: number } }).entry.index;
}

/** A policy, a hold and an erasure. */
async function govern(demo: DemoService, key: string): Promise<void> {
  const ask = async (method: string, path: string, body: object) => {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
    const answer = await fetch(`${demo.url}/v1/ledgers/main/${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: expected success, got ${answer.status}: ${await answer.text()}`);
  };
  const listed = await (await fetch(`${demo.url}/v1/retention/presets`)).text();
  const { presets } = JSON.parse(listed) as { presets: readonly { rules: readonly object[] }[] };
  const rules = presets.flatMap((preset) => preset.rules).map((rule) => ({ action: "patient.*", ...rule }));
  const old = { name: "old", action: "old.*", keepAtMost: "PT1S", after: "prune" };
  await ask("PUT", "retention", { rules: [old, ...rules], reason: "long ".repeat(60) });
  await ask("POST", "holds", { filter: `actor=user:${"u".repeat(180)}&from=1`, reason: "case \u202e 2026-118" });
  await ask("POST", "erasures", {
    indexes: "3,5,7-19",
    members: ["actor"],
    reason: "request 31",
    ground: "GDPR Art. 17",
  });
  await ask("POST", "erasures", { indexes: "4", reason: "request 32" });
}

async function finalBundle({ url, adminKey }: DemoService): Promise<string> {
  let text = "";
  await until("a final bundle", async () => {
    const headers = { Authorization: `Bearer ${adminKey}` };
    text = await (await fetch(`${url}/v1/ledgers/main/events/40/bundle`, { headers })).text();
    return (JSON.parse(text) as { status: string }).status === "final";
  });
  return text;
}

/** Notes are laid out in a row: a mark and one text. Words beside a name or a link would stand in columns of their own. */
const PARTED_NOTES = `[...document.querySelectorAll("p.note")].filter((note) =>
  [...note.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.textContent.trim() !== "") &&
  [...note.children].some((each) => each.textContent.trim() !== "")
).map((note) => note.textContent)`;

/** What is wrong with a page as it stands, in words. */
async function faultsOf(page: Page): Promise<readonly string[]> {
  await page.mouse.move(0, 0);
  const [needs, has] = (await page.evaluate(
    "[document.documentElement.scrollWidth, document.documentElement.clientWidth]",
  )) as [number, number];
  const wide = needs > has ? [`the page is ${needs} wide, its window ${has}`] : [];
  const parted = (await page.evaluate(PARTED_NOTES)) as readonly string[];
  return [
    ...wide,
    ...parted.map((text) => `a note stands in columns: ${text}`),
    ...(await seriousFindings(page, "all")),
  ];
}

async function untilPruned({ url, adminKey }: DemoService, index: number): Promise<void> {
  const headers = { Authorization: `Bearer ${adminKey}` };
  const path = `${url}/v1/ledgers/main/events/${index}`;
  await until("an event to be pruned", async () => (await fetch(path, { headers })).status === 410);
}

async function lookAt(page: Page, name: string, look: string, reach: () => Promise<void>): Promise<number> {
  const faults: string[] = [];
  try {
    await reach();
    faults.push(...(await faultsOf(page)));
  } catch (error) {
    faults.push(String(error).split("\n").slice(0, 3).join(" "));
  }
  for (const fault of faults) process.stdout.write(`${name}, ${look}: ${fault}\n`);
  const folder = process.env.SCREENSHOTS;
  if (folder !== undefined) {
    mkdirSync(resolve(folder), { recursive: true });
    await page.screenshot({ path: join(resolve(folder), `${name}-${look}.png`), fullPage: true });
  }
  return faults.length;
}

buildPages();
const [browser, demo] = await Promise.all([
  launchBrowser(),
  startDemo(0, { retention: { delayS: 0, intervalS: 1, archiveEveryS: 0 } }),
]);
let looked = 0;
let faults = 0;
try {
  const pruned = await fill(demo);
  const place: Place = { url: demo.url, key: demo.adminKey, bundle: await finalBundle(demo), pruned };
  await untilPruned(demo, pruned);
  const visitors: readonly (readonly [key: string | undefined, states: Named])[] = [
    [undefined, ANYBODY],
    [demo.adminKey, OF_KEYS.admin],
    [await keyOf(demo, "reader"), OF_KEYS.reader],
    [await keyOf(demo, "writer"), OF_KEYS.writer],
  ];
  for (const [look, size] of Object.entries(LOOKS)) {
    for (const [key, states] of visitors) {
      const { context } = await openContext(browser, size, [demo.url, "file://"]);
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      if (key !== undefined) {
        await page.goto(`${demo.url}/#/main/sign-in`);
        await page.getByLabel("API key").fill(key);
        await page.keyboard.press("Enter");
        await page.getByRole("button", { name: "Sign out" }).waitFor();
      }
      for (const [name, reach] of Object.entries(states).filter(([each]) => wanted.test(each))) {
        await page.goto("about:blank");
        faults += await lookAt(page, name, look, () => reach(page, place));
        looked++;
      }
      await context.close();
    }
  }
} finally {
  await browser.close();
  await demo.close();
}
process.stdout.write(`${looked} looks, ${faults} faults\n`);
if (faults > 0 || looked === 0) process.exitCode = 1;
