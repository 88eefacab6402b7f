/**
 * What a ledger demands of its events: schemas by their names, and requirements. Plain data, so that a thread can be sent it; what is
 * made of it is in check-event.ts, who keeps it in rule-book.ts.
 * Why: docs/decisions/0157.
 */

import { canonicalJson } from "../../json/canonical.ts";
import { type Hex, toHex, utf8 } from "../../merkle/bytes.ts";
import type { Hash } from "../../merkle/hash.ts";

/** A JSON Schema, draft 2020-12. */
export type SchemaDocument = Readonly<Record<string, unknown>> | boolean;

/** One demand: which events it is made of, and what it asks of them. */
export type Requirement = {
  /** What it is called where it is not met. */
  readonly name: string;
  /** Actions, exact or with a * at the end for all that begin so; every action when absent. */
  readonly actions?: readonly string[];
  /** Formats that the events came in, "native" among them; every format when absent. */
  readonly formats?: readonly string[];
  /** Members that must be there and say something: dotted names, or RFC 6901 pointers. */
  readonly members?: readonly string[];
  /** The schema of this ledger that they must satisfy, whether they name it or not. */
  readonly schema?: string;
  /** A schema that they name must be one of this ledger's. */
  readonly knownSchema?: boolean;
};

/** The rules of a ledger, as they hold from one change to the next. */
export type RuleSet = {
  /** Of all of it: equal for equal rules. */
  readonly digest: Hex;
  /** Documents by name@version. */
  readonly schemas: Readonly<Record<string, SchemaDocument>>;
  readonly requirements: readonly Requirement[];
};

/** name@version of a schema. */
export const SCHEMA_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}@[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
export const SCHEMA_NAME_RULE =
  "name@version, each of letters, digits, '.', '_' and '-', the first a letter or digit, at most 128 and 64";
export const REQUIREMENTS_MAX = 100;
/** Of each list in a requirement. */
export const ITEMS_MAX = 100;

export function ruleSetOf(
  hash: Hash,
  schemas: RuleSet["schemas"],
  requirements: readonly Requirement[],
): RuleSet | undefined {
  if (Object.keys(schemas).length === 0 && requirements.length === 0) return undefined;
  return { digest: digestOf(hash, { schemas, requirements }), schemas, requirements };
}

/** keccak256 of the canonical text of a JSON value, as RFC 8785 has it. */
export function digestOf(hash: Hash, value: unknown): Hex {
  return toHex(hash(utf8(canonicalJson(value))));
}

/**
 * The steps of a member's path: of an RFC 6901 pointer where it begins with /, else of names parted by dots. Undefined when it is
 * neither.
 */
export function stepsOf(path: string): readonly string[] | undefined {
  if (!path.startsWith("/")) {
    const names = path.split(".");
    return names.every((name) => name !== "") ? names : undefined;
  }
  if (/~(?![01])/.test(path)) return undefined;
  return path
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}
