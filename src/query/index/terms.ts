/**
 * Terms: the words under which an entry is found, each in a field. A filter is a term too, spelled the same, so that
 * one equality decides: `action=k8s.*` finds the entries that have the term "k8s.*".
 */

import type { Entry } from "../../entry/entry.ts";
import { type EntryFacts, type Party, readFacts } from "./searchable.ts";

/**
 * Fields of a filter, those that usually leave the fewest entries first. Their places are part of the index format:
 * who changes them gives it another number.
 */
export const FIELDS = [
  "id",
  "target",
  "actor",
  "onBehalfOf",
  "tenant",
  "key",
  "source",
  "action",
  "format",
  "outcome",
  "quarantined",
  "resultOf",
  "intent",
] as const;
export type Field = (typeof FIELDS)[number];
export type Term = { readonly field: Field; readonly text: string };

/** The one thing that can be asked of it: entries that are not quarantined have no term for that. */
export const QUARANTINED = "true";
/** What those have that were pruned: they are found under nothing, and passed over. No filter can ask for it. */
export const PRUNED: Term = { field: "format", text: "\u0000pruned" };
/** What every entry has in a field of which it has a value at all; no value is empty. */
export const ANY = "";

/** What stands behind the last letter of a prefix that can be searched; beyond this many, an action has no more. */
export const SEPARATORS = ".:/";
export const PREFIXES_MAX = 8;

/** Calls back for every term of an entry; one may come twice. */
export function eachTerm(facts: EntryFacts, visit: (field: Field, text: string) => void): void {
  if (facts.action !== undefined) visitAction(facts.action, visit);
  if (facts.actor !== undefined) visitParty("actor", facts.actor, visit);
  if (facts.onBehalfOf !== undefined) visitParty("onBehalfOf", facts.onBehalfOf, visit);
  for (const target of facts.targets) visitParty("target", target, visit);
  visit("outcome", facts.outcome);
  if (facts.source !== undefined) visit("source", facts.source);
  if (facts.sender !== undefined && facts.sender !== facts.source) visit("source", facts.sender);
  if (facts.key !== undefined) visit("key", facts.key);
  if (facts.format !== undefined) visit("format", facts.format);
  if (facts.quarantined) visit("quarantined", QUARANTINED);
  if (facts.tenant !== undefined) visit("tenant", facts.tenant);
  if (facts.id !== undefined) visit("id", facts.id);
  if (facts.resultOf !== undefined) visit("resultOf", facts.resultOf);
  if (facts.intent !== undefined) {
    visit("intent", facts.intent);
    visit("intent", ANY);
  }
}

/** Whether an entry has all of the terms. */
export function hasTerms(entry: Entry, terms: readonly Term[]): boolean {
  if (terms.length === 0) return true;
  const missing = new Set(terms);
  eachTerm(readFacts(entry), (field, text) => {
    for (const term of missing) if (term.field === field && term.text === text) missing.delete(term);
  });
  return missing.size === 0;
}

function visitAction(action: string, visit: (field: Field, text: string) => void): void {
  visit("action", action);
  let prefixes = 0;
  for (let i = 0; i < action.length && prefixes < PREFIXES_MAX; i++) {
    if (!SEPARATORS.includes(action[i] as string)) continue;
    visit("action", `${action.slice(0, i + 1)}*`);
    prefixes++;
  }
}

function visitParty(field: Field, { type, id }: Party, visit: (field: Field, text: string) => void): void {
  if (id !== undefined) visit(field, id);
  if (type === undefined) return;
  visit(field, `${type}:*`);
  if (id !== undefined) visit(field, `${type}:${id}`);
}
