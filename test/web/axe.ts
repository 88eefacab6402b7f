/** What axe-core, a checker of accessibility, finds in a page as it stands: names, roles, contrast, headings, regions. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const COLOUR_RULES = ["color-contrast", "link-in-text-block"];

/** All rules, or those that depend on colours alone. */
export type AxeRules = "all" | "colours";

/** In the page: a line for each finding that keeps somebody from using it. */
const REPORT = `(findings) => findings
  .filter(({ impact }) => impact === "serious" || impact === "critical")
  .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) =>
    [id, html.slice(0, 120), (failureSummary ?? "").replaceAll(/\\s+/g, " ")].join(" | ")))`;

/** What is serious or critical on a page, in words; nothing is what is wanted. */
export async function seriousFindings(page: Page, rules: AxeRules): Promise<readonly string[]> {
  // Not as a script of the page, which its policy would refuse.
  if (!(await page.evaluate("typeof axe === 'object'"))) await page.evaluate(SOURCE);
  const only = rules === "all" ? {} : { runOnly: { type: "rule", values: COLOUR_RULES } };
  const options = JSON.stringify({ resultTypes: ["violations"], ...only });
  return (await page.evaluate(
    `axe.run(document, ${options}).then(({ violations }) => (${REPORT})(violations))`,
  )) as string[];
}
