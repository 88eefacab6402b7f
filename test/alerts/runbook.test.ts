/** What alerts lead to: the section of docs/alerts.md about their rule. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { EXPLAINED, runbookOf } from "../../src/alerts/delivery/runbook.ts";
import { type AlertParts, openAlerts } from "../../src/service/watching/open-alerts.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/alerts.md"), "utf8");

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
  assert.equal(runbookOf("source_silent"), "docs/alerts.md#source_silent");
  assert.equal(runbookOf("root_used"), "docs/alerts.md#searches-of-your-own");
  assert.match(page, /^## Searches of your own$/m);
});
