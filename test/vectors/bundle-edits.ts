/** Edits that turn the text of a base into another one: found by comparing, or placed at a value of its JSON. */

import { utf8 } from "../../src/merkle/bytes.ts";
import type { StepName } from "../../src/verify/verdict/verdict.ts";
import { at, type Json, type Path, replaced } from "../verify/mutants.ts";
import type { Edit, Finding, Vector } from "./bundle-file.ts";

/** A vector whose base is known from where it is made. */
export type Mutant = Omit<Vector, "base">;

const MARK = "the value that goes";
const CONTINUATION = 0b1000_0000;

/** Fails at a step however little the verifier is given. */
export function failsAt(step: StepName, line?: number): Vector["findings"] {
  const finding: Finding = { outcome: "failed", step, ...(line === undefined ? {} : { line }) };
  return { offline: finding, block: finding };
}

/** The value of a base and its text, which is `JSON.stringify` of it. */
export type Whole = { readonly value: Json; readonly text: string };

export function wholeOf(value: object): Whole {
  return { value: value as Json, text: JSON.stringify(value) };
}

/** The base with another value at a path, or without it. */
export function put({ value, text }: Whole, path: Path, other: Json | undefined): Edit[] {
  return editsBetween(text, JSON.stringify(replaced(value, path, other)));
}

/** The base with any text, JSON or not, where the value at a path was. */
export function spell(whole: Whole, path: Path, ...spelled: readonly (string | Repeated)[]): Edit[] {
  const { start, end } = placeOf(whole, path);
  return spelled.map((piece, i) => {
    const edit = typeof piece === "string" ? { put: piece } : piece;
    return i === 0 ? { at: start, remove: end - start, ...edit } : { at: end, ...edit };
  });
}

/** The base with a text in front of the value at a path, and one behind it. */
export function around(whole: Whole, path: Path, before: string, behind: string): Edit[] {
  const { start, end } = placeOf(whole, path);
  return [
    { at: start, put: before },
    { at: end, put: behind },
  ];
}

/** The base with a text before the bracket that closes the value at a path. */
export function insertLast(whole: Whole, path: Path, text: string): Edit[] {
  return [{ at: placeOf(whole, path).end - 1, put: text }];
}

/** A text, so many times, or bytes. */
export type Repeated = Pick<Edit, "put" | "hex" | "times">;

/** The base with a text behind a place in it. */
export function insertBehind({ text }: Whole, behind: string, ...pieces: readonly Repeated[]): Edit[] {
  const place = text.indexOf(behind);
  if (place < 0) throw new RangeError(`expected ${behind} in the base`);
  const start = utf8(text.slice(0, place + behind.length)).length;
  return pieces.map((piece) => ({ at: start, ...piece }));
}

/** The first bytes of the base. */
export function cutAt({ text }: Pick<Whole, "text">, length: number): Edit[] {
  return [{ at: length, remove: utf8(text).length - length }];
}

function placeOf({ value }: Whole, path: Path): { readonly start: number; readonly end: number } {
  const marked = JSON.stringify(replaced(value, path, MARK));
  const start = utf8(marked.slice(0, marked.indexOf(JSON.stringify(MARK)))).length;
  return { start, end: start + utf8(JSON.stringify(at(value, path))).length };
}

/** Edits of the lines that differ; one edit of everything when there are more or fewer lines. */
export function editsBetween(before: string, after: string): Edit[] {
  const old = before.split("\n");
  const now = after.split("\n");
  if (old.length !== now.length) return editOf(before, after, 0);
  let start = 0;
  return old.flatMap((line, i) => {
    const edits = editOf(line, now[i] as string, start);
    start += utf8(line).length + 1;
    return edits;
  });
}

function editOf(before: string, after: string, start: number): Edit[] {
  if (before === after) return [];
  const old = utf8(before);
  const now = utf8(after);
  const shortest = Math.min(old.length, now.length);
  let head = 0;
  while (head < shortest && old[head] === now[head]) head++;
  while (isInside(now, head) || isInside(old, head)) head--;
  let tail = 0;
  while (tail < shortest - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  while (isInside(now, now.length - tail) || isInside(old, old.length - tail)) tail--;
  const remove = old.length - tail - head;
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(now.subarray(head, now.length - tail));
  return [{ at: start + head, ...(remove > 0 && { remove }), ...(text !== "" && { put: text }) }];
}

/** Whether a place is within a character of several bytes. */
function isInside(bytes: Uint8Array, place: number): boolean {
  return place < bytes.length && ((bytes[place] as number) & 0b1100_0000) === CONTINUATION;
}
