/**
 * What is wrong with a setting, as a sentence: its name, what was expected and what came. What may be secret is described and
 * not repeated: keys, where they are, and URLs of nodes, which often hold one.
 */

import { z } from "zod";

/** A setting that is missing, unknown or has the wrong form. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "config_invalid";
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Settings in which no text is repeated, but for addresses. */
const SECRETIVE: ReadonlySet<PropertyKey> = new Set([
  "rpc",
  "remote",
  "signer",
  "owner",
  "payer",
  "encryption",
  "channels",
]);
/** A longer text is not repeated: a private key in the wrong place has 64 digits. */
const SHOWN_MAX = 60;
const NAMES_SHOWN_MAX = 8;
/** What outweighs any number of members when the forms of a setting are compared. */
const OTHER_KIND = 1000;

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** An object with these settings and no others. */
export function settings<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const known = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: ({ code }) => (code === "unrecognized_keys" ? `expected only ${known}` : undefined),
  });
}

/** All that is wrong. @param input what was read */
export function describeSettings(issues: readonly Issue[], input: unknown): string {
  return issues.flatMap((issue) => describeIssue(issue, [], input)).join("; ");
}

function describeIssue(issue: Issue, above: Path, input: unknown): string[] {
  const path = [...above, ...issue.path];
  const value = valueAt(input, path);
  if (issue.code === "invalid_union") {
    const meant = nearestForm(issue.errors, value);
    if (meant !== undefined) return meant.flatMap((inner) => describeIssue(inner, path, input));
  }
  if (issue.code === "unrecognized_keys") {
    const got = issue.keys.map((key) => shorten(String(key))).join(", ");
    return [`${nameOf(path)}: ${issue.message}, got ${got}`];
  }
  if (issue.code === "invalid_key") {
    const expected = issue.issues.map((inner) => expectationOf(inner)).join(" and ");
    return [`${nameOf(path.slice(0, -1))}: ${expected} as a name, got ${shorten(String(path.at(-1)))}`];
  }
  return [`${nameOf(path)}: ${expectationOf(issue)}, got ${describeValue(value, path)}`];
}

/** The form of a setting that was meant: the one whose members are there. undefined when none is nearer than the others. */
function nearestForm(forms: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | undefined {
  const distances = forms.map((issues) => issues.reduce((sum, issue) => sum + distanceOf(issue, value), 0));
  const least = Math.min(...distances);
  if (least >= OTHER_KIND || distances.filter((distance) => distance === least).length > 1) return undefined;
  return forms[distances.indexOf(least)];
}

function distanceOf(issue: Issue, value: unknown): number {
  if (issue.code === "unrecognized_keys") return issue.keys.length;
  if (issue.path.length === 0) return OTHER_KIND;
  return valueAt(value, issue.path) === undefined ? 1 : 0;
}

function expectationOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${KINDS[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${listed(issue.values.map((value) => JSON.stringify(value)))}`;
    case "too_small":
      if (issue.origin === "string") return "expected a text that is not empty";
      if (issue.origin === "array") return `expected a list of at least ${issue.minimum}`;
      return `expected a number ${issue.inclusive === true ? "of at least" : "above"} ${issue.minimum}`;
    case "too_big":
      return `expected a number of at most ${issue.maximum}`;
    case "invalid_format":
      return issue.format === "url" ? "expected a URL such as http://127.0.0.1:8545" : issue.message;
    default:
      return issue.message;
  }
}

function describeValue(value: unknown, path: Path): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") return isShown(value, path) ? JSON.stringify(value) : describeText(value);
  if (typeof value !== "object" || value === null) return String(value);
  const names = Object.keys(value);
  if (names.length === 0) return "an empty object";
  return `an object with ${names.slice(0, NAMES_SHOWN_MAX).map(shorten).join(", ")}`;
}

function isShown(text: string, path: Path): boolean {
  if (text.length > SHOWN_MAX || text.includes("://") || text.includes("@")) return false;
  return path.at(-1) === "address" || !path.some((name) => SECRETIVE.has(name));
}

function describeText(text: string): string {
  return `a text of ${text.length} characters, which may be secret`;
}

function shorten(name: string): string {
  return name.length > SHOWN_MAX ? describeText(name) : JSON.stringify(name);
}

/** As it is written in docs/configuration.md, with the places of lists. */
function nameOf(path: Path): string {
  if (path.length === 0) return "the file";
  const parts = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${shorten(String(part)).slice(1, -1)}`));
  return `"${parts.join("").slice(1)}"`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

function valueAt(input: unknown, path: Path): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  return value;
}
