/**
 * Members whose names are nearly those of members with a meaning: `target` for `targets`, `outcom`, `userAgent`. They are
 * recorded as they came, but no search finds them, so their sender is told.
 * Why: docs/decisions/0124.
 */

import type { Event } from "./event.ts";
import { pointer } from "./event-error.ts";
import { eventSchema } from "./schema.ts";

/** A member that looks misspelt; `path` is an RFC 6901 pointer into the event. */
export type Misspelling = { readonly path: string; readonly known: string };

/** Told of one event at most. */
export const MISSPELLINGS_MAX = 16;
/** Words that are near a known name and mean something of their own. */
const OTHER_WORDS = new Set(["charges", "clash", "content", "contest", "glass", "scheme"]);
/** Longer names are near none. */
const NAME_LENGTH_MAX = 24;
/** Names whose nearest is remembered, since a sender's own members come with every event. */
const REMEMBERED_MAX = 4096;

/** A name without case and separators, and which letters are in it, a bit for each. */
type Plain = { readonly text: string; readonly letters: number };

/** The names that are known in one kind of object. */
export class Vocabulary {
  readonly #known: ReadonlySet<string>;
  readonly #plain: readonly (Plain & { readonly name: string })[];
  readonly #nearest = new Map<string, string | undefined>();

  constructor(shape: object) {
    this.#known = new Set(Object.keys(shape));
    this.#plain = [...this.#known].map((name) => ({ name, ...plain(name) }));
  }

  /** The known name that an unknown one is nearly, if one is. */
  nearest(name: string): string | undefined {
    if (this.#known.has(name) || name.length > NAME_LENGTH_MAX) return undefined;
    if (this.#nearest.has(name)) return this.#nearest.get(name);
    const found = OTHER_WORDS.has(name) ? undefined : this.#find(plain(name));
    if (this.#nearest.size >= REMEMBERED_MAX) this.#nearest.clear();
    this.#nearest.set(name, found);
    return found;
  }

  #find(sought: Plain): string | undefined {
    return this.#plain.find((known) => isNear(sought, known))?.name;
  }
}

const { actor, targets, context } = eventSchema.shape;
const EVENT = new Vocabulary(eventSchema.shape);
const ACTOR = new Vocabulary(actor.shape);
const PRINCIPAL = new Vocabulary(actor.shape.on_behalf_of.unwrap().shape);
const TARGET = new Vocabulary(targets.unwrap().element.shape);
const CONTEXT = new Vocabulary(context.unwrap().shape);

const NONE: readonly Misspelling[] = [];

/** Members of a checked event that look misspelt; one beside the member that it looks like is not. */
export function findMisspelt(event: Event): readonly Misspelling[] {
  const found: Misspelling[] = [];
  look(found, EVENT, event, "");
  look(found, ACTOR, event.actor, "/actor");
  if (event.actor.on_behalf_of !== undefined) look(found, PRINCIPAL, event.actor.on_behalf_of, "/actor/on_behalf_of");
  if (event.context !== undefined) look(found, CONTEXT, event.context, "/context");
  const { targets = [] } = event;
  for (let i = 0; i < targets.length; i++) look(found, TARGET, targets[i] as object, "/targets", i);
  return found.length === 0 ? NONE : found;
}

function look(found: Misspelling[], vocabulary: Vocabulary, object: object, place: string, position?: number): void {
  for (const name of Object.keys(object)) {
    const known = vocabulary.nearest(name);
    if (known === undefined || Object.hasOwn(object, known) || found.length >= MISSPELLINGS_MAX) continue;
    const path = place + (position === undefined ? "" : pointer(position)) + pointer(name);
    found.push({ path, known });
  }
}

/**
 * Whether two names are one but for case and separators, or for a slip of the finger; two in a long name. Whoever sends a
 * million names of their own shall not make this dear, so that most are told apart by their lengths and letters.
 */
function isNear(a: Plain, b: Plain): boolean {
  const shorter = Math.min(a.text.length, b.text.length);
  const slipsMax = shorter < 4 ? 0 : shorter < 9 ? 1 : 2;
  if (Math.abs(a.text.length - b.text.length) > slipsMax) return false;
  // A slip takes one letter away, adds one, or both.
  if (countBits(a.letters ^ b.letters) > 2 * slipsMax) return false;
  return a.text === b.text || (slipsMax > 0 && isWithin(a.text, b.text, slipsMax));
}

function plain(name: string): Plain {
  const text = name.toLowerCase().replaceAll(/[\s_.-]/g, "");
  let letters = 0;
  for (let i = 0; i < text.length; i++) letters |= 1 << (text.charCodeAt(i) & 31);
  return { text, letters };
}

function countBits(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}

/** Rows of {@link isWithin}; safe to share because nothing there waits. */
const ROWS = [0, 1, 2].map(() => new Uint8Array(2 * NAME_LENGTH_MAX + 1)) as [Uint8Array, Uint8Array, Uint8Array];

/**
 * Whether so few letters are missing, too many, wrong or exchanged with their neighbour: the distance of Damerau, of short
 * words. It ends as soon as there are more.
 */
function isWithin(a: string, b: string, slipsMax: number): boolean {
  let [beforeLast, last, row] = ROWS;
  let leastOfLast = 0;
  for (let j = 0; j <= b.length; j++) last[j] = j;
  for (let i = 1; i <= a.length; i++) {
    row[0] = i;
    let leastOfRow = i;
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let least = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (isSame ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        least = Math.min(least, (beforeLast[j - 2] as number) + 1);
      }
      row[j] = least;
      leastOfRow = Math.min(leastOfRow, least);
    }
    // What is exchanged leads over one row.
    if (leastOfRow > slipsMax && leastOfLast > slipsMax) return false;
    leastOfLast = leastOfRow;
    [beforeLast, last, row] = [last, row, beforeLast];
  }
  return (last[b.length] as number) <= slipsMax;
}
