/** The rules for Prometheus and the dashboard of Grafana as they are shipped, and what their expressions ask for. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDER = join(ROOT, "docs", "monitoring");
export const RULES_FILE = join(FOLDER, "holdfast-rules.yml");
export const DASHBOARD_FILE = join(FOLDER, "holdfast-dashboard.json");

export type AlertRule = {
  readonly alert: string;
  readonly expr: string;
  readonly severity: string | undefined;
  readonly runbook: string;
  /** All of it. */
  readonly text: string;
};

/** The rules, in the one form in which our file has them. */
export function readRules(): readonly AlertRule[] {
  const [, ...blocks] = readFileSync(RULES_FILE, "utf8").split(/^ {6}- (?=alert: )/m);
  return blocks.map((block) => {
    const text = block.replaceAll(/^ *#.*$/gm, "");
    const [, alert = ""] = /^alert: (\w+)$/m.exec(text) ?? [];
    const [, inline, folded] = /^ {8}expr: (?:(?!>-)(.+)|>-\n((?: {10}.+\n)+))/m.exec(text) ?? [];
    const [, severity] = /^ {10}severity: (\w+)$/m.exec(text) ?? [];
    const [, runbook] = /^ {10}runbook: (.+)$/m.exec(text) ?? [];
    const expr = inline ?? folded?.replaceAll(/\s+/g, " ").trim();
    assert.ok(alert !== "" && expr !== undefined && runbook !== undefined, `expected a rule, got ${block}`);
    return { alert, expr, severity, runbook, text };
  });
}

export type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
};
export type Dashboard = {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string }[] };
};

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(DASHBOARD_FILE, "utf8")) as Dashboard;
}

/** What an expression asks for: names of metrics, each with the labels that it is selected by, and labels of what comes out. */
export type Asked = { readonly metrics: ReadonlyMap<string, ReadonlySet<string>>; readonly grouped: readonly string[] };

export function askedBy(expr: string): Asked {
  const metrics = new Map<string, Set<string>>();
  const unquoted = expr.replaceAll(/"[^"]*"/g, '""');
  for (const [, name = "", selector = ""] of unquoted.matchAll(
    /\b((?:holdfast|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g,
  )) {
    const labels = [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label as string);
    const metric = name.replace(/_(?:bucket|sum|count)$/, "");
    metrics.set(metric, new Set([...(metrics.get(metric) ?? []), ...labels]));
  }
  const grouped = [...unquoted.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = ""]) => labels.split(/,\s*/));
  return { metrics, grouped };
}

/** Labels that a text shows: `{{ $labels.x }}` of Prometheus, `{{x}}` of Grafana. */
export function labelsIn(text: string): readonly string[] {
  return [...text.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label]) => label as string);
}

/** Whether a page of the documentation has the section that a path with an anchor names, as GitHub makes anchors. */
export function hasSection(path: string): boolean {
  const [file = "", anchor = ""] = path.split("#");
  const text = readFileSync(join(ROOT, file), "utf8");
  const anchors = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  return anchors.includes(anchor);
}
