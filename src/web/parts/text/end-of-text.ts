/** Where a text can be shortened so that what tells it from others is left: in front of its last parts. */

/** At what a name is parted. */
const SEPARATORS = /[:/@.\-\\]/;
/** Characters of a text that is never shortened, and of the end of one that is. */
const WHOLE_MAX = 24;
const END_MAX = 20;
const END_LEAST = 4;
const END_USUAL = 12;

/** Where the end of a text begins that stays; its length when all of it may be cut at the end. */
export function endOf(text: string): number {
  if (text.length <= WHOLE_MAX) return text.length;
  for (let at = text.length - END_MAX; at <= text.length - END_LEAST; at++) {
    if (SEPARATORS.test(text.charAt(at))) return at;
  }
  const at = text.length - END_USUAL;
  // Not between the halves of a character.
  return /[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at + 1 : at;
}
