/** What alerts say: those that fire, looked after or not, and what their rules could not find out about. */

import { type Alert, isSilenced } from "../../../../alerts/alert.ts";
import type { Alerts, RuleStatus } from "../../../../alerts/alerts.ts";
import { spellMoment } from "../../../../alerts/spell.ts";
import { isRecent } from "../../../../clock.ts";
import type { StandingLook, StandingReason, UnseenPart } from "./standing.ts";

/** So long ago rules may have judged, and no fewer looks than these. */
const JUDGED_MS = 300_000;
const LOOKS = 3;

type WatchedAlerts = Pick<Alerts, "rules" | "intervalMs"> & { readonly book: Pick<Alerts["book"], "firing"> };

/** @param href of the page about alerts */
export function lookAtAlerts(alerts: WatchedAlerts | undefined, href: string): StandingLook {
  const what = "what alerts look for";
  return {
    what,
    look: (now) => {
      if (alerts === undefined) {
        const why = 'nothing is looked for: the setting "alerts" is "off"';
        return { reasons: [], unseen: [{ what, why, href: "docs/alerts.md" }] };
      }
      const reasons = alerts.book.firing().map((each) => reasonOf(each, now, href));
      const freshMs = Math.max(JUDGED_MS, LOOKS * alerts.intervalMs);
      return { reasons, unseen: unseenOf(alerts.rules(), now, { what, href, freshMs }) };
    },
  };
}

function reasonOf(alert: Alert, now: number, href: string): StandingReason {
  const { rule, subject, title, detail, severity } = alert;
  return {
    code: rule === "condition" ? subject : rule,
    severity,
    text: `${title}: ${detail}${handOf(alert, now)}`,
    href,
  };
}

/** Somebody looks after it, or wants to hear no more of it: it is wrong all the same. */
function handOf(alert: Alert, now: number): string {
  const { acknowledged, silenced } = alert;
  if (silenced !== undefined && isSilenced(alert, now))
    return ` (silenced by ${silenced.source} until ${spellMoment(silenced.until)})`;
  return acknowledged === undefined ? "" : ` (${acknowledged.source} looks after it)`;
}

type Told = { readonly what: string; readonly href: string; readonly freshMs: number };

function unseenOf(rules: readonly RuleStatus[], now: number, { what, href, freshMs }: Told): UnseenPart[] {
  const unseen = rules.flatMap((rule): UnseenPart[] => {
    const why = whyUnseen(rule);
    return why === undefined ? [] : [{ what: `whether ${rule.title}`, why, href }];
  });
  const others = rules.filter((rule) => whyUnseen(rule) === undefined);
  const stale = others.filter(({ judgedAt }) => judgedAt === undefined || !isRecent(judgedAt, now, freshMs));
  const times = stale.flatMap(({ judgedAt }) => (judgedAt === undefined ? [] : [judgedAt]));
  if (stale.length > 0) unseen.push({ what, why: sinceWhen(times), href });
  return unseen;
}

/** What is turned off is said for as long as it is: that nobody wants to know is no reason to call it good. */
function whyUnseen({ unknownSince, off }: RuleStatus): string | undefined {
  if (off !== undefined) return `it is turned off: ${off}`;
  return unknownSince === undefined ? undefined : `since ${spellMoment(unknownSince)} nobody could find out`;
}

function sinceWhen(times: readonly number[]): string {
  if (times.length === 0) return "the first look after the start is not done yet; it takes a minute at most";
  return `it was last looked for at ${spellMoment(Math.min(...times))}`;
}
