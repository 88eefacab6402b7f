/**
 * The text of a member, JCS(name) ":" JCS(value): what its digest is taken of, and the one spelling that counts.
 * docs/format.md §2.
 */

import { canonicalJson, DEPTH_MAX } from "../json/canonical.ts";
import { readJson } from "../json/read.ts";
import { isTooDeep } from "../json/shape.ts";

/** One top-level `name: value` of an event. */
export type NamedValue = { readonly name: string; readonly value: unknown };

/**
 * Text of a member; the same for every spelling of the same JSON.
 * @throws TypeError when the value is no I-JSON
 */
export function memberText(name: string, value: unknown): string {
  return `${canonicalJson(name)}:${canonicalJson(value)}`;
}

/**
 * Reads the text of one member.
 * @throws TypeError unless it is exactly what {@link memberText} makes of a name and a value
 */
export function readMemberText(text: string): NamedValue {
  if (isTooDeep(text, DEPTH_MAX)) throw new TypeError(`expected nesting of at most ${DEPTH_MAX}, got more`);
  let object: Record<string, unknown>;
  try {
    object = readJson(`{${text}}`) as Record<string, unknown>;
  } catch (cause) {
    throw new TypeError("expected the text of a member, got text that is no JSON", { cause });
  }
  const [name, ...others] = Object.keys(object);
  if (name === undefined || others.length > 0) {
    throw new TypeError(`expected the text of one member, got ${name === undefined ? 0 : 1 + others.length}`);
  }
  const value = object[name];
  // Canonical text has one spelling: comparing it finds spaces, names out of order, names twice and lossy numbers.
  if (memberText(name, value) !== text) throw new TypeError("expected a member in canonical spelling (RFC 8785)");
  return { name, value };
}
