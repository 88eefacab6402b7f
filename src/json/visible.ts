/**
 * Text from elsewhere, as a terminal may get it, from a command or as a line of the log. A name in a bundle or a node's message can hold sequences that move the
 * cursor, erase a verdict and write another one, or turn the direction of what follows: they are spelled instead.
 */

/** Control characters of both sets, separators of lines, and marks that turn the direction of writing (UAX #9). */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Spells what cannot be seen as JSON does, line breaks too: in a text of JSON without indents it stays the same JSON. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
