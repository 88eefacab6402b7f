/**
 * The JSON of bundles: the strict part of what json/reader.ts reads. Duplicate names and a second spelling of a number,
 * which JSON.parse lets pass unseen, are refused.
 * Why: docs/decisions/0062.
 */

import { type JsonProblem, readByRule } from "../../json/reader.ts";
import { BundleError } from "./bundle.ts";

/** What the text of a bundle can hold; objects have no prototype. */
export type JsonValue = string | number | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export type JsonLimits = { readonly charactersMax: number; readonly depthMax: number; readonly valuesMax: number };

const CODES = {
  syntax: "bundle_not_json",
  depth: "bundle_too_deep",
  count: "bundle_too_large",
  duplicate_name: "bundle_duplicate_name",
  value: "bundle_value",
} as const;
const SHOWN_MAX = 24;

/**
 * Reads one JSON value.
 * @throws BundleError when the text is longer, deeper or otherwise than allowed
 */
export function readBundleJson(text: string, { charactersMax, depthMax, valuesMax }: JsonLimits): JsonValue {
  if (text.length > charactersMax) {
    throw new BundleError("bundle_too_large", "", `at most ${charactersMax} characters`, `${text.length}`);
  }
  return readByRule(text, { isStrict: true, depthMax, valuesMax, refuse }) as JsonValue;
}

function refuse({ kind, path, expected, got }: JsonProblem): BundleError {
  return new BundleError(CODES[kind], spellPath(path), expected, got);
}

/** Spells where a value is: `["entry", "members", 2]` as `entry.members[2]`. */
function spellPath(path: readonly (string | number)[]): string {
  let spelled = "";
  for (const step of path) {
    if (typeof step === "number") spelled += `[${step}]`;
    else spelled += spelled === "" ? shorten(step) : `.${shorten(step)}`;
  }
  return spelled;
}

function shorten(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
