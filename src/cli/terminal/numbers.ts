/** Numbers in arguments, options and sentences: one spelling, and a sentence when it is another. */

import { usageError } from "./failure.ts";

/** A number of things: 1 event, 2 events. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** @throws CliError unless it is a whole number from 0 to 2^53-1 */
export function readWhole(value: string): number {
  const number = /^(?:0|[1-9]\d{0,15})$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw usageError(`Expected a whole number, got ${JSON.stringify(value)}.`);
  return number;
}

/** @throws CliError unless it is a whole number above 0 */
export function readCount(value: string): number {
  const number = readWhole(value);
  if (number === 0) throw usageError("Expected a whole number above 0, got 0.");
  return number;
}

/**
 * Indexes of arguments such as `7` and `10-20`, ascending and each once.
 * @param countMax most indexes that are taken
 */
export function readIndexes(values: readonly string[], countMax: number): number[] {
  const indexes = new Set<number>();
  for (const value of values) {
    const [first = "", last = first, ...more] = value.split("-");
    if (more.length > 0) throw usageError(`Expected an index or a range such as 10-20, got ${JSON.stringify(value)}.`);
    const from = readWhole(first);
    const to = readWhole(last);
    if (to < from || to - from >= countMax) throw usageError(`Expected a range of up to ${countMax}, got ${value}.`);
    for (let index = from; index <= to; index++) indexes.add(index);
  }
  if (indexes.size > countMax) throw usageError(`Expected up to ${countMax} indexes, got ${indexes.size}.`);
  return [...indexes].sort((a, b) => a - b);
}
