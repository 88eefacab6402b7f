/**
 * Reads I-JSON (RFC 7493), so that every value has one meaning everywhere. What JSON forgives is found after it was
 * read, in 1 µs for 300 bytes. Writing is in json/canonical.ts.
 */

import { DEPTH_MAX } from "../json/canonical.ts";
import { countNames, duplicateName } from "../json/names.ts";
import { readJson } from "../json/read.ts";
import { isTooDeep } from "../json/shape.ts";
import { describe, EventError, pointer } from "./event-error.ts";

/**
 * Reads a text as I-JSON, RFC 7493: no name twice in an object, no number beyond ±(2^53-1), no lone surrogate; a byte
 * order mark in front is skipped. The name "__proto__" is refused too: it means something else to many programs.
 * @param limits depthMax: deepest nesting of arrays and objects, 0..1000; a scalar has depth 0
 * @throws EventError with a code that begins with "json_"
 */
export function parseJson(text: string, limits: { readonly depthMax: number }): unknown {
  if (!(limits.depthMax >= 0 && limits.depthMax <= DEPTH_MAX)) {
    throw new RangeError(`expected a depthMax in 0..${DEPTH_MAX}, got ${limits.depthMax}`);
  }
  const json = text.startsWith("\ufeff") ? text.slice(1) : text;
  if (isTooDeep(json, limits.depthMax)) throw new EventError("json_depth", "", "no deeper nesting", "a deeper one");
  let value: unknown;
  try {
    value = readJson(json);
  } catch (cause) {
    const got = cause instanceof SyntaxError ? cause.message : String(cause);
    throw new EventError("json_invalid", "", "JSON", got, { cause });
  }
  // An escape can spell a lone surrogate in a well-formed text; without any, one native check covers all strings.
  const tally = { names: 0, checkStrings: json.includes("\\u") || !json.isWellFormed() };
  const problem = findProblem(value, limits.depthMax, tally);
  if (problem !== undefined) throw new EventError(problem.code, problem.path, problem.expected, problem.got);
  // Of two members with one name the last is kept, so that there are fewer than the text spells.
  if (countNames(json) !== tally.names) {
    const { name, steps } = duplicateName(json);
    const path = steps.map((step) => pointer(step)).join("");
    throw new EventError("json_duplicate_name", path, "each name once in an object", describe(name));
  }
  return value;
}

type Tally = { names: number; readonly checkStrings: boolean };
type Problem = {
  readonly code: EventError["code"];
  readonly path: string;
  readonly expected: string;
  readonly got: string;
};

function findProblem(value: unknown, depthLeft: number, tally: Tally): Problem | undefined {
  if (typeof value === "string") {
    return tally.checkStrings && !value.isWellFormed() ? loneSurrogate() : undefined;
  }
  if (typeof value === "number") {
    return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? undefined : unsafeInteger(value);
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (depthLeft === 0) return { code: "json_depth", path: "", expected: "no deeper nesting", got: describe(value) };
  return Array.isArray(value)
    ? findInArray(value, depthLeft - 1, tally)
    : findInObject(value as Record<string, unknown>, depthLeft - 1, tally);
}

function findInArray(values: readonly unknown[], depthLeft: number, tally: Tally): Problem | undefined {
  for (let i = 0; i < values.length; i++) {
    const problem = findProblem(values[i], depthLeft, tally);
    if (problem !== undefined) return { ...problem, path: pointer(i, problem.path) };
  }
  return undefined;
}

function findInObject(object: Record<string, unknown>, depthLeft: number, tally: Tally): Problem | undefined {
  const names = Object.keys(object);
  tally.names += names.length;
  for (const name of names) {
    const problem =
      name === "__proto__"
        ? { code: "json_invalid" as const, path: "", expected: "another name than __proto__", got: "it" }
        : tally.checkStrings && !name.isWellFormed()
          ? loneSurrogate()
          : findProblem(object[name], depthLeft, tally);
    if (problem !== undefined) return { ...problem, path: pointer(name, problem.path) };
  }
  return undefined;
}

function loneSurrogate(): Problem {
  return { code: "json_lone_surrogate", path: "", expected: "a text without lone surrogates", got: "one" };
}

function unsafeInteger(value: number): Problem {
  const expected = "a number of at most 2^53-1 either way (spell a larger one as a string)";
  return { code: "json_unsafe_integer", path: "", expected, got: String(value) };
}
