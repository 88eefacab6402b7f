/**
 * Schemas made into functions: the door of ajv, which writes code for each schema and compiles it with `new Function`. That is done
 * in the service and its threads only; the pages know nothing of schemas. Its 87 modules are loaded when there is a schema.
 * Why: docs/decisions/0158.
 */

import { createRequire } from "node:module";
import type { Ajv2020, ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import type addFormats from "ajv-formats";
import type { EventError } from "../../entry/event-error.ts";
import { canonicalJson } from "../../json/canonical.ts";
import { compilePattern, PatternError } from "./patterns.ts";
import type { RuleSet, SchemaDocument } from "./rule-set.ts";
import { checkReferences, invalid, type Outline, outlineOf, WORK_KEYWORD } from "./schema-document.ts";
import { beginWork, spendWork, TooMuchWorkError, weighed } from "./work-limit.ts";

const require = createRequire(import.meta.url);
/** As `require`, which is not put off until a promise is kept: events are checked where nothing else may come between. */
const loadAjv = () => require("ajv/dist/2020.js") as typeof import("ajv/dist/2020.js");
const loadFormats = () => (require("ajv-formats") as { readonly default: typeof addFormats.default }).default;

/** What an event does not satisfy; `too_much` where finding out was too much work. */
export type Unsatisfied = ErrorObject | "too_much";

/** Where documents lie for the references between them; nothing is ever fetched from there. */
const BASE = "https://schemas.holdfast.invalid/";
/** Texts that are longer are of no format: some of the formats' patterns go over a text more than once. */
const FORMAT_TEXT_MAX = 4096;
const FORMATS = [
  "date",
  "time",
  "date-time",
  "duration",
  "uri",
  "uri-reference",
  "uri-template",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uuid",
  "json-pointer",
  "relative-json-pointer",
  "regex",
  "byte",
  "int32",
  "int64",
  "float",
  "double",
] as const;

/** The validators of one set of rules; each schema is compiled when it is first asked. */
export class Validators {
  /** Undefined where a ledger has no schemas. */
  readonly #ajv: Ajv2020 | undefined;
  readonly #byName = new Map<string, ValidateFunction | undefined>();

  constructor(schemas: RuleSet["schemas"]) {
    const documents = Object.entries(schemas);
    const ajv = documents.length === 0 ? undefined : makeAjv({ withMeta: false });
    this.#ajv = ajv;
    for (const [name, document] of documents) {
      ajv?.addSchema(named(name, document, outlineOf(document)), BASE + name);
    }
  }

  /** What is wrong with a value by a schema; undefined when nothing is, or the schema or one that it needs is not there. */
  check(name: string, value: unknown): Unsatisfied | undefined {
    const validate = this.#validator(name);
    if (validate === undefined) return undefined;
    beginWork();
    try {
      if (validate(value)) return undefined;
      return causeOf(validate.errors ?? []);
    } catch (error) {
      // A stack that is used up is too much work as well.
      if (error instanceof TooMuchWorkError || error instanceof RangeError) return "too_much";
      throw error;
    }
  }

  #validator(name: string): ValidateFunction | undefined {
    if (this.#byName.has(name)) return this.#byName.get(name);
    const validate = this.#compile(name);
    this.#byName.set(name, validate);
    return validate;
  }

  #compile(name: string): ValidateFunction | undefined {
    try {
      return this.#ajv?.getSchema(BASE + name) as ValidateFunction | undefined;
    } catch (error) {
      // Its record was damaged, which is told where the records are read; what is refused meanwhile would be lost.
      if (error instanceof loadAjv().Ajv2020.MissingRefError) return undefined;
      throw error;
    }
  }
}

/**
 * Checks a document that is to become a schema of a ledger.
 * @param schemas those that the ledger has, without this one
 * @returns the names of the schemas that it refers to
 * @throws EventError schema_invalid
 */
export function checkSchema(name: string, document: unknown, schemas: RuleSet["schemas"]): readonly string[] {
  const outline = outlineOf(document);
  const outlines = new Map<string, Outline>();
  checkReferences(outline, (other) => {
    if (other === name || !Object.hasOwn(schemas, other)) return undefined;
    const known = outlines.get(other) ?? outlineOf(schemas[other]);
    outlines.set(other, known);
    return known;
  });
  const ajv = makeAjv({ withMeta: true });
  requireForm(ajv, document as SchemaDocument);
  try {
    const used = closure(outline, schemas);
    for (const [other, each] of used) ajv.addSchema(named(other, each, outlineOf(each)), BASE + other);
    ajv.addSchema(named(name, document as SchemaDocument, outline), BASE + name);
    ajv.getSchema(BASE + name);
  } catch (error) {
    throw notCompiled(error);
  }
  return [...new Set(outline.references.map((reference) => reference.name))].filter((other) => other !== "");
}

/** The meta-schema's word, with the place in the document. */
function requireForm(ajv: Ajv2020, document: SchemaDocument): void {
  beginWork();
  if (ajv.validateSchema(withoutId(document)) === true) return;
  const [error] = ajv.errors ?? [];
  throw invalid(
    error?.instancePath ?? "",
    `a JSON Schema of draft 2020-12: ${error?.message ?? "its form"}`,
    "another form",
  );
}

function notCompiled(error: unknown): EventError {
  if (error instanceof PatternError) return invalid("", error.message.replace(/^expected /, ""), "another one");
  const message = error instanceof RangeError ? "less nesting" : (error as Error).message;
  return invalid("", "a JSON Schema of draft 2020-12 without unknown keywords and formats", message);
}

/** The documents that one refers to, and those that they refer to. */
function closure(outline: Outline, schemas: RuleSet["schemas"]): Map<string, SchemaDocument> {
  const found = new Map<string, SchemaDocument>();
  const add = ({ references }: Outline): void => {
    for (const { name } of references) {
      const document = schemas[name];
      if (document === undefined || found.has(name)) continue;
      found.set(name, document);
      add(outlineOf(document));
    }
  };
  add(outline);
  return found;
}

/** A document with what its parts cost, and under the name that references find it by. */
function named(name: string, document: SchemaDocument, outline: Outline): SchemaDocument {
  const copy = weighed(document, outline.parts.keys());
  return typeof copy === "boolean" ? copy : Object.assign({}, copy, { $id: BASE + name });
}

/** The document's own name for itself means nothing here. */
function withoutId(document: SchemaDocument): Record<string, unknown> | boolean {
  if (typeof document === "boolean") return document;
  const { $id: _, ...rest } = document;
  return rest;
}

/** The outermost of what is wrong; where one branch of a choice was to be taken, what is wrong in there. */
function causeOf(errors: readonly ErrorObject[]): ErrorObject {
  const last = errors.at(-1);
  if (last === undefined) throw new Error("expected what is wrong with a value, got nothing");
  return last.keyword === "if" ? (errors.at(-2) ?? last) : last;
}

/** @param withMeta whether documents are checked: those of a ledger were when they came in */
function makeAjv({ withMeta }: { readonly withMeta: boolean }): Ajv2020 {
  const { Ajv2020 } = loadAjv();
  const ajv = new Ajv2020({
    strictSchema: true,
    strictNumbers: true,
    // What JSON Schema allows, and people write: keywords without a type beside them, several types, names that are nowhere described.
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    meta: withMeta,
    validateSchema: false,
    logger: false,
    ownProperties: true,
    inlineRefs: false,
    messages: true,
    code: { regExp: engine },
  });
  const [first] = ajv.RULES.rules.find(({ type }) => type === undefined)?.rules ?? [];
  if (first === undefined) throw new Error("expected keywords of ajv for values of any type, got none");
  ajv.addKeyword({
    keyword: WORK_KEYWORD,
    // What fails ends the work at a value, so this comes before the rest.
    before: first.keyword,
    schemaType: "number",
    errors: false,
    validate: (weight: number) => {
      spendWork(weight);
      return true;
    },
  });
  // Pairs compared with each other take the square of their number.
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    error: { message: "must NOT have duplicate items" },
    validate: (isDemanded: boolean, items: readonly unknown[]) => !isDemanded || areUnique(items),
  });
  addBoundedFormats(ajv);
  return ajv;
}

const engine = Object.assign((source: string) => compilePattern(source), { code: "new RegExp" });

function areUnique(items: readonly unknown[]): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = canonicalJson(item);
    spendWork(1 + text.length / 8);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

function addBoundedFormats(ajv: Ajv2020): void {
  const formats = loadFormats();
  for (const name of FORMATS) {
    const format = formats.get(name);
    if (typeof format === "boolean") continue;
    const plain = typeof format === "object" && !(format instanceof RegExp) ? format.validate : format;
    if (typeof format === "object" && "type" in format && format.type === "number") {
      ajv.addFormat(name, { type: "number", validate: plain as (value: number) => boolean });
      continue;
    }
    const test = plain instanceof RegExp ? (text: string) => plain.test(text) : (plain as (text: string) => boolean);
    ajv.addFormat(name, (text: string) => text.length <= FORMAT_TEXT_MAX && test(text));
  }
}
