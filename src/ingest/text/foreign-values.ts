/** Values that others sent, made fit for a member: what a JSON text can spell and a member cannot hold is spelled otherwise. */

/** A JSON object, as yet of any form. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Deepest nesting that a value in an event may have, as of native events: the event itself is one level. */
const DEPTH_MAX = 30;

/** Most UTF-16 units of a message: even three bytes each leave room for the rest of an event. */
const MESSAGE_MAX = 16_384;

/** A value as an object; undefined when it is none. */
export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

/** A value as a text of 1 to `lengthMax` UTF-16 units that is well-formed; undefined when it is none. */
export function asText(value: unknown, lengthMax = 256): string | undefined {
  const fits = typeof value === "string" && value !== "" && value.length <= lengthMax && value.isWellFormed();
  return fits ? value : undefined;
}

/** A text of any length as a message: what is more than a line that people read is cut, and is in `_raw`. */
export function asMessage(value: unknown): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  // A pair that is cut in half is well-formed again as one replacement.
  const text = value.length > MESSAGE_MAX ? value.slice(0, MESSAGE_MAX) : value;
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** What names something: a text as {@link asText} takes it, or a whole number as its digits. */
export function asIdentity(value: unknown): string | undefined {
  return Number.isSafeInteger(value) ? String(value) : asText(value);
}

/** The first that is a text as {@link asText} takes it. */
export function firstText(...values: readonly unknown[]): string | undefined {
  for (const value of values) {
    const text = asText(value);
    if (text !== undefined) return text;
  }
  return undefined;
}

/**
 * The same value where it can stand in an event; else one in which lone surrogates are replaced, the name `__proto__` and
 * what is nested too deeply are left out. The exact text is in `_raw`.
 */
export function fitForMember(value: unknown, depthLeft = DEPTH_MAX): unknown {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value !== "object" || value === null) return value;
  if (depthLeft === 0) return Array.isArray(value) ? [] : {};
  if (Array.isArray(value)) {
    let isSame = true;
    const fit = value.map((each) => {
      const made = fitForMember(each, depthLeft - 1);
      if (made !== each) isSame = false;
      return made;
    });
    return isSame ? value : fit;
  }
  return fitObject(value as JsonObject, depthLeft);
}

function fitObject(object: JsonObject, depthLeft: number): JsonObject {
  let isSame = true;
  const fit: Record<string, unknown> = {};
  for (const name of Object.keys(object)) {
    const before = object[name];
    const made = fitForMember(before, depthLeft - 1);
    if (made !== before || name === "__proto__" || !name.isWellFormed()) isSame = false;
    if (name !== "__proto__") fit[name.toWellFormed()] = made;
  }
  return isSame ? object : fit;
}

/** The members of an object but those that are told elsewhere. */
export function omit(object: JsonObject, told: readonly string[]): JsonObject {
  const rest: Record<string, unknown> = {};
  for (const name of Object.keys(object)) if (!told.includes(name) && name !== "__proto__") rest[name] = object[name];
  return rest;
}

/** The members of an object that have a value: the same object when all have. */
export function known(members: JsonObject): JsonObject {
  const names = Object.keys(members);
  if (!names.some((name) => members[name] === undefined)) return members;
  const kept: Record<string, unknown> = {};
  for (const name of names) {
    const value = members[name];
    if (value !== undefined) kept[name] = value;
  }
  return kept;
}
