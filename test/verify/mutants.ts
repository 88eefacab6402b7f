/** What a value that was read from JSON can be changed into, and a text at one character: the stuff of forged proofs. */

import { isDeepStrictEqual } from "node:util";

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Path = readonly (string | number)[];

export function* pathsOf(value: Json, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== "object" || value === null) return;
  for (const [name, held] of Object.entries(value)) {
    yield* pathsOf(held, [...path, Array.isArray(value) ? Number(name) : name]);
  }
}

export function at(value: Json, path: Path): Json {
  return path.reduce<Json>((held, step) => (held as { [name: string]: Json })[step] as Json, value);
}

/** A copy with the value at a path replaced, or removed when it is undefined. */
export function replaced(value: Json, path: Path, put: Json | undefined): Json {
  const copy = structuredClone(value);
  const last = path.at(-1);
  if (last === undefined) return put ?? null;
  const holder = at(copy, path.slice(0, -1)) as { [name: string]: Json };
  if (put !== undefined) holder[last] = put;
  else if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return copy;
}

export function* othersOf(value: Json): Generator<Json | undefined> {
  yield undefined;
  yield null;
  yield true;
  if (typeof value === "string") yield* otherTexts(value);
  else if (typeof value === "number") yield* [value + 1, value - 1, 0, -value, value + 0.5, 2 ** 53, 1e300, `${value}`];
  else if (Array.isArray(value)) yield* otherLists(value);
  else yield* [[], "", { ...(value as { [name: string]: Json }), extra: 1 }];
}

function* otherTexts(value: string): Generator<Json> {
  const middle = Math.floor(value.length / 2);
  for (const place of [0, 2, 3, middle, value.length - 1]) {
    const digit = value[place] === "7" ? "8" : "7";
    yield value.slice(0, place) + digit + value.slice(place + 1);
  }
  yield* [`${value}00`, value.slice(0, -2), value.slice(0, -1), "", "0x", ` ${value}`, `${value}\ud800`, 7];
  if (value !== value.toUpperCase()) yield value.toUpperCase();
  if (/^0x[0-9a-fA-F]{40}$/.test(value)) yield value.toLowerCase();
}

function* otherLists(value: Json[]): Generator<Json> {
  const [first] = value;
  if (first === undefined) return;
  yield* [[], value.slice(1), [...value, first], [first, ...value], Array.from({ length: 65 }, () => first), "list"];
  const reversed = value.toReversed();
  if (value.length > 1 && !isDeepStrictEqual(reversed, value)) yield reversed;
}

/** What claims no more than the bundle, and therefore holds: a state proof left out, an anchor named twice. */
export function claimsLess(path: Path, put: Json | undefined): boolean {
  if (put === undefined) return path.length === 3 && path[2] === "state";
  return path.length === 1 && path[0] === "anchors" && Array.isArray(put) && put.length === 2;
}

/** Texts that differ from a text at one character: another one, one less, one more. */
export function* neighbours(text: string, place: number): Generator<string> {
  const held = text[place] as string;
  const digit = held === "9" ? "8" : /[0-8a-e]/.test(held) ? String.fromCharCode(held.charCodeAt(0) + 1) : "1";
  yield text.slice(0, place) + digit + text.slice(place + 1);
  if (place % 3 === 0) yield text.slice(0, place) + text.slice(place + 1);
  if (place % 3 === 1) yield `${text.slice(0, place)}${'",:0{}]\\/ a'[place % 11]}${text.slice(place)}`;
}

export function isSameJson(text: string, value: unknown): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(text), value);
  } catch {
    return false;
  }
}
