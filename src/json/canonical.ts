/**
 * Canonical JSON, RFC 8785 (JCS): the one spelling of a value. It is written as UTF-8, because that is what is hashed
 * and stored, and to write bytes takes a third of what it takes to join strings and encode them.
 * Why: docs/decisions/0021.
 */

import { readUtf8, writeUtf8 } from "../merkle/bytes.ts";

/** Deepest nesting that any text or value may have; a limit of a caller is below it. */
export const DEPTH_MAX = 1000;

const SORT_BY_HAND_MAX = 24;
/** Longer texts are looked through and encoded by the engine, shorter ones in one pass by hand. */
const BY_HAND_MAX = 64;
/** Memory that a writer keeps from one value to the next. */
const KEPT_BYTES = 65_536;
/** Not a unit that stands for itself in a JSON string; surrogates are among them, as a lone one is refused. */
const SPECIAL = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The canonical text of a JSON value.
 * @throws TypeError when something in it is no I-JSON: undefined, NaN, a lone surrogate, a Date, nesting beyond 1000
 */
export function canonicalJson(value: unknown): string {
  WRITER.clear();
  WRITER.value(value);
  return readUtf8(WRITER.bytes);
}

/** The names of an object in JCS order: by UTF-16 code units, RFC 8785 §3.2.3. */
export function sortNames(names: string[]): string[] {
  if (names.length > SORT_BY_HAND_MAX) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i] as string;
    let at = i;
    for (; at > 0 && (names[at - 1] as string) > name; at--) names[at] = names[at - 1] as string;
    names[at] = name;
  }
  return names;
}

/** Writes canonical JSON into memory that it uses again after {@link clear}. */
export class CanonicalWriter {
  #bytes = new Uint8Array(KEPT_BYTES);
  #at = 0;

  /** What was written since the last clear; a view of memory that the next value is written into. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  /** How many bytes were written since the last clear. */
  get length(): number {
    return this.#at;
  }

  clear(): void {
    this.#at = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = new Uint8Array(KEPT_BYTES);
  }

  /** @throws TypeError when the value is no I-JSON */
  value(value: unknown): void {
    this.#value(value, DEPTH_MAX);
  }

  /** A name, a colon and a value. @throws TypeError when one of them is no I-JSON */
  member(name: string, value: unknown): void {
    this.#string(name);
    this.byte(COLON);
    this.#value(value, DEPTH_MAX);
  }

  /** Canonical text that was written before, as it is. */
  canonical(text: Uint8Array): void {
    this.#room(text.length);
    this.#bytes.set(text, this.#at);
    this.#at += text.length;
  }

  /** One byte as it is, between values. */
  byte(byte: number): void {
    if (this.#at === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#at++] = byte;
  }

  #value(value: unknown, depthLeft: number): void {
    if (typeof value === "string") this.#string(value);
    else if (typeof value === "number") {
      if (!Number.isFinite(value)) throw new TypeError(`expected a finite number, got ${value}`);
      this.#ascii(String(value));
    } else if (typeof value === "boolean") this.#ascii(value ? "true" : "false");
    else if (value === null) this.#ascii("null");
    else if (typeof value !== "object") throw new TypeError(`expected a JSON value, got ${typeof value}`);
    else if (depthLeft === 0) throw new TypeError(`expected nesting of at most ${DEPTH_MAX}, got more`);
    else if (Array.isArray(value)) this.#array(value, depthLeft - 1);
    else this.#object(value, depthLeft - 1);
  }

  #array(values: readonly unknown[], depthLeft: number): void {
    this.byte(OPEN_ARRAY);
    for (let i = 0; i < values.length; i++) {
      if (i > 0) this.byte(COMMA);
      this.#value(values[i], depthLeft);
    }
    this.byte(CLOSE_ARRAY);
  }

  #object(value: object, depthLeft: number): void {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new TypeError(`expected plain data, got an object of class ${value.constructor?.name}`);
    }
    const object = value as Record<string, unknown>;
    const names = sortNames(Object.keys(object));
    this.byte(OPEN_OBJECT);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      if (i > 0) this.byte(COMMA);
      this.#string(name);
      this.byte(COLON);
      this.#value(object[name], depthLeft);
    }
    this.byte(CLOSE_OBJECT);
  }

  #string(text: string): void {
    if (text.length > BY_HAND_MAX || !this.#plainString(text)) this.#anyString(text);
  }

  /** Writes a text that is ASCII without anything to escape; says so, and writes nothing, if it is not. */
  #plainString(text: string): boolean {
    const { length } = text;
    this.#room(length + 2);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = QUOTE;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x20 || unit > 0x7f || unit === QUOTE || unit === BACKSLASH) return false;
      bytes[at++] = unit;
    }
    bytes[at++] = QUOTE;
    this.#at = at;
    return true;
  }

  #anyString(text: string): void {
    if (!SPECIAL.test(text)) {
      this.byte(QUOTE);
      this.#encode(text);
      this.byte(QUOTE);
    } else if (text.isWellFormed()) this.#encode(JSON.stringify(text));
    else throw new TypeError("expected a text without lone surrogates, got one");
  }

  #encode(text: string): void {
    this.#room(3 * text.length);
    this.#at += writeUtf8(this.#bytes, this.#at, text);
  }

  #ascii(text: string): void {
    this.#room(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#at++] = text.charCodeAt(i);
  }

  #room(length: number): void {
    if (this.#at + length > this.#bytes.length) this.#grow(length);
  }

  #grow(length: number): void {
    const larger = new Uint8Array(Math.max(this.#at + length, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

const WRITER = new CanonicalWriter();
