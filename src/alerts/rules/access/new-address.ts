/** A key that is used from an address from which it never was. */

import { isRecent } from "../../../clock.ts";
import { groupBy } from "../../../group-by.ts";
import type { Facts, NewAddressSeen } from "../../facts.ts";
import { DAY_MS } from "../../learned/week.ts";
import type { Rule, RuleJudgement, Trouble, TurnedOff } from "../../rule.ts";
import { spellMoment } from "../../spell.ts";
import { ACCESSES_OFF } from "./accesses-off.ts";

/** Addresses of one key that are told one by one; the others are one thing more. */
const EACH_MAX = 4;

export class NewAddress implements Rule {
  readonly name = "new_address";
  readonly title = "a key is used from a new address";
  readonly severity = "notice";

  /** It is told for a day: nothing ends it. */
  judge({ now, accesses }: Facts, isFiring: (subject: string) => boolean): RuleJudgement | TurnedOff {
    if (accesses === undefined) return "unknown";
    if (accesses === "off") return ACCESSES_OFF;
    const recent = accesses.newAddresses.filter(({ at }) => isRecent(at, now, DAY_MS));
    return [...groupBy(recent, ({ key }) => key).values()].flatMap((ofKey) => troublesOf(ofKey, isFiring));
  }
}

/** Those that are told of already stay. */
function troublesOf(ofKey: readonly NewAddressSeen[], isFiring: (subject: string) => boolean): Trouble[] {
  const sorted = ofKey.toSorted(
    (a, b) => Number(isFiring(subjectOf(b))) - Number(isFiring(subjectOf(a))) || a.at - b.at,
  );
  const others = sorted.slice(EACH_MAX);
  const told = sorted.slice(0, EACH_MAX).map((each): Trouble => {
    const { key, source, network, at } = each;
    const detail = `the key ${key} of ${source} was used from ${network} for the first time at ${spellMoment(at)}`;
    return { subject: subjectOf(each), detail };
  });
  const [first] = others;
  if (first === undefined) return told;
  const { key, source } = first;
  const detail = `the key ${key} of ${source} was used from ${sorted.length} addresses or more for the first time within a day`;
  return [...told, { subject: `${key} from many addresses`, detail, severity: "warning" }];
}

function subjectOf({ key, network }: NewAddressSeen): string {
  return `${key} from ${network}`;
}
