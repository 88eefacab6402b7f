/**
 * What of a body, a query, headers and parameters is recorded: the members that the program names, and nothing else. Whatever
 * is called as secrets are called is withheld wherever it stands.
 */

/** Members to record, by paths with dots: `customer.id` is one member of an object, `items` all of a list. */
export type RecordedParts = {
  readonly body?: readonly string[];
  readonly query?: readonly string[];
  readonly headers?: readonly string[];
  readonly params?: readonly string[];
};

/** Names of what is never recorded. */
export const SECRET_NAMES =
  /pass(?:word|wd|phrase|code)|pass$|pwd|secret|token|authorization|cookie|session|credential|(?:api|private|access|encryption|signing|master)[-_]?key|^key$|^pin$|pin[-_]?code|recovery[-_]?code|mnemonic|seed[-_]?phrase|otp|cvv|cvc|card[-_]?num|credit[-_]?card|iban|ssn|signature|jwt/i;

const WITHHELD = "[withheld]";
const DEPTH_MAX = 8;
const LIST_MAX = 100;
const TEXT_MAX = 2048;
/** Characters of all parts together: an event has 64 KiB. */
const TOTAL_MAX = 32_768;

/** The parts of a request that are to be recorded; undefined when there are none. */
export function partsOf(
  req: Readonly<Record<keyof RecordedParts, unknown>>,
  wanted: RecordedParts,
  secretNames: RegExp,
): Readonly<Record<string, unknown>> | undefined {
  const parts: Record<string, unknown> = {};
  for (const part of ["params", "query", "headers", "body"] as const) {
    const picked = pick(req[part], wanted[part] ?? [], secretNames);
    if (picked !== undefined) parts[part] = picked;
  }
  if (Object.keys(parts).length === 0) return undefined;
  const { length } = JSON.stringify(parts);
  return length <= TOTAL_MAX ? parts : { omitted: `${length} characters, more than ${TOTAL_MAX}` };
}

function pick(value: unknown, paths: readonly string[], secretNames: RegExp): Record<string, unknown> | undefined {
  const picked: Record<string, unknown> = {};
  for (const path of paths) {
    const steps = path.split(".");
    const found = valueAt(value, steps);
    if (found === undefined) continue;
    picked[path] = steps.some((step) => secretNames.test(step)) ? WITHHELD : fit(found, secretNames, DEPTH_MAX);
  }
  return Object.keys(picked).length === 0 ? undefined : picked;
}

function valueAt(value: unknown, steps: readonly string[]): unknown {
  let at = value;
  for (const step of steps) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** A value as far as it can stand in an event. */
function fit(value: unknown, secretNames: RegExp, depthLeft: number): unknown {
  if (typeof value === "string") {
    const text = value.length > TEXT_MAX ? `${value.slice(0, TEXT_MAX)}… (${value.length} characters)` : value;
    return text.toWellFormed();
  }
  if (typeof value === "number") return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : String(value);
  if (typeof value === "boolean" || value === null) return value;
  if (value instanceof Uint8Array) return `(${value.length} bytes)`;
  if (typeof value !== "object") return String(value);
  if (depthLeft === 0) return "(nested too deeply)";
  if (Array.isArray(value)) return value.slice(0, LIST_MAX).map((each) => fit(each, secretNames, depthLeft - 1));
  const fitted: Record<string, unknown> = {};
  for (const name of Object.keys(value).slice(0, LIST_MAX)) {
    const held = (value as Record<string, unknown>)[name];
    if (name === "__proto__") continue;
    fitted[name.toWellFormed()] = secretNames.test(name) ? WITHHELD : fit(held, secretNames, depthLeft - 1);
  }
  return fitted;
}
