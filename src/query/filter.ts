/**
 * The texts of a filter: what each field may be asked for, so that a filter which no event can match is refused. An
 * empty answer then means that there is nothing, and never that the question was mistyped.
 * Why: docs/decisions/0123.
 */

import { ACTION_RULE, IDENTIFIER_MAX, isPrintable, NAME_MAX, OUTCOMES } from "../entry/schema.ts";
import { findSign, readValue } from "../entry/spelled-value.ts";
import { ANY, type Field, PREFIXES_MAX, QUARANTINED, SEPARATORS, type Term } from "./index/terms.ts";
import { QueryError, quote } from "./query-error.ts";

/** What is wrong with a text, as what would be right; undefined when nothing is. `text` is as it was sent. */
type Rule = (value: string, text: string) => string | undefined;

const RULES: Readonly<Record<Field, Rule>> = {
  id: nameProblem,
  target: partyProblem,
  actor: partyProblem,
  onBehalfOf: partyProblem,
  tenant: nameProblem,
  key: nameProblem,
  source: nameProblem,
  action: actionProblem,
  format: nameProblem,
  resultOf: nameProblem,
  intent: (value, text) => (text === "*" ? undefined : nameProblem(value, text)),
  outcome: (value) => (OUTCOMES.some((outcome) => outcome === value) ? undefined : `one of ${OUTCOMES.join(", ")}`),
  quarantined: (value) => (value === QUARANTINED ? undefined : `${QUARANTINED}, or nothing for all events`),
};

/**
 * Reads what a field is asked for.
 * @param text with a "\" before a "," or "*" that belongs to the value
 * @throws QueryError when no event can have it
 */
export function readTerm(field: Field, text: string): Term {
  const value = readValue(text);
  const expected = value === "" ? "a text that is not empty" : (listProblem(text) ?? RULES[field](value, text));
  if (expected !== undefined) throw new QueryError("query_invalid", field, expected, quote(text));
  return { field, text: field === "intent" && text === "*" ? ANY : value };
}

function listProblem(text: string): string | undefined {
  if (!/(?<!\\),/.test(text)) return undefined;
  return "one value, since there are no lists here (a comma that belongs to the value is written \\,)";
}

function nameProblem(value: string, text: string): string | undefined {
  if (findSign(text) >= 0)
    return "a whole value (no * stands for anything here; one that belongs to it is written \\*)";
  return value.length > NAME_MAX ? `at most ${NAME_MAX} characters` : undefined;
}

function partyProblem(value: string, text: string): string | undefined {
  const sign = findSign(text);
  if (sign >= 0 && !(sign === text.length - 1 && text.length > 2 && text.endsWith(":*"))) {
    return "an id, type:id, or type:* for all of a type (a * that belongs to an id is written \\*)";
  }
  if (sign >= 0) return value.length - 2 > NAME_MAX ? `a type of at most ${NAME_MAX} characters` : undefined;
  if (value.length <= IDENTIFIER_MAX) return undefined;
  // Longer than any id: a type has to stand in front.
  const colon = value.indexOf(":", value.length - IDENTIFIER_MAX - 1);
  const fits = colon >= 1 && colon <= NAME_MAX && colon < value.length - 1;
  return fits ? undefined : `an id of at most ${IDENTIFIER_MAX} characters, or type:id`;
}

function actionProblem(value: string, text: string): string | undefined {
  const sign = findSign(text);
  if (sign < 0)
    return value.length > NAME_MAX || !isPrintable(value) ? `${ACTION_RULE}, of at most ${NAME_MAX}` : undefined;
  if (sign !== text.length - 1 || text.length < 2 || !SEPARATORS.includes(text.at(-2) as string)) {
    return "* only at the end, after one of . : / as in k8s.* (a * that belongs to the action is written \\*)";
  }
  const before = value.slice(0, -1);
  if (before.length > NAME_MAX || !isPrintable(before)) return `${ACTION_RULE}, of at most ${NAME_MAX}`;
  const levels = [...before].filter((letter) => SEPARATORS.includes(letter)).length;
  return levels > PREFIXES_MAX ? `at most ${PREFIXES_MAX} of . : / before *` : undefined;
}
