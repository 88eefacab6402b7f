/**
 * Evidence sets: many bundles of one ledger in one NDJSON text. The first line says that it is a set, the last one
 * counts the bundles, so that a text that was cut, even between two lines, is not taken for a whole one.
 * docs/format.md §10 has the form. The last line is not signed: it finds accidents; the bundles prove themselves.
 * Why: docs/decisions/0063.
 */

import { concat, type Hex, toHex, utf8 } from "../../merkle/bytes.ts";
import { HASH_LENGTH, keccak256 } from "../../merkle/hash.ts";
import { type Bundle, BundleError } from "../bundle/bundle.ts";
import { hasSigns } from "../bundle/no-proof.ts";
import { READING } from "../bundle/parse.ts";
import { type JsonLimits, type JsonValue, readBundleJson } from "../bundle/strict-json.ts";

export const SET_FORMAT = "holdfast/set@1";
/** As {@link SET_FORMAT}, and bundles may share what they have in common (shared-proof.ts). */
export const SET_SHARED_FORMAT = "holdfast/set@2";
export const SET_END_FORMAT = "holdfast/set-end@1";

/** The longest line is that of a shared proof, whose nodes may be as many as all paths together. */
export const SHARED_READING = { ...READING, valuesMax: 300_000 };
/** The first and the last line are short and flat, a bundle is neither. */
const EDGE_LIMITS = { charactersMax: 4096, depthMax: 1, valuesMax: 16 };

/** The first line of a set. */
export type SetBegin = { readonly format: typeof SET_FORMAT; readonly ledgerId: Hex };

/** The last line of a set. */
export type SetEnd = {
  readonly format: typeof SET_END_FORMAT;
  readonly count: number;
  /** Index of the first and the last entry. */
  readonly first: number;
  readonly last: number;
  /** d[n] of d[0] = 32 zero bytes, d[i] = H(d[i-1] || H(line i)) over the UTF-8 of all lines before this one. */
  readonly digest: Hex;
};

/** Counts and digests the lines of a set, the same way for writing and for checking. */
export class SetTally {
  first: number | undefined;
  last: number | undefined;
  #count = 0;
  #digest: Uint8Array = new Uint8Array(HASH_LENGTH);

  /** Takes any line but the last into the digest. */
  addLine(line: string): void {
    this.#digest = keccak256(concat(this.#digest, keccak256(utf8(line))));
  }

  /** Takes the index of a bundle. @throws RangeError when it does not ascend */
  addIndex(index: number): void {
    if (this.last !== undefined && index <= this.last) {
      throw new RangeError(`expected an index above ${this.last}, got ${index}`);
    }
    this.first ??= index;
    this.last = index;
    this.#count++;
  }

  /** The last line. @throws RangeError when there is no bundle */
  end(): string {
    const { first, last } = this;
    if (first === undefined || last === undefined) throw new RangeError("expected at least one bundle, got none");
    const end: SetEnd = { format: SET_END_FORMAT, count: this.#count, first, last, digest: toHex(this.#digest) };
    return JSON.stringify(end);
  }
}

/** Writes a set of whole bundles line by line; the caller adds the newlines. */
export class SetWriter {
  readonly #tally = new SetTally();
  readonly #ledgerId: Hex;

  constructor(ledgerId: Hex) {
    this.#ledgerId = ledgerId;
  }

  /** The first line. */
  begin(): string {
    const begin: SetBegin = { format: SET_FORMAT, ledgerId: this.#ledgerId };
    return this.#line(begin);
  }

  /** The line of a bundle. @throws RangeError when its ledger is another or its index does not ascend */
  add(bundle: Bundle): string {
    if (bundle.ledger.id !== this.#ledgerId) {
      throw new RangeError(`expected a bundle of ledger ${this.#ledgerId}, got one of ${bundle.ledger.id}`);
    }
    this.#tally.addIndex(bundle.entry.index);
    return this.#line(bundle);
  }

  /** The last line. @throws RangeError when the set has no bundle */
  end(): string {
    return this.#tally.end();
  }

  #line(value: object): string {
    const line = JSON.stringify(value);
    this.#tally.addLine(line);
    return line;
  }
}

/** What the first line of a set says. */
export type SetStart = { readonly ledgerId: string; readonly isShared: boolean };

/** Reads the first line of a set; undefined when the line does not begin one. */
export function readSetStart(line: string): SetStart | undefined {
  const { format, ledgerId, ...others } = readEdge(line) ?? {};
  if ((format !== SET_FORMAT && format !== SET_SHARED_FORMAT) || typeof ledgerId !== "string") return undefined;
  if (Object.keys(others).length > 0) return undefined;
  return { ledgerId, isShared: format === SET_SHARED_FORMAT };
}

/** Id of the ledger that a set is of, from its first line; undefined when the line does not begin a set. */
export function readSetBegin(line: string): string | undefined {
  return readSetStart(line)?.ledgerId;
}

/**
 * Whether a text is a set, from its first two lines, or means to be one: its first line is a whole value, more follows,
 * and one of the two is of a proof. So a set that has lost its first line is told what it lacks.
 */
export function meansSet(first: string, second: string | undefined): boolean {
  if (readSetStart(first) !== undefined) return true;
  if (second === undefined || second.trim() === "" || !(hasSigns(first) || hasSigns(second))) return false;
  return readValue(first, SHARED_READING) !== undefined;
}

/** Whether a line is short and flat, as the first and the last one are and nothing else. */
export function isEdge(line: string): boolean {
  return readEdge(line) !== undefined;
}

/** Whether a line ends a set. */
export function isSetEnd(line: string): boolean {
  return readEdge(line)?.format === SET_END_FORMAT;
}

/** What a line that ends a set says of it; undefined when it does not say so in numbers. */
export function readSetEnd(line: string): Pick<SetEnd, "count" | "first" | "last"> | undefined {
  const { count, first, last } = readEdge(line) ?? {};
  if (typeof count !== "number" || typeof first !== "number" || typeof last !== "number") return undefined;
  return { count, first, last };
}

function readEdge(line: string): { readonly [name: string]: JsonValue } | undefined {
  const value = readValue(line, EDGE_LIMITS);
  return typeof value === "object" && !Array.isArray(value) ? (value as { [name: string]: JsonValue }) : undefined;
}

/** The value in a line; undefined when there is none. */
function readValue(line: string, limits: JsonLimits): JsonValue | undefined {
  try {
    return readBundleJson(line, limits);
  } catch (error) {
    if (error instanceof BundleError) return undefined;
    throw error;
  }
}
