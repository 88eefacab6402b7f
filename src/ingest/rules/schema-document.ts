/**
 * The form of a schema that a ledger takes, beside what JSON Schema itself asks: within bounds, with references that stay in the
 * ledger, and none that goes round in a circle without going deeper into the event. A schema is written by an administrator
 * and run over everything that is sent, so what it can cost is bounded here and while it runs (work-limit.ts).
 */

import { EventError, pointer } from "../../entry/event-error.ts";
import { canonicalJson } from "../../json/canonical.ts";
import { utf8 } from "../../merkle/bytes.ts";
import { SCHEMA_NAME, type SchemaDocument } from "./rule-set.ts";

/** Of its canonical text. */
const SCHEMA_BYTES_MAX = 65_536;
/** Nesting of objects and arrays; a level of an event takes two in a schema. */
export const SCHEMA_DEPTH_MAX = 64;
/** Schemas in a document, itself included: with 500 it takes half a second to compile. */
const PARTS_MAX = 500;
/** How many schemas may look at one and the same value, one inside the other. */
const CHAIN_MAX = 64;
const DIALECT = /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

/** What the service puts into schemas by itself. */
export const WORK_KEYWORD = "holdfastWork";

/** Where schemas stand in a schema; those in place look at the same value as the schema that they are in. */
const ONE = new Set([
  "additionalProperties",
  "propertyNames",
  "contains",
  "items",
  "unevaluatedItems",
  "unevaluatedProperties",
]);
const ONE_IN_PLACE = new Set(["not", "if", "then", "else"]);
const LIST = new Set(["prefixItems"]);
const LIST_IN_PLACE = new Set(["allOf", "anyOf", "oneOf"]);
const MAP = new Set(["properties", "patternProperties", "$defs", "definitions"]);
const MAP_IN_PLACE = new Set(["dependentSchemas"]);
/** With them a reference means something else on each way there, or has a second spelling. */
const REFUSED = new Set([
  "$anchor",
  "$dynamicRef",
  "$dynamicAnchor",
  "$recursiveRef",
  "$recursiveAnchor",
  "$vocabulary",
  WORK_KEYWORD,
]);
/** A schema in a document. */
type Part = {
  readonly path: string;
  readonly schema: SchemaDocument;
  /** Parts that look at the same value. */
  readonly inPlace: string[];
};

/** What a document refers to: schemas of the ledger by name, "" for itself, each with the place in it. */
export type Reference = { readonly from: string; readonly name: string; readonly to: string };

/** A document that was looked through. */
export type Outline = {
  readonly parts: ReadonlyMap<string, Part>;
  readonly references: readonly Reference[];
};

/**
 * Looks through a document.
 * @throws EventError schema_invalid
 */
export function outlineOf(document: unknown): Outline {
  const size = utf8(canonicalJson(document)).length;
  if (size > SCHEMA_BYTES_MAX) {
    throw invalid("", `a schema of at most ${SCHEMA_BYTES_MAX} bytes of canonical JSON`, String(size));
  }
  const looked = new Look();
  looked.at("", document);
  for (const { from, name, to } of looked.references) {
    const place = name === "" ? placeIn(looked, to) : undefined;
    if (place !== undefined) looked.parts.get(from)?.inPlace.push(place);
  }
  return looked;
}

/**
 * Holds what a document refers to against what there is, and looks for circles.
 * @param others the schemas of the ledger
 * @throws EventError schema_invalid
 */
export function checkReferences(outline: Outline, others: (name: string) => Outline | undefined): void {
  const toOthers = new Map<string, number>();
  const seen = new Map<string, number>();
  for (const { from, name, to } of outline.references) {
    const target = name === "" ? outline : others(name);
    const path = `${from}/$ref`;
    if (target === undefined) throw invalid(path, "a schema that this ledger has", JSON.stringify(name));
    const place = placeIn(target, to);
    if (place === undefined) throw invalid(path, "the place of a schema in its document", JSON.stringify(`#${to}`));
    if (name === "") continue;
    const length = chainOf({ name, outline: target, place }, others, seen);
    toOthers.set(from, Math.max(toOthers.get(from) ?? 0, length));
  }
  requireChains(outline, toOthers);
}

/** Where a reference leads, as the path of a part. */
function placeIn({ parts }: Outline, to: string): string | undefined {
  return parts.has(to) ? to : undefined;
}

/** Schemas inside each other that look at one value, from one on; those of the ledger have no circles. */
function chainOf(
  { name, outline, place }: { readonly name: string; readonly outline: Outline; readonly place: string },
  others: (name: string) => Outline | undefined,
  seen: Map<string, number>,
): number {
  const key = `${name} ${place}`;
  const known = seen.get(key);
  if (known !== undefined) return known;
  seen.set(key, CHAIN_MAX);
  let longest = 0;
  for (const next of outline.parts.get(place)?.inPlace ?? []) {
    longest = Math.max(longest, chainOf({ name, outline, place: next }, others, seen));
  }
  for (const reference of outline.references) {
    if (reference.from !== place || reference.name === "") continue;
    const target = others(reference.name);
    const there = target && placeIn(target, reference.to);
    if (target === undefined || there === undefined) continue;
    longest = Math.max(longest, chainOf({ name: reference.name, outline: target, place: there }, others, seen));
  }
  seen.set(key, longest + 1);
  return longest + 1;
}

function requireChains({ parts }: Outline, toOthers: ReadonlyMap<string, number>): void {
  const lengths = new Map<string, number>();
  const open = new Set<string>();
  const measure = (place: string, depth: number): number => {
    const known = lengths.get(place);
    if (known !== undefined) return known;
    const circle = "references that go deeper into the event, not round in a circle";
    if (open.has(place)) throw invalid(place, circle, "a circle");
    if (depth > CHAIN_MAX) throw tooLong(place);
    open.add(place);
    let longest = toOthers.get(place) ?? 0;
    for (const next of parts.get(place)?.inPlace ?? []) longest = Math.max(longest, measure(next, depth + 1));
    open.delete(place);
    lengths.set(place, longest + 1);
    if (longest + 1 > CHAIN_MAX) throw tooLong(place);
    return longest + 1;
  };
  for (const place of parts.keys()) measure(place, 1);
}

function tooLong(place: string): EventError {
  return invalid(place, `at most ${CHAIN_MAX} schemas that look at one value, one inside the other`, "more");
}

class Look implements Outline {
  readonly parts = new Map<string, Part>();
  readonly references: Reference[] = [];

  at(path: string, schema: unknown): void {
    if (this.parts.size === PARTS_MAX) throw invalid(path, `at most ${PARTS_MAX} schemas in a document`, "more");
    const inPlace: string[] = [];
    if (typeof schema === "boolean") {
      this.parts.set(path, { path, schema, inPlace });
      return;
    }
    if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
      throw invalid(path, "a schema: an object, true or false", nameOf(schema));
    }
    this.parts.set(path, { path, schema: schema as SchemaDocument, inPlace });
    for (const [keyword, value] of Object.entries(schema)) this.#keyword(path, keyword, value, inPlace);
  }

  #keyword(path: string, keyword: string, value: unknown, inPlace: string[]): void {
    const place = path + pointer(keyword);
    if (REFUSED.has(keyword)) throw invalid(place, "references by $ref and JSON pointers alone", keyword);
    if (keyword === "$schema" && !(typeof value === "string" && DIALECT.test(value))) {
      throw invalid(place, "https://json-schema.org/draft/2020-12/schema", nameOf(value));
    }
    if ((keyword === "$id" || keyword === "$schema") && path !== "") {
      throw invalid(place, `${keyword} nowhere but in the outermost schema`, "one inside");
    }
    if (keyword === "$ref") this.#reference(path, place, value);
    if (ONE.has(keyword)) this.at(place, value);
    else if (ONE_IN_PLACE.has(keyword)) this.#inPlace(place, value, inPlace);
    else if (LIST.has(keyword) || LIST_IN_PLACE.has(keyword)) {
      const isInPlace = LIST_IN_PLACE.has(keyword);
      for (const [i, each] of listOf(value).entries()) {
        if (isInPlace) this.#inPlace(place + pointer(i), each, inPlace);
        else this.at(place + pointer(i), each);
      }
    } else if (MAP.has(keyword) || MAP_IN_PLACE.has(keyword)) {
      const isInPlace = MAP_IN_PLACE.has(keyword);
      for (const [name, each] of Object.entries(objectOf(value))) {
        if (isInPlace) this.#inPlace(place + pointer(name), each, inPlace);
        else this.at(place + pointer(name), each);
      }
    }
  }

  #inPlace(place: string, schema: unknown, inPlace: string[]): void {
    inPlace.push(place);
    this.at(place, schema);
  }

  #reference(from: string, place: string, value: unknown): void {
    const text = typeof value === "string" ? value : "";
    const at = text.indexOf("#");
    const name = at === -1 ? text : text.slice(0, at);
    const to = at === -1 ? "" : decoded(text.slice(at + 1));
    if (to === undefined || text === "" || (name !== "" && !SCHEMA_NAME.test(name))) {
      const expected =
        "a place in this document (#/$defs/…), or a schema of this ledger (name@version); nothing is fetched";
      throw invalid(place, expected, nameOf(value));
    }
    this.references.push({ from, name, to });
  }
}

function decoded(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}

/** What is no list or no object is told by the meta-schema. */
function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

function nameOf(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

export function invalid(path: string, expected: string, got: string): EventError {
  return new EventError("schema_invalid", path, expected, got);
}
