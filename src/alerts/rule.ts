/** What is worth an alert: the port of rules, one file each in `rules/`. */

import type { Facts } from "./facts.ts";

/** `critical`: evidence is lost or contradicted, or will be; `warning`: somebody has to look today; `notice`: somebody should know. */
export const SEVERITIES = ["critical", "warning", "notice"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Something that is wrong now. */
export type Trouble = {
  /** What it is about: a source, a ledger, a key. With the name of its rule it is the same trouble as long as it lasts. */
  readonly subject: string;
  /** For a person: what is, and what should be. Nothing of what events say. */
  readonly detail: string;
  /** Where it is another one than the rule's. */
  readonly severity?: Severity;
};

/** What is wrong, or that it could not be found out: then everything that was wrong still is, and nothing else. */
export type RuleJudgement = readonly Trouble[] | "unknown";

/** That nobody looks, since somebody turned off what a rule looks at, and why, in words: everything that was wrong still is then, too. */
export type TurnedOff = { readonly off: string };

export type RuleInfo = {
  /** In snake case; its page is docs/alerts.md#name. */
  readonly name: string;
  /** In a few words, such as "a source is silent". */
  readonly title: string;
  readonly severity: Severity;
};

export interface Rule extends RuleInfo {
  /** @param isFiring whether somebody is told of a subject now: what is wrong is not learned as usual */
  judge(facts: Facts, isFiring: (subject: string) => boolean): Promise<RuleJudgement> | RuleJudgement | TurnedOff;
  /** What was learned since it was last asked, by subject, as text; for rules that learn. */
  learned?(): readonly (readonly [subject: string, text: string | undefined])[];
  /** Gets what was learned before; what cannot be read is forgotten. */
  recall?(subject: string, text: string): void;
}
