/**
 * Values in the texts of a URL or a command, where "," parts one from the next and "*" stands for anything: one of them
 * that belongs to a value has a "\" in front. Every other character stands for itself, a "\" before it too.
 */

/** A value as such a text. */
export function spellValue(value: string): string {
  return value.replaceAll(/[,*]/g, "\\$&");
}

/** The value that a text stands for. */
export function readValue(text: string): string {
  return text.replaceAll(/\\([,*])/g, "$1");
}

/** The values of a list: a,b and a\,b are two and one. */
export function readValues(text: string): string[] {
  return text.split(/(?<!\\),/).map(readValue);
}

/** Position of the first "," or "*" that belongs to no value; -1 when there is none. */
export function findSign(text: string): number {
  return text.search(/(?<!\\)[,*]/);
}
