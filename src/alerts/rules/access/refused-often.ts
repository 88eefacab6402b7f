/** Somebody whose requests are refused again and again: guessed keys, a program that looks for what is there, or a sender that loses what it has. */

import { groupBy } from "../../../group-by.ts";
import type { Facts, RefusedSeen } from "../../facts.ts";
import type { Rule, RuleJudgement, Trouble, TurnedOff } from "../../rule.ts";
import { ACCESSES_OFF } from "./accesses-off.ts";

/** In an hour, of one key or address; and of one code, wherever they come from. */
const AT_LEAST = 100;
const AT_LEAST_OF_CODE = 1000;
const CODES_TOLD = 5;
/** Addresses that are told of one by one: whoever has a network of IPv6 has as many as he likes, and would fire an alert with each. */
const STRANGERS_MAX = 20;

export class RefusedOften implements Rule {
  readonly name = "refusals";
  readonly title = "many requests are refused";
  readonly severity = "warning";

  judge({ accesses }: Facts, isFiring: (subject: string) => boolean): RuleJudgement | TurnedOff {
    if (accesses === undefined) return "unknown";
    if (accesses === "off") return ACCESSES_OFF;
    const { refused } = accesses;
    const often = [...groupBy(refused, ({ who }) => who)].filter(([, of]) => countOf(of) >= AT_LEAST);
    // Those that are told of already stay, or each look would tell of others; of the rest who is denied most comes first.
    const strangers = often
      .filter(([, of]) => isStranger(of))
      .sort(
        ([a, ofA], [b, ofB]) =>
          Number(isFiring(b)) - Number(isFiring(a)) || deniedOf(ofB) - deniedOf(ofA) || countOf(ofB) - countOf(ofA),
      );
    const busy = [...often.filter(([, of]) => !isStranger(of)), ...strangers.slice(0, STRANGERS_MAX)];
    const told = new Set(busy.flatMap(([, of]) => of));
    const others = refused.filter((each) => !told.has(each));
    const scattered = [...groupBy(others, ({ code }) => code)].filter(([, of]) => countOf(of) >= AT_LEAST_OF_CODE);
    return [
      ...busy.map(([who, of]) => ofSomebody(who, of)),
      ...scattered.map(([code, of]) => ({
        subject: `code ${code}`,
        detail: `${countOf(of)} requests were refused with ${code} in the last hour, to ${of.length} keys and addresses at least`,
      })),
    ];
  }
}

function isStranger(of: readonly RefusedSeen[]): boolean {
  return of.every(({ isKnown }) => !isKnown);
}

/** Whoever shows no key and asks for what is not there is a notice: on an open port somebody always does. */
function ofSomebody(who: string, of: readonly RefusedSeen[]): Trouble {
  const most = of.toSorted((a, b) => b.count - a.count).slice(0, CODES_TOLD);
  const codes = most.map(({ code, count }) => `${code} ${count} times`).join(", ");
  const isHarmless = of.every(({ isKnown, isDenied }) => !isKnown && !isDenied);
  const detail = `${countOf(of)} requests of ${who} were refused in the last hour: ${codes}`;
  return isHarmless ? { subject: who, detail, severity: "notice" } : { subject: who, detail };
}

function deniedOf(of: readonly RefusedSeen[]): number {
  return countOf(of.filter(({ isDenied }) => isDenied));
}

function countOf(of: readonly RefusedSeen[]): number {
  return of.reduce((sum, { count }) => sum + count, 0);
}
