/** What alerts lead to: the section of docs/alerts.md about their rule. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { EXPLAINED, runbookOf } from "../../src/alerts/delivery/runbook.ts";
import { CONDITION_CODES } from "../../src/health.ts";
import { type AlertParts, openAlerts } from "../../src/service/watching/open-alerts.ts";

const page = pageOf("alerts");

function pageOf(name: string): string {
  return readFileSync(join(import.meta.dirname, `../../docs/${name}.md`), "utf8");
}

test("every rule of a service has a section, and every section a rule", async () => {
  const none = { intervalS: 60, without: ["none_such"], silentAfterS: {}, searches: [], channels: [] };
  const names: string[] = await openAlerts(none, {} as AlertParts).then(
    () => assert.fail("expected a refusal that names all rules"),
    (error: Error) => /expected some of (.*), got/.exec(error.message)?.[1]?.split(", ") ?? [],
  );
  const sections = [...page.matchAll(/^### (\w+)$/gm)].map(([, name]) => name as string);
  assert.ok(names.length > 10);
  assert.deepEqual(names.toSorted(), sections.toSorted());
  assert.deepEqual(EXPLAINED.toSorted(), sections.toSorted());
});

test("a search that somebody set leads to the section about such searches", () => {
  assert.equal(runbookOf({ rule: "source_silent", subject: "main/billing" }), "docs/alerts.md#source_silent");
  assert.equal(runbookOf({ rule: "root_used", subject: "main" }), "docs/alerts.md#searches-of-your-own");
  assert.match(page, /^## Searches of your own$/m);
});

test("whatever part of a service can fail has a section that says what it means, to which its alert leads; no section is of none", () => {
  const [, section = ""] = pageOf("operations").split(/^## Conditions$/m);
  const headings = [...section.matchAll(/^### (\w+)\n\n\S/gm)].map(([, code]) => code as string);
  assert.deepEqual(headings.toSorted(), CONDITION_CODES.toSorted());
  for (const code of CONDITION_CODES) {
    assert.equal(runbookOf({ rule: "condition", subject: code }), `docs/operations.md#${code}`);
    assert.ok(section.includes(`[${code}](#${code})`), `${code} stands in the list of all`);
  }
  assert.equal(runbookOf({ rule: "condition", subject: "none_such" }), "docs/alerts.md#condition");
});

test("whatever has a section is said somewhere in the sources", () => {
  const src = join(import.meta.dirname, "../../src");
  const files = readdirSync(src, { recursive: true, encoding: "utf8" });
  const sources = files.filter((file) => file.endsWith(".ts") && file !== "health.ts" && !file.startsWith("web"));
  const text = sources.map((file) => readFileSync(join(src, file), "utf8")).join("\n");
  assert.deepEqual(
    CONDITION_CODES.filter((code) => !new RegExp(`\\b${code}\\b`).test(text)),
    [],
  );
});
