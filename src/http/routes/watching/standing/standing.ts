/**
 * How everything stands, in one word for people who look for five seconds: made of what each look found, and of what nobody could
 * look at. It is never good about what was not looked at.
 * Why: docs/decisions/0232.
 */

import { SEVERITIES, type Severity } from "../../../../alerts/rule.ts";
import { inTime } from "../../../../clock.ts";

/**
 * `good`: all of it was looked at, and nothing is wrong. `attention`: somebody has to look. `critical`: evidence is lost or contradicted,
 * or will be, or the service cannot do its work. `unknown`: nothing is known to be wrong, and not all was looked at.
 */
export const STANDINGS = ["good", "attention", "critical", "unknown"] as const;
type StandingState = (typeof STANDINGS)[number];

/** Something that keeps it from being good. */
export type StandingReason = {
  /** That of a rule of alerts, or of a condition of the service. */
  readonly code: string;
  readonly severity: Severity;
  /** For a person. */
  readonly text: string;
  /** Where to go about it: a page of this service, from its root on. */
  readonly href: string;
  /** Name of the ledger that it is about; absent when it is about the service. */
  readonly ledger?: string;
};

/** What should have been looked at, and was not. */
export type UnseenPart = Pick<StandingReason, "href" | "ledger"> & { readonly what: string; readonly why: string };

export type LookResult = { readonly reasons: readonly StandingReason[]; readonly unseen: readonly UnseenPart[] };

/** The port of looks: one for each part of a service, in files beside this one. */
export type StandingLook = {
  /** What is not known when it fails. */
  readonly what: string;
  readonly look: (now: number) => Promise<LookResult> | LookResult;
};

export type ServiceStanding = {
  readonly state: StandingState;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The worst first, at most {@link SAID_MAX}. */
  readonly reasons: readonly StandingReason[];
  readonly notLookedAt: readonly UnseenPart[];
  /** Reasons and parts that there was no room for. */
  readonly more: number;
};

export const NOTHING_WRONG: LookResult = { reasons: [], unseen: [] };
/** One thousand alerts may fire: whoever looks at a line reads the first ones. */
const SAID_MAX = 50;
/** What takes longer is not known. */
const LOOK_MS = 5000;

/** @param onFailure is told of a look that failed */
export async function takeStanding(
  looks: readonly StandingLook[],
  now: number,
  onFailure: (error: unknown, what: string) => void,
): Promise<ServiceStanding> {
  const results = await Promise.all(looks.map((each) => resultOf(each, now, onFailure)));
  return judgeStanding(results, now);
}

async function resultOf(
  { what, look }: StandingLook,
  now: number,
  onFailure: (error: unknown, what: string) => void,
): Promise<LookResult> {
  try {
    const late = () => new Error(`expected an answer within ${LOOK_MS} ms, got none`);
    return await inTime(LOOK_MS, Promise.resolve(look(now)), late);
  } catch (error) {
    onFailure(error, what);
    const why = "it could not be looked at; the log of the service says why";
    return { reasons: [], unseen: [{ what, why, href: "docs/operations.md" }] };
  }
}

/** @param results in the order in which they are believed: what one said is not said again by those behind it */
function judgeStanding(results: readonly LookResult[], at: number): ServiceStanding {
  const reasons = saidOnce(results).sort((a, b) => badness(a) - badness(b));
  const unseen = results.flatMap((each) => each.unseen);
  const more = Math.max(0, reasons.length - SAID_MAX) + Math.max(0, unseen.length - SAID_MAX);
  return {
    state: stateOf(reasons, results.length === 0 || unseen.length > 0),
    at,
    reasons: reasons.slice(0, SAID_MAX),
    notLookedAt: unseen.slice(0, SAID_MAX),
    more,
  };
}

function stateOf([worst]: readonly StandingReason[], isUnseen: boolean): StandingState {
  if (worst !== undefined) return worst.severity === "critical" ? "critical" : "attention";
  return isUnseen ? "unknown" : "good";
}

/** A condition is an alert a minute later: one thing is said once, unless it is said to be worse. */
function saidOnce(results: readonly LookResult[]): StandingReason[] {
  const worstBefore = new Map<string, number>();
  const said: StandingReason[] = [];
  for (const { reasons } of results) {
    const isNew = (each: StandingReason) => badness(each) < (worstBefore.get(each.code) ?? SEVERITIES.length);
    const fresh = reasons.filter(isNew);
    said.push(...fresh);
    for (const each of fresh)
      worstBefore.set(each.code, Math.min(badness(each), worstBefore.get(each.code) ?? SEVERITIES.length));
  }
  return said;
}

/** 0 is the worst. */
function badness({ severity }: StandingReason): number {
  return SEVERITIES.indexOf(severity);
}
