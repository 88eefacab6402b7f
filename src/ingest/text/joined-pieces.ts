/**
 * Lines that came in pieces: Docker cuts a line every 16 KiB, and its fluentd and journald drivers mark the pieces. Those that are
 * marked and all in one request are put together; any others are told apart, as they came.
 */

import { asObject, type JsonObject } from "./foreign-values.ts";

/** Which line a piece is of, which of its pieces it is, from 1 on, and whether it is the last. */
export type PieceMarks = { readonly line: string; readonly ordinal: number; readonly isLast: boolean };

/** Names under which a sender says so. */
export type PieceNames = { readonly id: string; readonly ordinal: string; readonly last: string };

/** Lines that wait for more pieces at once; there is one for each container that writes a long one. */
const LINES_MAX = 1000;
/** Pieces of one line; 1,000 are 16 MiB. */
const PIECES_MAX = 1000;

/** Reads the marks of a record; undefined where it is no piece. */
export function marksOf(record: unknown, names: PieceNames): PieceMarks | undefined {
  const values = asObject(record);
  const line = values?.[names.id];
  const ordinal = Number(values?.[names.ordinal]);
  const isPiece = typeof line === "string" && line !== "" && Number.isInteger(ordinal) && ordinal >= 1;
  return isPiece && ordinal <= PIECES_MAX
    ? { line, ordinal, isLast: String(values?.[names.last]) === "true" }
    : undefined;
}

/**
 * The same parts, where all pieces of a line are there they as one, in the place of the last.
 * @param join makes one of the pieces of a line, which are in their order
 */
export function* joinPieces<T>(
  parts: Iterable<T>,
  marks: (part: T) => PieceMarks | undefined,
  join: (pieces: readonly T[]) => T,
): Iterable<T> {
  const open = new Map<string, OpenLine<T>>();
  for (const part of parts) {
    const found = marks(part);
    if (found === undefined) {
      yield part;
      continue;
    }
    const line = open.get(found.line) ?? new OpenLine<T>();
    open.set(found.line, line);
    line.add(found, part);
    if (line.isWhole) {
      open.delete(found.line);
      yield join(line.inOrder());
    } else if (open.size > LINES_MAX || line.isAmiss) {
      open.delete(found.line);
      yield* line.asTheyCame();
    }
  }
  for (const line of open.values()) yield* line.asTheyCame();
}

class OpenLine<T> {
  readonly #pieces = new Map<number, T>();
  readonly #arrived: T[] = [];
  #count = Number.POSITIVE_INFINITY;
  #highest = 0;

  add({ ordinal, isLast }: PieceMarks, piece: T): void {
    this.#pieces.set(ordinal, piece);
    this.#arrived.push(piece);
    this.#highest = Math.max(this.#highest, ordinal);
    if (isLast) this.#count = Math.min(this.#count, ordinal);
  }

  get isWhole(): boolean {
    return [this.#pieces.size, this.#arrived.length, this.#highest].every((number) => number === this.#count);
  }

  /** One came twice, or one behind the last. */
  get isAmiss(): boolean {
    return this.#arrived.length > this.#pieces.size || this.#highest > this.#count;
  }

  inOrder(): readonly T[] {
    return [...this.#pieces].sort(([a], [b]) => a - b).map(([, piece]) => piece);
  }

  asTheyCame(): readonly T[] {
    return this.#arrived;
  }
}

/** A record whose line is whole: the first piece, with the text of all and how many there were in place of the marks. */
export function joinRecords(
  pieces: readonly JsonObject[],
  names: PieceNames,
  text: string,
  also: readonly string[],
): JsonObject {
  const joined: Record<string, unknown> = { ...pieces[0], pieces: pieces.length };
  joined[text] = pieces.map((piece) => String(piece[text] ?? "")).join("");
  for (const name of [names.id, names.ordinal, names.last, ...also]) delete joined[name];
  return joined;
}
