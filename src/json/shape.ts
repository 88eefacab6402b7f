/**
 * The shape of a JSON text, told from its brackets and commas before the engine's parser sees it: that one takes eight
 * seconds and a gigabyte for sixteen million brackets, and nobody else is served meanwhile.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Shorter texts are parsed at once: their brackets take the parser a few milliseconds. */
const LOOKED_AT = 65_536;

export type Shape = {
  /** Deepest nesting of arrays and objects; counting stops at the first that is beyond what was asked for. */
  readonly depth: number;
  /** Commas right inside the outermost array or object, which has one element more unless it is empty. */
  readonly commas: number;
  /** At least as many as there are objects, lists and what is in them. */
  readonly values: number;
};

/** Shape of any text, JSON or not, up to where it is nested deeper than `depthMax`. */
export function shapeOf(text: string, depthMax: number): Shape {
  let depth = 0;
  let deepest = 0;
  let commas = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      for (at++; at < text.length && text.charCodeAt(at) !== QUOTE; at++) if (text.charCodeAt(at) === BACKSLASH) at++;
    } else if (unit === COMMA) {
      values++;
      if (depth === 1) commas++;
      // "[" and "{", "]" and "}" differ in one bit.
    } else if ((unit | 0x20) === 0x7b) {
      depth++;
      values++;
      if (depth > deepest) deepest = depth;
      if (depth > depthMax) break;
    } else if ((unit | 0x20) === 0x7d) depth--;
  }
  return { depth: deepest, commas, values };
}

/** Whether a text is too long to be parsed unseen and nested deeper than this, or of more values. */
export function isTooDeep(text: string, depthMax: number, valuesMax = Number.POSITIVE_INFINITY): boolean {
  if (text.length <= LOOKED_AT) return false;
  const { depth, values } = shapeOf(text, depthMax);
  return depth > depthMax || values > valuesMax;
}
