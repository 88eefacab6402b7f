/**
 * A walk through a JSON text along the few members that a format asks for, each place looked at once: it hands out the
 * exact texts of values that are deep in a large one. It looks at brackets, quotes and commas; whether a text that
 * it hands out is JSON is seen by whoever reads it.
 */

import { endOfValue, readForeign, skipSpace } from "./json-values.ts";

const OPEN = { object: 0x7b, list: 0x5b } as const;
const CLOSE = { object: 0x7d, list: 0x5d } as const;
const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;

/** Stands at the beginning of a value, or behind the last one. Its methods throw a SyntaxError for what is no JSON. */
export class JsonWalk {
  readonly #text: string;
  #at: number;

  constructor(text: string) {
    this.#text = text;
    this.#at = skipSpace(text, text.startsWith("\ufeff") ? 1 : 0);
  }

  /** Whether nothing is left. */
  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  get isAtObject(): boolean {
    return this.#text.charCodeAt(this.#at) === OPEN.object;
  }

  /** Goes over the value here, and returns its text. */
  take(): string {
    const end = endOfValue(this.#text, this.#at, this.#text.length);
    if (end === undefined) throw new SyntaxError(`expected a whole value at ${this.#at}`);
    const value = this.#text.slice(this.#at, end);
    this.#at = skipSpace(this.#text, end);
    return value;
  }

  /** Goes through the members of the object here, none where it is null. @param visit may go over the value; else that is done */
  members(visit: (name: string) => void): void {
    this.#inside("object", () => {
      const name = this.#name();
      this.#expect(COLON);
      return () => visit(name);
    });
  }

  /** Goes through the elements of the list here, none where it is null. @param visit may go over the element; else that is done */
  elements(visit: () => void): void {
    this.#inside("list", () => visit);
  }

  #inside(kind: "object" | "list", begin: () => () => void): void {
    if (this.#text.startsWith("null", this.#at)) {
      this.take();
      return;
    }
    this.#expect(OPEN[kind]);
    while (this.#text.charCodeAt(this.#at) !== CLOSE[kind]) {
      const visit = begin();
      const before = this.#at;
      visit();
      if (this.#at === before) this.take();
      if (this.#text.charCodeAt(this.#at) !== CLOSE[kind]) this.#expect(COMMA);
    }
    this.#expect(CLOSE[kind]);
  }

  #name(): string {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) throw new SyntaxError(`expected a name at ${this.#at}`);
    const spelled = this.take();
    if (!spelled.includes("\\")) return spelled.slice(1, -1);
    const read = readForeign(spelled);
    if (typeof read?.value !== "string") throw new SyntaxError(`expected a name at ${this.#at}`);
    return read.value;
  }

  #expect(unit: number): void {
    if (this.#text.charCodeAt(this.#at) !== unit) {
      throw new SyntaxError(`expected ${String.fromCharCode(unit)} at ${this.#at}`);
    }
    this.#at = skipSpace(this.#text, this.#at + 1);
  }
}
