/**
 * What a sender is told of events that were recorded and are perhaps not what was meant: in the receipt of each, and in a
 * header for all, since the answer to a single event is its bundle, in which nothing has a place that is not proved.
 */

import { groupBy } from "../../group-by.ts";
import type { Warning } from "../../ingest/intake/examine.ts";
import type { Appended } from "../../ledger/append/answer.ts";
import type { Metrics } from "../../metrics.ts";

/** Named in the header; the receipts have all of them. */
const NAMED_MAX = 8;

/** Counts events that were recorded although a member of theirs looks misspelt: whoever sends them may not read answers. */
export function misspeltCounter(metrics: Metrics): (ledger: string, source: string, events: number) => void {
  const count = metrics.counter({
    name: "events_misspelt_total",
    help: "Events recorded with a member whose name is nearly a known one",
    labels: ["ledger", "source"],
  });
  return (ledger, source, events) => {
    if (events > 0) count({ ledger, source }, events);
  };
}

/** Events with misspelt members that this request recorded; one that is repeated was counted when it came first. */
export function newlyMisspelt(warnings: readonly Warning[], { outcome, receipts }: Appended): number {
  if (warnings.length === 0 || outcome === "replayed") return 0;
  const misspelt = warnings.filter(({ code }) => code === "member_misspelt");
  const positions = new Set(misspelt.map(({ position }) => position));
  return [...positions].filter((position) => receipts[position]?.duplicate !== true).length;
}

/** Headers of an answer, in the form of RFC 9651: a list of words with parameters. */
export function warningHeaders(warnings: readonly Warning[], alone: boolean): Readonly<Record<string, string>> {
  if (warnings.length === 0) return {};
  const named = warnings.slice(0, NAMED_MAX).map((warning) => {
    const { position, code, path } = warning;
    const more = warning.code === "member_misspelt" ? `known="${warning.known}"` : `got="${ascii(warning.got)}"`;
    return `${code};path="${ascii(alone ? path : `/${position}${path}`)}";${more}`;
  });
  const untold = warnings.length - named.length;
  if (untold > 0) named.push(`more;count=${untold}`);
  return { "Holdfast-Warning": named.join(", ") };
}

/** The texts of receipts' members `warnings`, by the positions of their events; with a comma behind. */
export function warningTexts(warnings: readonly Warning[]): ReadonlyMap<number, string> {
  const lists = groupBy(warnings, ({ position }) => position);
  const texts = new Map<number, string>();
  for (const [position, list] of lists) {
    const spelled = list.map(({ position: _, ...warning }) => warning);
    texts.set(position, `"warnings":${JSON.stringify(spelled)},`);
  }
  return texts;
}

/** What may stand in quotes in a header; the rest is percent-encoded. */
function ascii(path: string): string {
  return path.replaceAll(/[^\x20-\x7e]+|["\\%]/g, encodeURIComponent);
}
