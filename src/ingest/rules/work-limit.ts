/**
 * How much work looking at one event may be. A schema can ask for more than anybody can do (two references in each of fifty steps,
 * a list of thousands in each item of another), so every schema in a document counts what it is asked, and beyond the limit the
 * event does not satisfy it. It is a count and no clock: the verdict is the same in every thread and on every machine.
 */

import { pointer } from "../../entry/event-error.ts";
import type { SchemaDocument } from "./rule-set.ts";
import { WORK_KEYWORD } from "./schema-document.ts";

/** More than this was asked for one event. */
export class TooMuchWorkError extends Error {
  override readonly name = "TooMuchWorkError";
}

/** A schema that is looked at counts as one and as many more as there are values in it; some 20 ms in all. */
const WORK_MAX = 500_000;

let left = WORK_MAX;

/** Begins to count for another event. */
export function beginWork(): void {
  left = WORK_MAX;
}

/** @throws TooMuchWorkError */
export function spendWork(units: number): void {
  left -= units;
  if (left < 0) throw new TooMuchWorkError("expected less work in looking at an event");
}

/** A copy in which every schema says what it costs to look at, without those inside it. */
export function weighed(document: SchemaDocument, parts: Iterable<string>): SchemaDocument {
  const places = new Set(parts);
  const copy = (value: unknown, path: string): { readonly copied: unknown; readonly weight: number } => {
    if (typeof value !== "object" || value === null) return { copied: value, weight: 1 };
    let weight = 1;
    if (Array.isArray(value)) {
      const list = value.map((each, i) => {
        const made = copy(each, path + pointer(i));
        weight += made.weight;
        return made.copied;
      });
      return { copied: list, weight };
    }
    const object: Record<string, unknown> = {};
    for (const [name, each] of Object.entries(value)) {
      const made = copy(each, path + pointer(name));
      weight += made.weight;
      object[name] = made.copied;
    }
    if (!places.has(path)) return { copied: object, weight };
    object[WORK_KEYWORD] = weight;
    // Whoever holds it counts one for it.
    return { copied: object, weight: 1 };
  };
  return copy(document, "").copied as SchemaDocument;
}
