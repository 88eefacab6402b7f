/** What the rules of a policy say of one entry: until when it is kept, from when on it is due, and what becomes of it then. */

import type { Entry } from "../entry/entry.ts";
import { OF_THE_SERVICE } from "../entry/prepare.ts";
import { activityOf, isAccountType } from "../export/ocsf/activity.ts";
import { readJson } from "../json/read.ts";
import { readTerm } from "../query/filter.ts";
import { type EntryFacts, readFacts } from "../query/index/searchable.ts";
import { eachTerm, type Term } from "../query/index/terms.ts";
import { addPeriod, type Period } from "./period.ts";
import { isAboutOurselves, periodOf, type RetentionRule } from "./policy.ts";

/** What is to become of an entry. */
export type RetentionVerdict = {
  /** Milliseconds since 1970; Infinity where no rule lets it go. */
  readonly dueAt: number;
  /** Position of the rule that lets it go first; -1 where there is none. */
  readonly rule: number;
  /** Whether it goes into an archive first. */
  readonly isArchived: boolean;
  /** Until when the archive is kept; 0 where nobody asks for a time. */
  readonly archiveUntil: number;
};

type Compiled = {
  readonly rule: RetentionRule;
  readonly terms: readonly Term[];
  readonly atLeast: Period;
  readonly atMost: Period | undefined;
  readonly archiveFor: Period | undefined;
  readonly isOwn: boolean;
};

export class RetentionJudge {
  readonly rules: readonly RetentionRule[];
  readonly #compiled: readonly Compiled[];

  /** @param rules each without a fault, see policy.ts */
  constructor(rules: readonly RetentionRule[]) {
    this.rules = rules;
    this.#compiled = rules.map(compile);
  }

  /** Before this time nothing is due that was recorded at another one, whatever it is; Infinity where nothing ever is. */
  earliestDueAt(recordedAt: number): number {
    const times = this.#compiled.flatMap(({ atMost }) => (atMost === undefined ? [] : [addPeriod(recordedAt, atMost)]));
    return Math.min(Number.POSITIVE_INFINITY, ...times);
  }

  judge(entry: Entry): RetentionVerdict {
    const facts = readFacts(entry);
    const { recordedAt } = entry;
    let letGoAt = Number.POSITIVE_INFINITY;
    let keptUntil = 0;
    let archiveUntil = 0;
    let rule = -1;
    let isArchived = false;
    for (const [position, each] of this.#compiled.entries()) {
      if (!isUnder(entry, facts, each)) continue;
      keptUntil = Math.max(keptUntil, addPeriod(recordedAt, each.atLeast));
      if (each.archiveFor !== undefined) archiveUntil = Math.max(archiveUntil, addPeriod(recordedAt, each.archiveFor));
      if (each.atMost === undefined) continue;
      isArchived ||= each.rule.after === "archive_and_prune";
      const at = addPeriod(recordedAt, each.atMost);
      if (at >= letGoAt) continue;
      letGoAt = at;
      rule = position;
    }
    return { dueAt: Math.max(letGoAt, keptUntil), rule, isArchived, archiveUntil };
  }
}

function compile(rule: RetentionRule): Compiled {
  const { action, source, keepAtLeast, keepAtMost, archiveFor } = rule;
  const terms: Term[] = [];
  if (action !== undefined) terms.push(readTerm("action", action));
  if (source !== undefined) terms.push(readTerm("source", source));
  return {
    rule,
    terms,
    atLeast: periodOf(keepAtLeast),
    atMost: keepAtMost === undefined ? undefined : periodOf(keepAtMost),
    archiveFor: archiveFor === undefined ? undefined : periodOf(archiveFor),
    isOwn: isAboutOurselves(rule),
  };
}

function isUnder(entry: Entry, facts: EntryFacts, { rule, terms, isOwn }: Compiled): boolean {
  if ((facts.format === OF_THE_SERVICE) !== isOwn) return false;
  if (terms.length > 0 && !hasAll(facts, terms)) return false;
  if (rule.class !== undefined && classOf(entry) !== rule.class) return false;
  return rule.ocsf === undefined || isOfClass(facts, rule.ocsf);
}

function hasAll(facts: EntryFacts, terms: readonly Term[]): boolean {
  const missing = new Set(terms);
  eachTerm(facts, (field, text) => {
    for (const term of missing) if (term.field === field && term.text === text) missing.delete(term);
  });
  return missing.size === 0;
}

const CLASS = '"class":';

/** The classification that an event says it has. */
function classOf({ members }: Entry): unknown {
  for (const member of members) {
    if ("text" in member && member.text.startsWith(CLASS)) return readJson(member.text.slice(CLASS.length));
  }
  return undefined;
}

function isOfClass({ action = "", targets }: EntryFacts, uid: number): boolean {
  const { of } = activityOf(
    action,
    undefined,
    targets.some(({ type }) => isAccountType(type)),
  );
  return of.uid === uid || of.category.uid === uid;
}
