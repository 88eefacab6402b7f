/**
 * A strict reader for the JSON of bundles (RFC 8259, less what bundles never hold): objects, lists, strings and whole
 * numbers. Duplicate names and a second spelling of a number, which JSON.parse lets pass unseen, are refused here.
 */

import { BundleError } from "./bundle.ts";

/** What the text of a bundle can hold; objects have no prototype. */
export type JsonValue = string | number | readonly JsonValue[] | { readonly [name: string]: JsonValue };

export type JsonLimits = { readonly charactersMax: number; readonly depthMax: number };

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?[0-9][0-9.eE+-]*/y;
const CANONICAL_NUMBER = /^(?:0|[1-9][0-9]*)$/;
const SHOWN_MAX = 24;

/**
 * Reads one JSON value.
 * @throws BundleError when the text is longer, deeper or otherwise than allowed
 */
export function readJson(text: string, limits: JsonLimits): JsonValue {
  if (text.length > limits.charactersMax) {
    throw new BundleError("bundle_too_large", "", `at most ${limits.charactersMax} characters`, `${text.length}`);
  }
  const reader = new Reader(text, limits.depthMax);
  return reader.document();
}

class Reader {
  readonly #text: string;
  readonly #depthMax: number;
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  document(): JsonValue {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) throw this.#unexpected("the end of the text");
    return value;
  }

  #value(): JsonValue {
    const first = this.#text[this.#at];
    if (first === "{") return this.#object();
    if (first === "[") return this.#list();
    if (first === '"') return this.#string();
    if (first === "-" || (first !== undefined && first >= "0" && first <= "9")) return this.#number();
    throw this.#unexpected("an object, a list, a string or a whole number");
  }

  #object(): JsonValue {
    this.#enter();
    const object: Record<string, JsonValue> = Object.create(null);
    if (this.#take("}")) return object;
    do {
      this.#space();
      const name = this.#text[this.#at] === '"' ? this.#string() : this.#fail("a name in quotes");
      if (name in object) throw this.#error("bundle_duplicate_name", "every name once", `${show(name)} again`);
      this.#space();
      if (!this.#take(":")) throw this.#unexpected('":"');
      this.#space();
      this.#path.push(name);
      object[name] = this.#value();
      this.#path.pop();
      this.#space();
    } while (this.#take(","));
    if (!this.#take("}")) throw this.#unexpected('"," or "}"');
    return object;
  }

  #list(): JsonValue {
    this.#enter();
    const list: JsonValue[] = [];
    if (this.#take("]")) return list;
    do {
      this.#space();
      this.#path.push(list.length);
      list.push(this.#value());
      this.#path.pop();
      this.#space();
    } while (this.#take(","));
    if (!this.#take("]")) throw this.#unexpected('"," or "]"');
    return list;
  }

  #enter(): void {
    if (this.#path.length >= this.#depthMax) {
      throw this.#error("bundle_too_deep", `at most ${this.#depthMax} levels`, "more");
    }
    this.#at++;
    this.#space();
  }

  #string(): string {
    const start = this.#at;
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === "\\" ? 2 : 1;
    if (end >= this.#text.length) {
      this.#at = this.#text.length;
      throw this.#unexpected("a closing quote");
    }
    this.#at = end + 1;
    const spelled = this.#text.slice(start, this.#at);
    let value: string;
    try {
      value = JSON.parse(spelled);
    } catch {
      throw this.#error("bundle_not_json", "a JSON string", show(spelled));
    }
    if (!value.isWellFormed()) throw this.#error("bundle_value", "well-formed Unicode", "a lone surrogate");
    return value;
  }

  #number(): number {
    NUMBER.lastIndex = this.#at;
    const spelled = NUMBER.exec(this.#text)?.[0] ?? "-";
    const value = Number(spelled);
    if (!CANONICAL_NUMBER.test(spelled) || !Number.isSafeInteger(value)) {
      throw this.#error("bundle_value", "a whole number in 0..2^53-1 in its shortest spelling", show(spelled));
    }
    this.#at += spelled.length;
    return value;
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #fail(expected: string): never {
    throw this.#unexpected(expected);
  }

  #unexpected(expected: string): BundleError {
    const rest = this.#text.slice(this.#at, this.#at + SHOWN_MAX);
    const got = rest === "" ? "the end of the text" : `${JSON.stringify(rest)} at character ${this.#at}`;
    return this.#error("bundle_not_json", expected, got);
  }

  #error(code: BundleError["code"], expected: string, got: string): BundleError {
    return new BundleError(code, spellPath(this.#path), expected, got);
  }
}

/** Spells where a value is: `["entry", "members", 2]` as `entry.members[2]`. */
export function spellPath(path: readonly (string | number)[]): string {
  let spelled = "";
  for (const step of path) {
    if (typeof step === "number") spelled += `[${step}]`;
    else spelled += spelled === "" ? shorten(step) : `.${shorten(step)}`;
  }
  return spelled;
}

function show(text: string): string {
  return JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
