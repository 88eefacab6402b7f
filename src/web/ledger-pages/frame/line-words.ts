/**
 * What the line at the head of the pages says. It is stricter than the service: without an answer, or with one that is old, it does not
 * know, and it is never good then.
 * Why: docs/decisions/0232.
 */

import { formatTime } from "../../parts/format.ts";
import { routeHash } from "../route.ts";
import { atLedger, type StandingAnswer, type StandingPlace } from "./standing-answer.ts";

/** An answer that is older says nothing of now. */
const OLD_MS = 60_000;

export type LineSeen = {
  readonly ledger: string;
  readonly hasKey: boolean;
  /** Whether the key may know; undefined until that is known. */
  readonly may: boolean | undefined;
  readonly value: StandingAnswer | undefined;
  readonly error: Error | undefined;
  /** Milliseconds since 1970, by the clock of the page. */
  readonly answeredAt: number | undefined;
  readonly now: number;
};

export type LineLink = { readonly href: string; readonly text: string };

export type LineSaid = {
  readonly state: StandingAnswer["state"];
  readonly title: string;
  readonly text: string;
  /** What to do next. */
  readonly links: readonly LineLink[];
};

const PAGES: readonly (readonly [end: string, text: string])[] = [
  ["/alerts", "See what to do"],
  ["/integrity", "See its integrity"],
  ["/anchors", "See its anchors"],
  ["/overview", "See the chains"],
];

export function lineOf(seen: LineSeen): LineSaid {
  const { ledger, hasKey, may, value, error, answeredAt, now } = seen;
  const signIn = routeHash({ ledger, page: "sign-in" });
  if (!hasKey)
    return unknown("Whether everything is well is told to those who sign in.", { href: signIn, text: "Sign in" });
  if (may === false) {
    const why =
      "This key cannot see whether everything is well: that is for readers, auditors and administrators of all ledgers.";
    return unknown(why, { href: signIn, text: "Sign in with another key" });
  }
  if (error !== undefined) {
    const since = answeredAt === undefined ? "" : ` It is not known since ${formatTime(answeredAt)} UTC.`;
    return unknown(`The service does not say whether everything is well: ${error.message}${since}`);
  }
  if (value === undefined || answeredAt === undefined) return unknown("Asking whether everything is well …");
  if (Math.abs(now - answeredAt) > OLD_MS)
    return unknown(`Whether everything is well was last told at ${formatTime(answeredAt)} UTC. Asking again …`);
  return saidBy(value, ledger);
}

function unknown(text: string, ...links: readonly LineLink[]): LineSaid {
  return { state: "unknown", title: "Not known", text, links };
}

function saidBy({ state, reasons, notLookedAt, more }: StandingAnswer, ledger: string): LineSaid {
  if (state === "good")
    return { state, title: "Everything is well", text: "Nothing is wrong, and all of it was looked at.", links: [] };
  const [reason] = reasons;
  const [unseen] = notLookedAt;
  const count = reasons.length + notLookedAt.length + more;
  const all = routeHash({ ledger, page: "alerts" });
  const others: readonly LineLink[] = count > 1 ? [{ href: all, text: `All ${count}` }] : [];
  if (reason !== undefined) {
    const beside = unseen === undefined ? "" : " Besides, not all was looked at.";
    const title = state === "critical" ? "Critical" : "Needs attention";
    return { state, title, text: `${sentence(reason.text)}${beside}`, links: linksOf(reason, others, ledger) };
  }
  if (unseen === undefined) return unknown("The service does not say why.");
  const text = `Nothing is known to be wrong, and not all was looked at: ${ended(`${unseen.what}: ${unseen.why}`)}`;
  return { state: "unknown", title: "Not known", text, links: linksOf(unseen, others, ledger) };
}

function linksOf(place: StandingPlace, others: readonly LineLink[], ledger: string): LineLink[] {
  const href = atLedger(place, ledger);
  const page = PAGES.find(([end]) => href.endsWith(end));
  const first = { href, text: page?.[1] ?? "What to do" };
  return [first, ...others.filter((each) => each.href !== href)];
}

function sentence(text: string): string {
  return ended(text.charAt(0).toUpperCase() + text.slice(1));
}

function ended(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
