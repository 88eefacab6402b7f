/**
 * Characters that a reader does not see and that can make a text look like another: controls, those that turn the direction of what
 * follows, those without a width. Joiners are none of them, which scripts and emoji need, nor are line breaks and tabs.
 */

const HIDDEN = /([\p{Cc}\p{Cf}\u2028\u2029])/u;
/** Of those: tab, line breaks, joiners, signs of numbers that are seen, and the letters of flags. */
const SEEN = /[\t\n\r\u200c\u0600-\u0605\u06dd\u070f\u08e2\u{e0020}-\u{e007f}]|\u200d/u;

export type TextPart = { readonly text: string; readonly isHidden: boolean };

/** A text in parts, each hidden character by its name as one of them: U+202E. */
export function partsOf(text: string): readonly TextPart[] {
  // What splits stands between what it splits.
  return text
    .split(HIDDEN)
    .map((part, i) => {
      const isHidden = i % 2 === 1 && !SEEN.test(part);
      return { text: isHidden ? nameOf(part) : part, isHidden };
    })
    .filter((part) => part.text !== "");
}

function nameOf(character: string): string {
  const digits = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `U+${digits.padStart(4, "0")}`;
}
