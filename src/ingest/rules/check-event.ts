/**
 * Whether an event is what its ledger demands. The same in the thread of the service and in threads beside it; what was compiled is
 * kept in each by the digest of the rules.
 * Why: docs/decisions/0157.
 */

import type { ErrorObject } from "ajv";
import type { Event } from "../../entry/event.ts";
import { describe, pointer, type RuleName } from "../../entry/event-error.ts";
import { type Unsatisfied, Validators } from "./compiled-schemas.ts";
import { type Requirement, type RuleSet, stepsOf } from "./rule-set.ts";

export type ViolationCode = "schema_violated" | "requirement_unmet";

/** What an event is not that it was to be; `path` is an RFC 6901 pointer into it. */
export type Violation = RuleName & {
  readonly code: ViolationCode;
  readonly path: string;
  readonly expected: string;
  readonly got: string;
};

/** A requirement as it is asked. */
type Demand = Requirement & { readonly steps: readonly (readonly string[])[] };

/** Sets whose validators a thread keeps. */
const KEPT_MAX = 32;
const TEXT_MAX = 200;
const kept = new Map<string, Judge>();

/** The judge of a set of rules, which is made once in each thread. */
export function judgeOf(rules: RuleSet): Judge {
  const known = kept.get(rules.digest);
  if (known !== undefined) {
    // What was asked last goes last.
    kept.delete(rules.digest);
    kept.set(rules.digest, known);
    return known;
  }
  const [oldest] = kept.keys();
  if (kept.size >= KEPT_MAX && oldest !== undefined) kept.delete(oldest);
  const made = new Judge(rules);
  kept.set(rules.digest, made);
  return made;
}

export class Judge {
  readonly #validators: Validators;
  readonly #schemas: RuleSet["schemas"];
  readonly #demands: readonly Demand[];

  constructor({ schemas, requirements }: RuleSet) {
    this.#validators = new Validators(schemas);
    this.#schemas = schemas;
    this.#demands = requirements.map((each) => ({
      ...each,
      steps: (each.members ?? []).map((path) => stepsOf(path) ?? [path]),
    }));
  }

  /** Whether the ledger has the schema that an event names. */
  knows(schema: string): boolean {
    return Object.hasOwn(this.#schemas, schema);
  }

  /**
   * The first thing that an event of a format is not, and was to be; undefined when all is well.
   * @param isTimed whether its time is its own, not that of receipt
   */
  look(event: Event, format: string, isTimed = true): Violation | undefined {
    const { schema: named } = event;
    for (const demand of this.#demands) {
      if (!isMeant(demand, event.action, format)) continue;
      const violation = this.#ask(demand, event, isTimed);
      if (violation !== undefined) return violation;
    }
    return named !== undefined && this.knows(named) ? this.#validate(named, event, undefined) : undefined;
  }

  #ask({ name, steps, schema, knownSchema }: Demand, event: Event, isTimed: boolean): Violation | undefined {
    for (const path of steps) {
      const got = isTimed || path[0] !== "time" ? valueAt(event, path) : undefined;
      if (saysSomething(got)) continue;
      const expected = `a member that says something (requirement ${JSON.stringify(name)})`;
      const at = path.map((step) => pointer(step)).join("");
      return { code: "requirement_unmet", path: at, expected, got: nothingOf(got), requirement: name };
    }
    if (knownSchema === true && event.schema !== undefined && !this.knows(event.schema)) {
      const expected = `a schema that this ledger has (requirement ${JSON.stringify(name)})`;
      const got = describe(event.schema);
      return { code: "requirement_unmet", path: "/schema", expected, got, requirement: name };
    }
    return schema === undefined ? undefined : this.#validate(schema, event, name);
  }

  #validate(schema: string, event: Event, requirement: string | undefined): Violation | undefined {
    const found = this.#validators.check(schema, event);
    if (found === undefined) return undefined;
    const { path, expected, got } = inWords(found, event);
    const why = requirement === undefined ? "" : `, requirement ${JSON.stringify(requirement)}`;
    return {
      code: "schema_violated",
      path,
      expected: `${expected} (schema ${schema}${why})`,
      got,
      schema,
      ...(requirement !== undefined && { requirement }),
    };
  }
}

function isMeant({ actions, formats }: Demand, action: string, format: string): boolean {
  if (formats !== undefined && !formats.includes(format)) return false;
  return actions === undefined || actions.some((pattern) => isLike(action, pattern));
}

function isLike(action: string, pattern: string): boolean {
  return pattern.endsWith("*") ? action.startsWith(pattern.slice(0, -1)) : action === pattern;
}

function valueAt(event: Event, steps: readonly string[]): unknown {
  let value: unknown = event;
  for (const step of steps) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[step];
  }
  return value;
}

/** Not for null, a blank text, and a list or an object with nothing in it. */
function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "string") return value.trim() !== "";
  return typeof value !== "object" || Object.keys(value).length > 0;
}

function nothingOf(value: unknown): string {
  if (Array.isArray(value)) return "an empty array";
  return typeof value === "object" && value !== null ? "an empty object" : describe(value);
}

/** What a validator found, with the place, what was to be there and what was. */
function inWords(found: Unsatisfied, event: Event): Pick<Violation, "path" | "expected" | "got"> {
  if (found === "too_much") {
    return { path: "", expected: "an event that takes less work to look at", got: "one that takes too much" };
  }
  const { path, words } = placeAndWords(found);
  const value = valueAtPointer(event, path);
  return { path, expected: words.slice(0, TEXT_MAX), got: describe(value) };
}

function placeAndWords({ keyword, params, instancePath, message = "" }: ErrorObject): {
  readonly path: string;
  readonly words: string;
} {
  const of = (name: unknown) => instancePath + pointer(String(name));
  switch (keyword) {
    case "required":
    case "dependentRequired":
      return { path: of(params.missingProperty), words: "a member" };
    case "additionalProperties":
      return { path: of(params.additionalProperty), words: "no such member" };
    case "unevaluatedProperties":
      return { path: of(params.unevaluatedProperty), words: "no such member" };
    case "propertyNames":
      return { path: of(params.propertyName), words: "another name" };
    case "enum":
      return { path: instancePath, words: `one of ${JSON.stringify(params.allowedValues)}` };
    case "const":
      return { path: instancePath, words: JSON.stringify(params.allowedValue) };
    case "false schema":
      return { path: instancePath, words: "nothing here" };
    case "type":
      return { path: instancePath, words: `a value of type ${[params.type].flat().join(" or ")}` };
    default:
      return { path: instancePath, words: wordsOf(message) };
  }
}

/** What a validator says that something must be. */
function wordsOf(message: string): string {
  return message
    .replace(/^must NOT have /, "no ")
    .replace(/^must NOT be /, "what is not ")
    .replace(/^must match /, "what matches ")
    .replace(/^must contain /, "what contains ")
    .replace(/^must (be|have) /, "");
}

function valueAtPointer(event: Event, path: string): unknown {
  return path === "" ? event : valueAt(event, stepsOf(path) ?? []);
}
