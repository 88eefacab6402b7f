/**
 * What a ledger keeps for how long: rules of which every one counts that an event falls under. The longest "at least" holds
 * against every "at most", so that a rule which is added never takes away what another one demands.
 * Why: docs/decisions/0200.
 */

import { readTerm } from "../query/filter.ts";
import { isAtLeast, type Period, readPeriod } from "./period.ts";

/** What becomes of a body that is kept no longer: put into an archive first, or only pruned. */
export const AFTER = ["archive_and_prune", "prune"] as const;

/** Classes and categories of OCSF that an event can be of, by their uid (export/ocsf/activity.ts). */
export const OCSF_UIDS = [3, 6, 3001, 3002, 6003] as const;

export type RetentionRule = {
  /** What it is called in previews and events. */
  readonly name: string;
  /** Exact, or all that begin so: payment.*; every action when absent. */
  readonly action?: string | undefined;
  /** The data classification that the event says it has. */
  readonly class?: string | undefined;
  /** Its class or category of OCSF. */
  readonly ocsf?: number | undefined;
  /** What the event says that it is about, or what the API key stands for that it came through. */
  readonly source?: string | undefined;
  /** Periods as period.ts has them, from when the event was recorded. */
  readonly keepAtLeast?: string | undefined;
  readonly keepAtMost?: string | undefined;
  /** With `keepAtMost`. */
  readonly after?: (typeof AFTER)[number] | undefined;
  /** How long the archive is kept, from when the event was recorded. */
  readonly archiveFor?: string | undefined;
};

export const RETENTION_RULES_MAX = 64;

/** What the service recorded itself is under a rule that names it, and under no other. */
const OWN_PREFIX = "holdfast.";

const NONE: Period = { months: 0, ms: 0 };

/** What is wrong with a rule, as where and what would be right; undefined when nothing is. */
export function ruleFault(rule: RetentionRule): { readonly member: string; readonly expected: string } | undefined {
  const { keepAtLeast, keepAtMost, after, archiveFor } = rule;
  for (const field of ["action", "source"] as const) {
    const text = rule[field];
    const expected = text === undefined ? undefined : termFault(field, text);
    if (expected !== undefined) return { member: field, expected };
  }
  if (keepAtLeast === undefined && keepAtMost === undefined)
    return { member: "keepAtLeast", expected: "keepAtLeast, keepAtMost or both" };
  if ((keepAtMost === undefined) !== (after === undefined))
    return { member: "after", expected: "keepAtMost and after together, or neither" };
  if (keepAtMost !== undefined && !isAtLeast(periodOf(keepAtMost), periodOf(keepAtLeast)))
    return {
      member: "keepAtMost",
      expected: `a period that is surely not shorter than ${keepAtLeast}, its keepAtLeast`,
    };
  if (archiveFor === undefined) return undefined;
  if (after !== "archive_and_prune")
    return { member: "archiveFor", expected: "archiveFor with archive_and_prune alone" };
  if (isAtLeast(periodOf(archiveFor), periodOf(keepAtMost))) return undefined;
  return { member: "archiveFor", expected: `a period that is surely not shorter than ${keepAtMost}, its keepAtMost` };
}

function termFault(field: "action" | "source", text: string): string | undefined {
  try {
    readTerm(field, text);
    return undefined;
  } catch (error) {
    return (error as { readonly expected?: string }).expected ?? "another text";
  }
}

/** The period of a rule that was checked; none has no length. */
export function periodOf(text: string | undefined): Period {
  return (text === undefined ? undefined : readPeriod(text)) ?? NONE;
}

/** Whether a rule is about events that the service recorded itself. */
export function isAboutOurselves({ action }: RetentionRule): boolean {
  return action?.startsWith(OWN_PREFIX) === true;
}

/**
 * Whether something may go earlier under other rules than under these, or into no archive, or out of it earlier. Where that
 * cannot be told from the rules alone, it may.
 */
export function isShortened(before: readonly RetentionRule[], after: readonly RetentionRule[]): boolean {
  const isKept = before.every((old) => !demands(old) || after.some((rule) => keepsAllOf(rule, old)));
  const wasDue = after.every((rule) => rule.keepAtMost === undefined || before.some((old) => letsGoAllOf(old, rule)));
  return !isKept || !wasDue;
}

function demands({ keepAtLeast, archiveFor }: RetentionRule): boolean {
  return keepAtLeast !== undefined || archiveFor !== undefined;
}

/** Whether a rule keeps everything at least as long that another one keeps. */
function keepsAllOf(rule: RetentionRule, old: RetentionRule): boolean {
  if (!covers(rule, old)) return false;
  if (!isAtLeast(periodOf(rule.keepAtLeast), periodOf(old.keepAtLeast))) return false;
  return old.archiveFor === undefined || isAtLeast(periodOf(rule.archiveFor), periodOf(old.archiveFor));
}

/** Whether everything was let go as early already that a rule lets go, and into no archive where it goes into none now. */
function letsGoAllOf(old: RetentionRule, rule: RetentionRule): boolean {
  if (old.keepAtMost === undefined || !covers(old, rule)) return false;
  if (!isAtLeast(periodOf(rule.keepAtMost), periodOf(old.keepAtMost))) return false;
  return old.after === "prune" || rule.after === "archive_and_prune";
}

/** Whether every event under one rule is surely under another. */
function covers(wide: RetentionRule, narrow: RetentionRule): boolean {
  if (isAboutOurselves(narrow) && !isAboutOurselves(wide)) return false;
  if (wide.action !== undefined && !coversAction(wide.action, narrow.action)) return false;
  if (wide.class !== undefined && wide.class !== narrow.class) return false;
  if (wide.source !== undefined && wide.source !== narrow.source) return false;
  return wide.ocsf === undefined || wide.ocsf === narrow.ocsf || wide.ocsf === Math.trunc((narrow.ocsf ?? 0) / 1000);
}

function coversAction(wide: string, narrow: string | undefined): boolean {
  if (narrow === undefined) return false;
  if (wide === narrow) return true;
  const term = readTerm("action", wide).text;
  const isPrefix = wide.endsWith("*") && !wide.endsWith("\\*");
  return isPrefix && readTerm("action", narrow).text.startsWith(term.slice(0, -1));
}
