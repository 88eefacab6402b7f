/**
 * Where records have things, in order of preference: by a name, or by a path that one sender writes as objects in one
 * another and the next one with dots in a name (both are ECS). What was taken from a name of its own is not told twice.
 */

import { asObject, fitForMember, type JsonObject } from "../../text/foreign-values.ts";

/** A name, and the steps to it where it has dots. */
type Place = { readonly name: string; readonly steps: readonly string[] };

/** Places of one thing, and the bit that stands for them all. */
export type Places = { readonly bit: number; readonly all: readonly Place[] };

/** Bits of the places that begin with a name: of a hundred names that are known, a record has few, so that most places are not looked at. */
const BITS = new Map<string, number>();
let lists = 0;

/** At most 31 of them can be told apart by bits. */
export function places(...names: readonly string[]): Places {
  if (lists === 31) throw new RangeError("expected at most 31 lists of places, got one more");
  const bit = 1 << lists++;
  const all = names.map((name) => ({ name, steps: name.split(".") }));
  for (const begin of all.flatMap(({ name, steps: [first = name] }) => [name, first])) {
    BITS.set(begin, (BITS.get(begin) ?? 0) | bit);
  }
  return { bit, all };
}

const NOTHING: [] = [];

/** Reads one record, and knows what of it is told already. */
export class RecordReader {
  readonly #record: JsonObject;
  readonly #taken: string[] = [];
  readonly #bits: number;

  constructor(record: JsonObject) {
    this.#record = record;
    let bits = 0;
    for (const name of Object.keys(record)) bits |= BITS.get(name) ?? 0;
    this.#bits = bits;
  }

  /** The first value at one of these places that can be read so. */
  take<T>(from: Places, read: (value: unknown) => T | undefined): T | undefined {
    const [found, name] = this.#find(from, read);
    if (name !== undefined) this.#taken.push(name);
    return found;
  }

  /** The same, and it stays in the rest as well. */
  peek<T>(from: Places, read: (value: unknown) => T | undefined): T | undefined {
    return this.#find(from, read)[0];
  }

  /** What is found, and the name that it had all of. */
  #find<T>({ bit, all }: Places, read: (value: unknown) => T | undefined): [found?: T, name?: string] {
    if ((this.#bits & bit) === 0) return NOTHING;
    const record = this.#record;
    for (const { name, steps } of all) {
      const own = Object.hasOwn(record, name) ? record[name] : undefined;
      const found = own === undefined ? undefined : read(own);
      if (found !== undefined) return typeof own === "object" ? [found] : [found, name];
      const nested = steps.length > 1 ? read(valueAt(record, steps)) : undefined;
      if (nested !== undefined) return [nested];
    }
    return NOTHING;
  }

  /** What was not taken; undefined when that is nothing. */
  rest(): unknown {
    const rest: Record<string, unknown> = {};
    let isEmpty = true;
    for (const name of Object.keys(this.#record)) {
      if (this.#taken.includes(name) || name === "__proto__") continue;
      rest[name] = this.#record[name];
      isEmpty = false;
    }
    return isEmpty ? undefined : fitForMember(rest);
  }
}

/** What stands at the end of some steps into an object. */
export function valueAt(object: JsonObject, steps: readonly string[]): unknown {
  let value: unknown = object;
  for (const step of steps) {
    const inside = asObject(value);
    if (inside === undefined || !Object.hasOwn(inside, step)) return undefined;
    value = inside[step];
  }
  return value;
}
