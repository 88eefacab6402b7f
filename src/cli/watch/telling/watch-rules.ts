/** What of a watcher's round is worth an alert: the same rules by which a service judges what watchers say, from inside of one. */

import type { RuleInfo, Trouble } from "../../../alerts/rule.ts";
import { spellSpan } from "../../../clock.ts";
import { CHECKS, type Checks, type Patience } from "../../../watch/checks.ts";
import { isOfHistory } from "../../../watch/word.ts";

export const CONTRADICTS: RuleInfo = {
  name: "watcher_contradicts",
  title: "a watcher found something wrong",
  severity: "critical",
};
export const BLIND: RuleInfo = { name: "watcher_blind", title: "a watcher cannot tell", severity: "warning" };
export const UNHEARD: RuleInfo = { name: "watcher_silent", title: "a watcher is not heard", severity: "warning" };

/** What was found: since when each thing that was not told in time holds is kept by whoever asks. */
export type Since = (what: string) => number;

/** Checks that are bad; one that was, and cannot be made now, goes on. */
export function contradictions(checks: Checks, place: string, isFiring: (subject: string) => boolean): Trouble[] {
  return CHECKS.flatMap((name): Trouble[] => {
    const { mark, detail } = checks[name];
    const subject = `${place}/${name}`;
    const severity = isOfHistory(name) ? "critical" : "warning";
    if (mark === -1) return [{ subject, detail, severity }];
    if (mark === 1 || !isFiring(subject)) return [];
    return [{ subject, detail: `it cannot be told any more: ${detail}`, severity }];
  });
}

/** One for all checks that could not be made for as long as an anchor may take. */
export function blindness(checks: Checks, place: string, now: number, since: Since, { lagMs }: Patience): Trouble[] {
  const late = CHECKS.filter((name) => checks[name].mark === 0 && now - since(`unknown ${name}`) >= lagMs);
  if (late.length === 0) return [];
  const what = late.map((name) => `${name}: ${checks[name].detail}`).join("; ");
  return [{ subject: place, detail: `for ${spellSpan(lagMs)} and more it could not be told: ${what}` }];
}

/** Services that do not take the watcher's word for as long as they may be silent. @param untaken why, by service */
export function refusals(
  untaken: ReadonlyMap<string, string>,
  place: string,
  now: number,
  since: Since,
  { silentMs }: Patience,
): Trouble[] {
  return [...untaken].flatMap(([service, reason]): Trouble[] => {
    if (now - since(`untaken ${service}`) < silentMs) return [];
    const detail = `${service} has not taken what this watcher says for ${spellSpan(silentMs)} and more: ${reason}`;
    return [{ subject: `${place}/word/${service}`, detail }];
  });
}
