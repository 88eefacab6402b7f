/**
 * Reads JSON (RFC 8259) by hand, one character after the other: each name is decoded from its own text and from nothing
 * else. It keeps what it is inside of in a list of its own, so that no nesting exhausts the stack.
 */

/** What is wrong with a text; `path` leads to the value that was being read. */
export type JsonProblem = {
  readonly kind: "syntax" | "depth" | "count" | "duplicate_name" | "value";
  readonly path: readonly (string | number)[];
  /** Where in the text, counted from 0. */
  readonly at: number;
  readonly expected: string;
  readonly got: string;
};

export type JsonRules = {
  /**
   * Strict is what bundles hold: objects, lists, strings and whole numbers, each spelled in one way, each name once; and
   * objects have no prototype. Otherwise all that JSON.parse takes, and what it makes of it.
   */
  readonly isStrict: boolean;
  /** Whether a number that a double cannot hold exactly stands as its text: an integer beyond 2^53-1, or one without end. */
  readonly keepsDigits?: boolean;
  /** Deepest nesting of arrays and objects. */
  readonly depthMax: number;
  /** Most values, lists and objects and all that is in them: each takes memory, however short its text is. */
  readonly valuesMax: number;
  /** Makes the error that is thrown. */
  readonly refuse: (problem: JsonProblem) => Error;
};

/**
 * Reads one JSON value.
 * @throws what `rules.refuse` makes of the first problem
 */
export function readByRule(text: string, rules: JsonRules): unknown {
  return new Reader(text, rules).document();
}

/** The text that a JSON string stands for, quotes and all. @throws SyntaxError when it is none */
export function decodeString(spelled: string): string {
  // The engine errs in names; a string by itself has none.
  return JSON.parse(spelled) as string;
}

type Container = unknown[] | Record<string, unknown>;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const LITERALS: ReadonlyMap<number, readonly [spelled: string, value: unknown]> = new Map([
  [0x74, ["true", true]],
  [0x66, ["false", false]],
  [0x6e, ["null", null]],
]);
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
/** All that could be meant as a number, so that an error shows it whole. */
const LIKE_NUMBER = /-?[0-9][0-9.eE+-]*/y;
const WHOLE_NUMBER = /^(?:0|[1-9][0-9]*)$/;
const SHOWN_MAX = 24;
/** Stands for a value that has begun and not ended. */
const BEGUN = Symbol("begun");

class Reader {
  readonly #text: string;
  readonly #rules: JsonRules;
  /** What the position is inside of, outermost first; and in each the step to the value that is being read, if one is. */
  readonly #containers: Container[] = [];
  readonly #steps: (string | number | undefined)[] = [];
  #at = 0;
  #values = 0;

  constructor(text: string, rules: JsonRules) {
    this.#text = text;
    this.#rules = rules;
  }

  document(): unknown {
    this.#skipSpace();
    for (;;) {
      let value = this.#begin();
      if (value === BEGUN) continue;
      for (;;) {
        this.#skipSpace();
        const container = this.#containers.at(-1);
        if (container === undefined) {
          if (this.#at < this.#text.length) throw this.#unexpected("the end of the text");
          return value;
        }
        this.#put(container, value);
        if (this.#goesOn(container)) break;
        value = this.#leave();
      }
    }
  }

  /** Reads a whole value, or a container up to the first value in it. */
  #begin(): unknown {
    if (++this.#values > this.#rules.valuesMax) {
      throw this.#problem("count", `at most ${this.#rules.valuesMax} values`, "more");
    }
    const unit = this.#text.charCodeAt(this.#at);
    if (unit === QUOTE) return this.#string();
    if (unit === OPEN_OBJECT) {
      this.#enter(this.#rules.isStrict ? Object.create(null) : {});
      if (this.#take(CLOSE_OBJECT)) return this.#leave();
      this.#name();
      return BEGUN;
    }
    if (unit === OPEN_ARRAY) {
      this.#enter([]);
      if (this.#take(CLOSE_ARRAY)) return this.#leave();
      this.#step(0);
      return BEGUN;
    }
    if (unit === MINUS || (unit >= 0x30 && unit <= 0x39)) return this.#number();
    return this.#literal(unit);
  }

  #enter(container: Container): void {
    if (this.#containers.length >= this.#rules.depthMax) {
      throw this.#problem("depth", `at most ${this.#rules.depthMax} levels`, "more");
    }
    this.#containers.push(container);
    this.#steps.push(undefined);
    this.#at++;
    this.#skipSpace();
  }

  #leave(): Container {
    this.#steps.pop();
    return this.#containers.pop() as Container;
  }

  #step(step: string | number | undefined): void {
    this.#steps[this.#steps.length - 1] = step;
  }

  #put(container: Container, value: unknown): void {
    const step = this.#steps.at(-1) as string;
    this.#step(undefined);
    if (Array.isArray(container)) container.push(value);
    else if (step !== "__proto__") container[step] = value;
    else Object.defineProperty(container, step, { value, enumerable: true, configurable: true, writable: true });
  }

  /** Whether another value follows, which is then at the position; otherwise the container has ended. */
  #goesOn(container: Container): boolean {
    const isArray = Array.isArray(container);
    if (this.#take(COMMA)) {
      this.#skipSpace();
      if (isArray) this.#step(container.length);
      else this.#name();
      return true;
    }
    if (!this.#take(isArray ? CLOSE_ARRAY : CLOSE_OBJECT))
      throw this.#unexpected(isArray ? '"," or "]"' : '"," or "}"');
    return false;
  }

  #name(): void {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) throw this.#unexpected("a name in quotes");
    const name = this.#string();
    if (this.#rules.isStrict && Object.hasOwn(this.#containers.at(-1) as object, name)) {
      throw this.#problem("duplicate_name", "every name once", `${show(name)} again`);
    }
    this.#skipSpace();
    if (!this.#take(COLON)) throw this.#unexpected('":"');
    this.#skipSpace();
    this.#step(name);
  }

  #string(): string {
    const text = this.#text;
    const open = this.#at;
    let isPlain = true;
    let close = open + 1;
    for (let unit = text.charCodeAt(close); unit !== QUOTE; unit = text.charCodeAt(++close)) {
      if (unit === BACKSLASH) {
        isPlain = false;
        close++;
      } else if (!(unit >= 0x20)) {
        // What is no number is beyond the end of the text; other units below are control characters.
        this.#at = Math.min(close, text.length);
        throw this.#unexpected(close < text.length ? "a character that may stand in a string" : "a closing quote");
      }
    }
    this.#at = close + 1;
    const value = isPlain ? text.slice(open + 1, close) : this.#decoded(text.slice(open, close + 1));
    if (this.#rules.isStrict && !value.isWellFormed()) {
      throw this.#problem("value", "well-formed Unicode", "a lone surrogate");
    }
    return value;
  }

  #decoded(spelled: string): string {
    try {
      return decodeString(spelled);
    } catch {
      throw this.#problem("syntax", "a JSON string", show(spelled));
    }
  }

  #number(): number | string {
    const { isStrict, keepsDigits } = this.#rules;
    const pattern = isStrict ? LIKE_NUMBER : NUMBER;
    pattern.lastIndex = this.#at;
    const spelled = pattern.exec(this.#text)?.[0] ?? "-";
    const value = Number(spelled);
    if (isStrict && !(WHOLE_NUMBER.test(spelled) && Number.isSafeInteger(value))) {
      throw this.#problem("value", "a whole number in 0..2^53-1 in its shortest spelling", show(spelled));
    }
    if (Number.isNaN(value)) throw this.#unexpected("a number");
    this.#at += spelled.length;
    return keepsDigits === true && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER) ? spelled : value;
  }

  #literal(unit: number): unknown {
    const { isStrict } = this.#rules;
    const literal = isStrict ? undefined : LITERALS.get(unit);
    if (literal === undefined || !this.#text.startsWith(literal[0], this.#at)) {
      throw this.#unexpected(isStrict ? "an object, a list, a string or a whole number" : "a JSON value");
    }
    this.#at += literal[0].length;
    return literal[1];
  }

  #skipSpace(): void {
    let unit = this.#text.charCodeAt(this.#at);
    while (unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09) unit = this.#text.charCodeAt(++this.#at);
  }

  #take(unit: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== unit) return false;
    this.#at++;
    return true;
  }

  #unexpected(expected: string): Error {
    const rest = this.#text.slice(this.#at, this.#at + SHOWN_MAX);
    const got = rest === "" ? "the end of the text" : `${JSON.stringify(rest)} at character ${this.#at}`;
    return this.#problem("syntax", expected, got);
  }

  #problem(kind: JsonProblem["kind"], expected: string, got: string): Error {
    const path = this.#steps.filter((step) => step !== undefined);
    return this.#rules.refuse({ kind, path, at: this.#at, expected, got });
  }
}

function show(text: string): string {
  return JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
}
