/**
 * The shared bundles and sets through verify.html, opened from a file in a real browser: the page says of each what the
 * command says. They are given to its file input one after the other, in several tabs at a time.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { serveNode } from "../cli/fake-http.ts";
import { bytesOf, chainOf, type Given, readBundleVectors, type Vector } from "../vectors/bundle-file.ts";
import { type Found, Judge, stepIn } from "../vectors/bundle-judge.ts";
import { launchBrowser, listenForComplaints, openContext } from "./browser.ts";
import { buildPages } from "./built.ts";

const TABS = 4;
/** The page waits this long for the next keystroke before it judges; a file has none, and there are many. */
const WITHOUT_PAUSE = `const wait = setTimeout;
window.setTimeout = (use, ms, ...more) => wait(use, ms === 200 ? 0 : ms, ...more);`;
/** Files that a tab judges between two words with the test; few enough that the last tab is not long alone. */
const FILES_AT_ONCE = 12;
/** Not a measure of anything: what takes longer hangs. */
const BUDGET_MS = 60_000;

const file = readBundleVectors();

let folder: string;
let browser: Browser;
let address: string;
let judge: Judge;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-page-"));
  buildPages(folder);
  address = pathToFileURL(join(folder, "verify.html")).href;
  browser = await launchBrowser();
  judge = new Judge(file, folder);
});

after(async () => {
  await judge.close();
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
});

const FIELDS = ["node", "block", "ledger", "signer", "contract"] as const;
/** What a reader types into each field. */
type Typed = Readonly<Record<(typeof FIELDS)[number], string>>;

/** What to type for a vector; undefined when the page has no field for it. */
function typedFor({ base, expected = {}, trustedBlocks }: Vector, node: string): Typed | undefined {
  const { ledgerId, owner, contract = "", signer = "", chainId } = expected;
  const isOneLedger = ledgerId === undefined || owner === undefined;
  if (chainId !== undefined || !isOneLedger) return undefined;
  const [block = "", ...others] = trustedBlocks ?? [file.bases[base]?.block as string];
  if (node === "" && others.length > 0) return undefined;
  return { node, block: node === "" ? block : "", ledger: ledgerId ?? owner ?? "", signer, contract };
}

/** Vectors that are judged with the same words typed. */
type Round = { readonly typed: Typed; readonly places: readonly number[] };

function roundsOf(given: Given, node: string): Round[] {
  const byTyped = new Map<string, number[]>();
  for (const [at, vector] of file.vectors.entries()) {
    const typed = vector.findings[given] === undefined ? undefined : typedFor(vector, node);
    if (typed === undefined) continue;
    const key = JSON.stringify(typed);
    byTyped.set(key, [...(byTyped.get(key) ?? []), at]);
  }
  return [...byTyped].flatMap(([key, places]) =>
    Array.from({ length: Math.ceil(places.length / FILES_AT_ONCE) }, (_, i) => ({
      typed: JSON.parse(key) as Typed,
      places: places.slice(i * FILES_AT_ONCE, (i + 1) * FILES_AT_ONCE),
    })),
  );
}

/** What a page shows of a proof. */
type Said = {
  readonly outcome: string;
  readonly title: string;
  /** The first step that failed, where steps are shown. */
  readonly step?: string;
  /** The first problem of a set. */
  readonly problem: string;
};

/** Runs in the page: chooses each file, reads the verdict, and clears it before the next. */
const CHOOSE_FILES = `async ({ files, budgetMs }) => {
  const until = async (look) => {
    const end = performance.now() + budgetMs;
    for (;;) {
      const found = look();
      if (found) return found;
      if (performance.now() > end) throw new Error("nothing came: " + document.body.innerText.slice(0, 500));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const saying = [];
  for (const [i, encoded] of files.entries()) {
    const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
    const chosen = new DataTransfer();
    chosen.items.add(new File([bytes], "proof " + i, { type: "application/json" }));
    const input = document.querySelector('input[type="file"]');
    input.files = chosen.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    const banner = await until(() => document.querySelector(".verdict[data-outcome]"));
    saying.push({
      outcome: banner.dataset.outcome,
      title: banner.querySelector("h2").textContent,
      step: document.querySelector('[data-state="failed"]')?.dataset.step,
      problem: banner.querySelector("li")?.textContent ?? "",
    });
    [...document.querySelectorAll("button")].find((button) => button.textContent === "Clear").click();
    await until(() => document.querySelector(".verdict") === null);
  }
  return saying;
}`;

/** A text that is no bundle has no steps that could be shown; the title says that it was its form. */
function foundIn({ outcome, title, step, problem }: Said): Found {
  if (outcome === "no-proof") return { outcome: "failed", step: "bundle" };
  if (outcome !== "failed") return { outcome: outcome as Found["outcome"] };
  if (title === "FAILED at: Form of the file") return { outcome, step: step ?? "bundle" };
  if (title.startsWith("FAILED at: ")) return { outcome, step: step ?? title };
  const [, line, summary = ""] = /^Line (\d+): (.*)$/s.exec(problem) ?? [];
  return { outcome, line: Number(line), ...stepIn(summary) };
}

async function work(page: Page, rounds: Iterable<Round>, said: Map<number, Found>): Promise<void> {
  const complaints = listenForComplaints(page);
  await page.goto(address);
  for (const { typed, places } of rounds) {
    for (const name of FIELDS) await page.locator(`#${name}`).fill(typed[name]);
    const files = places.map((at) => Buffer.from(bytesOf(file, file.vectors[at] as Vector)).toString("base64"));
    const choice = JSON.stringify({ files, budgetMs: BUDGET_MS });
    const saying = (await page.evaluate(`(${CHOOSE_FILES})(${choice})`)) as Said[];
    for (const [i, at] of places.entries()) said.set(at, foundIn(saying[i] as Said));
  }
  assert.deepEqual(complaints, []);
}

/** Gives vectors to several tabs and to the command. @returns how many, and where they say different things */
async function compare(context: BrowserContext, given: Given, node = "") {
  const rounds = roundsOf(given, node);
  const waiting = rounds.values();
  const said = new Map<number, Found>();
  const found = new Map<number, Found>();
  const askCommand = async () => {
    for (const at of rounds.flatMap(({ places }) => places)) found.set(at, await judge.ask(at, given));
  };
  await context.addInitScript(WITHOUT_PAUSE);
  const tabs = Array.from({ length: TABS }, async () => work(await context.newPage(), waiting, said));
  await Promise.all([askCommand(), ...tabs]);
  const differences = [...found].flatMap(([at, command]) => {
    const page = said.get(at);
    const isSame = JSON.stringify(page) === JSON.stringify(command);
    return isSame ? [] : [{ name: file.vectors[at]?.name, command, page }];
  });
  return { count: said.size, differences };
}

test("without any network, the page says of every bundle and set what the command says", async () => {
  const { context, refused } = await openContext(browser, { width: 1280, scheme: "light" }, [address]);
  await context.setOffline(true);
  const { count, differences } = await compare(context, "block");
  assert.deepEqual(differences, []);
  assert.ok(count > 1000, `${count}`);
  assert.deepEqual(refused, [], "the page asked somebody");
  await context.close();
});

test("with a node to ask, the page says what the command says, and asks nobody else", async (t) => {
  const { url } = await serveNode(t, chainOf(file));
  const { context, refused } = await openContext(browser, { width: 1280, scheme: "light" }, [address, url]);
  const { count, differences } = await compare(context, "chain", url);
  assert.deepEqual(differences, []);
  assert.ok(count > 50, `${count}`);
  assert.deepEqual(refused, [], "the page asked somebody else");
  await context.close();
});
