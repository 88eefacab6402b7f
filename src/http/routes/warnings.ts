/**
 * What a sender is told of events that were recorded and are perhaps not what was meant: in the receipt of each, and in a
 * header for all, since the answer to a single event is its bundle, in which nothing has a place that is not proved.
 */

import type { Warning } from "../../ingest/intake/intake.ts";

const CODE = "member_misspelt";
/** Named in the header; the receipts have all of them. */
const NAMED_MAX = 8;

/** Headers of an answer, in the form of RFC 9651: a list of words with parameters. */
export function warningHeaders(warnings: readonly Warning[], alone: boolean): Readonly<Record<string, string>> {
  if (warnings.length === 0) return {};
  const named = warnings.slice(0, NAMED_MAX).map(({ position, path, known }) => {
    return `${CODE};path="${ascii(alone ? path : `/${position}${path}`)}";known="${known}"`;
  });
  const more = warnings.length - named.length;
  if (more > 0) named.push(`more;count=${more}`);
  return { "Holdfast-Warning": named.join(", ") };
}

/** The texts of receipts' members `warnings`, by the positions of their events; with a comma behind. */
export function warningTexts(warnings: readonly Warning[]): ReadonlyMap<number, string> {
  const lists = Map.groupBy(warnings, ({ position }) => position);
  const texts = new Map<number, string>();
  for (const [position, list] of lists) {
    const spelled = list.map(({ path, known }) => ({ code: CODE, path, known }));
    texts.set(position, `"warnings":${JSON.stringify(spelled)},`);
  }
  return texts;
}

/** What may stand in quotes in a header; the rest is percent-encoded. */
function ascii(path: string): string {
  return path.replaceAll(/[^\x20-\x7e]+|["\\%]/g, encodeURIComponent);
}
