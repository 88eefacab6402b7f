/** What is said of a source in words: its clock, its keys, and whether one of them calls for somebody. */

import { spellValue } from "../../../entry/spelled-value.ts";
import { formatSpan } from "../../parts/format.ts";
import type { SourceAnswer, SourceKeyAnswer } from "../answers.ts";
import { filterQuery } from "../events/filter/filter.ts";
import { routeHash } from "../route.ts";

const SKEW_NONE_MS = 2000;
/** A key that ends within so long should be changed. */
const ENDS_SOON_MS = 14 * 86_400_000;

/** How an event's own time lies to the moment in which it was received. */
export function skewWords(ms: number): string {
  if (Math.abs(ms) < SKEW_NONE_MS) return "none";
  return ms > 0 ? `${formatSpan(ms)} behind` : `${formatSpan(-ms)} ahead`;
}

/** Whether a clock must be wrong: an event can come late, but not before it happened. */
export function isAhead(ms: number): boolean {
  return ms <= -SKEW_NONE_MS;
}

export type KeyWord = { readonly kind: "good" | "warn" | "bad" | "none"; readonly word: string };

/** The state of one key. @param now milliseconds since 1970 */
export function keyWord({ state, refused, expiresAt }: SourceKeyAnswer, now: number): KeyWord {
  const ended = state === "revoked" ? "ended" : "expired";
  if (refused !== undefined) return { kind: "bad", word: "used after its end" };
  if (state !== "live") return { kind: "none", word: ended };
  const left = expiresAt === undefined ? undefined : expiresAt - now;
  if (left === undefined || left > ENDS_SOON_MS) return { kind: "good", word: "live" };
  return { kind: "warn", word: `live, ends in ${formatSpan(left)}` };
}

/** The keys of a source together: what is worst of them, else how many are live. */
export function keysWord({ keys }: Pick<SourceAnswer, "keys">, now: number): KeyWord {
  const words = keys.map((key) => keyWord(key, now));
  const live = keys.filter(({ state }) => state === "live").length;
  const bad = words.find(({ kind }) => kind === "bad");
  if (bad !== undefined) return { kind: "bad", word: "used after its end" };
  const warn = words.find(({ kind }) => kind === "warn");
  if (warn !== undefined && live === 1) return warn;
  if (keys.length === 0) return { kind: "none", word: "no key" };
  if (live === 0) return { kind: "none", word: "none live" };
  return { kind: "good", word: live === 1 ? "one live" : `${live} live` };
}

/** Where the events of a source are. */
export function eventsHref(ledger: string, source: string, quarantined = false): string {
  const filter = { source: spellValue(source), ...(quarantined && { quarantined: "true" }) };
  return routeHash({ ledger, page: "events", query: filterQuery(filter) });
}

/** Where the pages about sources are. */
export function sourcesHref(ledger: string, query: Readonly<Record<string, string>> = {}): string {
  return routeHash({ ledger, page: "sources", query: new URLSearchParams(query) });
}
