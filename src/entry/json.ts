/**
 * JSON in and out. In: I-JSON (RFC 7493), so that every value has one meaning everywhere. Out: the canonical text of
 * RFC 8785 (JCS). The parser is the engine's own; what it forgives is found afterwards, in 1 µs for 300 bytes.
 */

import { describe, EventError, pointer } from "./error.ts";
import { countNames, duplicateName } from "./names.ts";
import { isTooDeep } from "./shape.ts";

/** Deepest nesting that any text or value may have; a limit of a caller is below it. */
export const DEPTH_MAX = 1000;

const SORT_BY_HAND_MAX = 24;
/** Not a unit that stands for itself in a JSON string; surrogates are among them, as a lone one is refused. */
const SPECIAL = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;

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
    value = JSON.parse(json);
  } catch (cause) {
    const got = cause instanceof SyntaxError ? cause.message : String(cause);
    throw new EventError("json_invalid", "", "JSON", got, { cause });
  }
  // An escape can spell a lone surrogate in a well-formed text; without any, one native check covers all strings.
  const tally = { names: 0, checkStrings: json.includes("\\u") || !json.isWellFormed() };
  const problem = findProblem(value, limits.depthMax, tally);
  if (problem !== undefined) throw new EventError(problem.code, problem.path, problem.expected, problem.got);
  // Of two members with one name the engine's parser keeps one, so that there are fewer than the text spells.
  if (countNames(json) !== tally.names) {
    const found = duplicateName(json);
    throw new EventError("json_duplicate_name", found.path, "each name once in an object", describe(found.name));
  }
  return value;
}

/**
 * The canonical text of a JSON value, RFC 8785.
 * @throws TypeError when something in it is no I-JSON: undefined, NaN, a lone surrogate, a Date, nesting beyond 1000
 */
export function canonicalJson(value: unknown): string {
  return write(value, DEPTH_MAX);
}

/** The names of an object in JCS order: by UTF-16 code units, RFC 8785 §3.2.3. */
export function sortNames(names: string[]): string[] {
  if (names.length > SORT_BY_HAND_MAX) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i] as string;
    let at = i;
    for (; at > 0 && (names[at - 1] as string) > name; at--) names[at] = names[at - 1] as string;
    names[at] = name;
  }
  return names;
}

function write(value: unknown, depthLeft: number): string {
  switch (typeof value) {
    case "string":
      return writeString(value);
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`expected a finite number, got ${value}`);
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      if (value === null) return "null";
      if (depthLeft === 0) throw new TypeError(`expected nesting of at most ${DEPTH_MAX}, got more`);
      return Array.isArray(value) ? writeArray(value, depthLeft - 1) : writeObject(value, depthLeft - 1);
    default:
      throw new TypeError(`expected a JSON value, got ${typeof value}`);
  }
}

function writeString(text: string): string {
  if (!SPECIAL.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new TypeError("expected a text without lone surrogates, got one");
  return JSON.stringify(text);
}

function writeArray(values: readonly unknown[], depthLeft: number): string {
  let text = "[";
  for (let i = 0; i < values.length; i++) text += (i === 0 ? "" : ",") + write(values[i], depthLeft);
  return `${text}]`;
}

function writeObject(value: object, depthLeft: number): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`expected plain data, got an object of class ${value.constructor?.name}`);
  }
  const object = value as Record<string, unknown>;
  const names = sortNames(Object.keys(object));
  let text = "{";
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    text += `${i === 0 ? "" : ","}${writeString(name)}:${write(object[name], depthLeft)}`;
  }
  return `${text}}`;
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
